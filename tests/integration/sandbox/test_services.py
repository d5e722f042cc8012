"""The played services as a process of their own: real sockets, the product's own checks and client, real ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from salina_monitor.alerts import mail
from salina_monitor.dsn import libpq_dsn
from salina_monitor.models import Service
from salina_monitor.sandbox import SandboxControl, SandboxError, SandboxServices, SandboxUnreachable, start_services
from salina_monitor.sandbox.environment import sandbox_settings
from salina_monitor.settings import Settings
from tests.support.folders import open_folder
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder("salina-sandbox-") as made:
        yield made


@pytest.fixture(scope="module")
def services(folder: Path) -> Iterator[SandboxServices]:
    with start_services(folder) as running:
        yield running


@pytest.fixture
def control(services: SandboxServices) -> Iterator[SandboxControl]:
    switches = SandboxControl(services.control_url)
    yield switches
    switches.heal_all()


@pytest.fixture
def settings(services: SandboxServices, folder: Path) -> Settings:
    return sandbox_settings({"MONITOR_DATA_DIR": str(folder)})


def inngest(settings: Settings, timeout_s: float = 5) -> httpx.Client:
    return httpx.Client(
        base_url=settings.inngest_api_url,
        headers={"authorization": f"Bearer {settings.inngest_signing_key}"},
        timeout=timeout_s,
        trust_env=False,
    )


def is_running(pid: int) -> bool:
    """Whether the process lives; one that only waits to be reaped does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_its_settings_are_what_the_services_say(services: SandboxServices, settings: Settings) -> None:
    assert settings.problems == ()
    assert {name: settings.values[name.lower()] for name in services.env} == dict(services.env)


def test_the_list_of_runs_is_there_at_once(settings: Settings) -> None:
    with inngest(settings) as client:
        first = client.get("/v2/runs", params={"limit": 100, "appId": "salina-erp"}).json()
    assert len(first["data"]) == 100
    assert first["page"]["hasMore"] is True


def test_new_runs_come_in_while_one_watches(settings: Settings) -> None:
    with inngest(settings) as client:

        def newest() -> str:
            return str(client.get("/v2/runs", params={"limit": 1}).json()["data"][0]["id"])

        before = newest()
        wait_until(lambda: newest() != before)


def test_the_erp_database_has_tenants(settings: Settings) -> None:
    with psycopg.connect(libpq_dsn(settings.database_url)) as conn:
        assert conn.execute("select count(*) from tenants").fetchone() == (12,)


@pytest.mark.parametrize(
    ("fault", "words"), [("error", "starting up"), ("refused_key", "password authentication failed")]
)
def test_a_broken_database_refuses_in_postgresql_s_words(
    control: SandboxControl, settings: Settings, fault: str, words: str
) -> None:
    control.set(Service.DATABASE, fault)
    with pytest.raises(psycopg.OperationalError, match=words):
        psycopg.connect(libpq_dsn(settings.database_url))
    control.set(Service.DATABASE, "ok")
    psycopg.connect(libpq_dsn(settings.database_url)).close()


def test_a_silent_database_accepts_and_keeps_silent(control: SandboxControl, settings: Settings) -> None:
    control.set(Service.DATABASE, "silent")
    with pytest.raises(psycopg.OperationalError, match="timeout"):
        psycopg.connect(libpq_dsn(settings.database_url), connect_timeout=2)


def test_a_slow_database_takes_more_than_a_second(control: SandboxControl, settings: Settings) -> None:
    control.set(Service.DATABASE, "slow")
    begin = time.monotonic()
    psycopg.connect(libpq_dsn(settings.database_url)).close()
    assert time.monotonic() - begin >= 1.6


def test_a_silent_inngest_does_not_answer_and_a_broken_one_badly(control: SandboxControl, settings: Settings) -> None:
    control.set(Service.INNGEST, "silent")
    with inngest(settings, timeout_s=0.3) as client, pytest.raises(httpx.ReadTimeout):
        client.get("/v2/health")
    with inngest(settings) as client:
        for fault, status in (("error", 503), ("refused_key", 401), ("ok", 200)):
            control.set(Service.INNGEST, fault)
            assert client.get("/v2/health").status_code == status


def test_the_panel_sees_and_heals_all(control: SandboxControl) -> None:
    control.set(Service.S3, "slow")
    control.set(Service.CLERK, "error")
    assert control.state() == dict(zip(Service, ["ok", "error", "slow", "ok", "ok"], strict=True))
    assert set(control.heal_all().values()) == {"ok"}


def test_a_second_sandbox_in_the_same_folder_is_refused(services: SandboxServices, folder: Path) -> None:
    with pytest.raises(SandboxError, match="already running"):
        start_services(folder)
    assert services.process.poll() is None


def test_it_says_in_words_why_it_cannot_start() -> None:
    with open_folder("salina-sandbox-") as folder:
        (folder / "sandbox").write_text("in the way")
        with pytest.raises(SandboxError, match=r"cannot be used: .* MONITOR_DATA_DIR"):
            start_services(folder)


PARENT = """
import os, sys, pathlib
from salina_monitor.sandbox import start_services
services = start_services(pathlib.Path(sys.argv[1]))
print(services.process.pid, services.control_url, flush=True)
sys.stdin.read()
services.stop()
"""


@pytest.mark.parametrize("end", ["orderly", "killed"])
def test_it_ends_with_its_parent_however_that_ends(end: str) -> None:
    with open_folder("salina-sandbox-") as folder:
        command = [sys.executable, "-c", PARENT, str(folder)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True) as parent:
            assert parent.stdout
            assert parent.stdin
            pid, _, url = parent.stdout.readline().strip().partition(" ")
            assert SandboxControl(url).state()
            postmaster = int(next(folder.rglob("postmaster.pid")).read_text().splitlines()[0])
            assert is_running(postmaster)
            if end == "killed":
                parent.send_signal(signal.SIGKILL)
            else:
                parent.stdin.close()
            parent.wait(20)
            wait_until(lambda: not is_running(int(pid)))
            wait_until(lambda: not is_running(postmaster))
            with pytest.raises(SandboxUnreachable, match="python -m salina_monitor sandbox"):
                SandboxControl(url).state()


def test_its_store_is_thrown_away_at_the_next_start() -> None:
    with open_folder("salina-sandbox-") as folder:
        for expected in (False, False):
            with start_services(folder) as running:
                monitor = libpq_dsn(running.env["DATABASE_URL"].replace("/erp?", "/monitor?"))
                with psycopg.connect(monitor) as conn:
                    [found] = conn.execute("select to_regclass('left_over') is not null").fetchone() or [None]
                    assert found is expected
                    conn.execute("create table left_over ()")


def test_its_resend_takes_what_the_product_mails(settings: Settings, control: SandboxControl) -> None:
    sent = mail.send(settings, "owner@sandbox.example", "[Salina] A test", "Words.", "<p>Words.</p>", "one")
    assert sent.sent, sent.said
    assert mail.send(settings, "owner@sandbox.example", "[Salina] A test", "Words.", "<p>Words.</p>", "one").sent
    (taken,) = control.mails()
    assert (taken.subject, taken.to, taken.text) == ("[Salina] A test", ("owner@sandbox.example",), "Words.")
    control.set(Service.RESEND, "refused_key")
    said = mail.send(settings, "owner@sandbox.example", "[Salina] Another", "Words.", "<p>Words.</p>", "two").said
    assert said == "Resend refuses the key (HTTP 400): put another one into RESEND_API_KEY."
