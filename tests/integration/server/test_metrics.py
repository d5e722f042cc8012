"""`/metrics` and `/readyz`: what they say of a store, and of a real server process; who may read them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from salina_monitor.checks import CheckRunner
from salina_monitor.checks.outcomes import found
from salina_monitor.checks.watch import HealthWatch
from salina_monitor.health import HealthHistory, Lease
from salina_monitor.health.lease import SQL
from salina_monitor.jobtypes import JobTypes
from salina_monitor.metrics import KEPT_S, Metrics
from salina_monitor.mirror import Mirror
from salina_monitor.models import HealthCheckResult, HealthStatus, JobStatus, Service
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource
from salina_monitor.server.scraping import may_scrape
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.e2e.processes import ServerProcess, running_server
from tests.support.fake_client import FakeClient, run
from tests.support.folders import open_folder

S = JobStatus
TOKEN = "a-token-of-32-characters-or-more"
Series = dict[tuple[str, ...], float]


def series(text: str | bytes) -> Series:
    """(name, label values in the order of the labels' names …) → value."""
    words = text if isinstance(text, str) else text.decode()
    return {
        (
            sample.name.removeprefix("salina_monitor_"),
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(words)
        for sample in family.samples
    }


def asked(client: str | None, headers: dict[str, str]) -> Request:
    """A request from there."""
    fields = {"host": "127.0.0.1:8501", **headers}
    scope = {
        "type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "scheme": "http",
        "client": (client, 50000) if client else None, "server": ("127.0.0.1", 8501),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }  # fmt: skip
    return Request(scope)


class Scene:
    """A monitor of played parts and its metrics; nobody probes but the test."""

    def __init__(self, store: Store, settings_for: Callable[..., Any]) -> None:
        self.store, self.settings = store, settings_for(MONITOR_HISTORY_DAYS="1")
        self.client = FakeClient(now=datetime.now(UTC))
        self.probed = 0
        self.seconds = 0.0
        runner = CheckRunner(self.settings, probes=dict.fromkeys(Service, self._probe))
        client: Any = self.client
        self.mirror = Mirror(store, client, self.settings)
        source = JobSource(store, JobTypes.of(self.settings), client)
        self.monitor = Monitor(self.settings, store, client, self.mirror, source, HealthWatch(runner))
        self.metrics = Metrics(self.monitor, clock=lambda: self.seconds)

    def _probe(self, settings: Any, limit_s: float) -> Any:
        self.probed += 1
        return found("ok", 12, said="primary")

    def read(self) -> Series:
        self.seconds += KEPT_S + 1
        return series(self.metrics.text())

    def result(self, service: Service, status: HealthStatus, ago: timedelta) -> None:
        history = HealthHistory(self.store, self.settings)
        history.found(HealthCheckResult(service, status, 250, "words", datetime.now(UTC) - ago, "slow"))
        history.flush()


@pytest.fixture
def scene(store: Store, settings_for: Callable[..., Any]) -> Iterator[Scene]:
    made = Scene(store, settings_for)
    yield made
    made.mirror.close()


def test_what_was_never_measured_is_missing_and_not_zero(scene: Scene) -> None:
    known = scene.read()
    assert known["store_up",] == 1
    assert known["collector_held",] == 0
    names = {name for name, *_ in known}
    assert not names & {
        "service_state", "service_latency_seconds", "runs", "runs_ended_24h", "queue_oldest_seconds",
        "mirror_lag_seconds", "mirror_failed", "collector_round_age_seconds", "incidents_open",
    }  # fmt: skip


def test_jobs_are_counted_by_type_and_status_and_the_oldest_in_the_queue_has_its_age(scene: Scene) -> None:
    now = scene.client.now
    scene.client.put(run(1, S.QUEUED, queued=now - timedelta(minutes=7)))
    scene.client.put(run(2, S.QUEUED, queued=now - timedelta(minutes=2)))
    scene.client.put(run(3, S.RUNNING, queued=now - timedelta(minutes=3)))
    scene.client.put(run(4, S.FAILED, queued=now - timedelta(minutes=9), message="boom", took_s=30))
    scene.mirror.sync_now()
    known = scene.read()
    kind = "pdf-generation"
    assert known["runs", "queued", kind] == 2
    assert known["runs", "running", kind] == 1
    assert known["runs_ended_24h", "failed", kind] == 1
    assert known["runs_ended_24h", "completed", kind] == 0  # that was counted
    assert 400 < known["queue_oldest_seconds",] < 500
    assert 0 <= known["mirror_lag_seconds",] < 60
    assert known["mirror_failed",] == 0
    assert known["inngest_requests_total",] == scene.client.requests


def test_a_service_is_in_one_state_until_nobody_has_looked_for_long(scene: Scene) -> None:
    scene.result(Service.S3, HealthStatus.DEGRADED, timedelta(seconds=20))
    scene.result(Service.CLERK, HealthStatus.HEALTHY, timedelta(minutes=30))
    known = scene.read()
    states = {state: known["service_state", "s3", state] for state in ("healthy", "degraded", "unhealthy")}
    assert states == {"healthy": 0, "degraded": 1, "unhealthy": 0}
    assert known["service_latency_seconds", "s3"] == 0.25
    assert 15 < known["service_check_age_seconds", "s3"] < 60
    assert not [key for key in known if "clerk" in key]
    assert scene.probed == 0


def test_the_collector_shows_its_age_and_its_errors(scene: Scene) -> None:
    lease = Lease(scene.store)
    assert lease.take()
    with scene.store.connection() as conn:
        conn.execute(SQL["save_cycle"], {"owner": lease.owner, "fence": lease.fence, "cycle_ms": 40, "cycles": 3})
        conn.execute(SQL["save_error"], {"code": "x", "message": "y"})
        conn.execute("update collector_state set cycle_at = now() - interval '2 minutes'")
    known = scene.read()
    assert known["collector_held",] == 1
    assert 118 < known["collector_round_age_seconds",] < 150
    assert known["collector_round_seconds",] == 0.04
    assert known["collector_rounds_total",] == 3
    assert known["collector_errors_total",] == 1
    assert known["incidents_open",] == 0


def test_a_storm_of_scrapes_costs_what_one_costs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    connection = scene.store.connection
    monkeypatch.setattr(scene.store, "connection", lambda **kw: asked.append(1) or connection(**kw))
    threads = [threading.Thread(target=scene.metrics.text) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    first = len(asked)
    assert 0 < first <= 3
    scene.seconds += KEPT_S - 0.1
    scene.metrics.text()
    assert len(asked) == first
    scene.seconds += 1
    scene.metrics.text()
    assert len(asked) > first


@pytest.mark.parametrize(
    ("client", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {"host": "[::1]:8501"}, True),
        ("192.0.2.1", {}, False),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"x-real-ip": "127.0.0.1"}, False),
        ("127.0.0.1", {"host": "rebound.example:8501"}, False),
        (None, {}, False),
    ],
)
def test_without_a_token_this_machine_may_scrape(client: str | None, headers: dict[str, str], allowed: bool) -> None:
    assert may_scrape(asked(client, headers), Settings.load({})) is allowed
    local = Settings.load({"MONITOR_PUBLIC_URL": "http://127.0.0.1:8501"})
    assert may_scrape(asked(client, headers), local) is allowed


@pytest.mark.parametrize(
    "env",
    [
        {"MONITOR_METRICS_TOKEN": TOKEN},
        {"MONITOR_METRICS_TOKEN": "short"},
        {"MONITOR_PUBLIC_URL": "https://monitor.example.com"},
        {"MONITOR_PUBLIC_URL": "no address"},
    ],
)
def test_where_others_get_here_this_machine_needs_the_token_too(env: dict[str, str]) -> None:
    """A proxy on this machine that rewrites Host and adds no header of its own looks like this machine."""
    assert not may_scrape(asked("127.0.0.1", {}), Settings.load(env))


@pytest.mark.parametrize(
    ("client", "headers", "allowed"),
    [
        ("127.0.0.1", {}, False),
        ("192.0.2.1", {}, False),
        ("192.0.2.1", {"authorization": f"Bearer {TOKEN}"}, True),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.1", "authorization": f"bearer {TOKEN}"}, True),
        ("192.0.2.1", {"authorization": f"Bearer {TOKEN}x"}, False),
        ("192.0.2.1", {"authorization": "Bearer ß"}, False),
        ("192.0.2.1", {"authorization": f"Basic {TOKEN}"}, False),
        ("192.0.2.1", {"authorization": "Bearer "}, False),
        (None, {}, False),
    ],
)
def test_who_may_scrape(client: str | None, headers: dict[str, str], allowed: bool) -> None:
    assert may_scrape(asked(client, headers), Settings.load({"MONITOR_METRICS_TOKEN": TOKEN})) is allowed


def test_without_a_token_configured_no_token_fits() -> None:
    assert not may_scrape(asked("192.0.2.1", {"authorization": "Bearer "}), Settings.load({}))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    env = {"MONITOR_METRICS_TOKEN": TOKEN, "MONITOR_TRUSTED_PROXIES": "127.0.0.1"}
    # Nobody can wait for a minute and a half here: the grace of a start, and what counts as standing still.
    short = (
        "import sys\nfrom datetime import timedelta\nfrom salina_monitor import server\nfrom salina_monitor.health import lease\n"
        "sys.modules['salina_monitor.server.routes'].STANDS_STILL = lease.STANDS_STILL = timedelta(seconds=4)"
    )
    with open_folder("salina-metrics-") as folder, running_server(Path(folder), first=short, **env) as started:
        yield started


def get(server: ServerProcess, path: str = "/metrics", **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(f"{server.url}{path}", headers=fields, trust_env=False, timeout=20)


def test_a_real_server_tells_this_machine_and_hides_from_others(server: ServerProcess) -> None:
    assert get(server).status_code == 404, "a proxy here that hides whom it speaks for looks like this"
    answer = get(server, Authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert series(answer.text)["store_up",] == 1
    # The trusted proxy says who asked; whoever that is needs the token, this machine's own name included.
    for proxied in ({"X_Forwarded_For": "192.0.2.7"}, {"X_Forwarded_For": "127.0.0.1"}):
        assert get(server, **proxied).status_code == 404
        assert get(server, **proxied, Authorization=f"Bearer {TOKEN}").status_code == 200
    hidden, unknown = get(server, X_Forwarded_For="192.0.2.7"), get(server, "/metricz")
    unlike = {"date"}
    assert (hidden.status_code, hidden.text) == (unknown.status_code, unknown.text)
    assert {k: v for k, v in hidden.headers.items() if k not in unlike} == {
        k: v for k, v in unknown.headers.items() if k not in unlike
    }
    assert TOKEN not in server.log()


def test_post_and_foreign_sites_are_refused_as_everywhere(server: ServerProcess) -> None:
    assert httpx.post(f"{server.url}/metrics", trust_env=False).status_code == 405
    assert get(server, Origin="https://evil.example").status_code == 403


def test_it_is_ready_from_the_start_and_says_why_when_nobody_collects(server: ServerProcess) -> None:
    assert get(server, "/readyz").json() == {"status": "ok"}
    with Store.open(_settings(server), application_name="tests") as store:
        with store.connection() as conn:
            # Somebody else holds the lease and never makes a round: a process that froze.
            conn.execute(
                "update collector_state set owner = 'frozen', lease_until = now() + interval '1 hour', "
                "cycle_at = now() - interval '1 hour'"
            )
        answer = wait_for(lambda: get(server, "/readyz"), lambda answer: answer.status_code == 503)
        assert answer.json() == {"status": "unavailable", "why": "collector"}
        with store.connection() as conn:
            conn.execute("update collector_state set owner = null, lease_until = null")
        assert wait_for(lambda: get(server, "/readyz"), lambda answer: answer.status_code == 200)


def test_a_store_that_is_away_is_said_by_both() -> None:
    with socket.socket() as silent, open_folder("salina-metrics-") as folder:
        silent.bind(("127.0.0.1", 0))
        dsn = f"postgresql://m:m@127.0.0.1:{silent.getsockname()[1]}/m"
        with running_server(Path(folder), MONITOR_DATABASE_URL=dsn) as server:
            answer = get(server, "/readyz")
            assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "why": "store"})
            assert series(get(server).text) == {("store_up",): 0.0}


def _settings(server: ServerProcess) -> Settings:
    return Settings.load(server.env)


def wait_for(ask: Callable[[], httpx.Response], fits: Callable[[httpx.Response], bool]) -> httpx.Response:
    import time

    end = time.monotonic() + 30
    while not fits(answer := ask()):
        assert time.monotonic() < end, answer.text
        time.sleep(0.2)
    return answer
