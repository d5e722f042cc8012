"""Every real variable is set to a canary, and the product's own checks and client are at work: nothing leaves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from salina_monitor.settings import SETTINGS
from tests.support.folders import open_folder

ROOT = Path(__file__).parents[3]
LOOK = """
import json, os, pathlib, sys
from salina_monitor.sandbox import sandbox_settings, seal, start_services
from salina_monitor.checks import run_all_health_checks
from salina_monitor.inngest import InngestClient
if sys.argv[2] == "sealed":
    seal(os.environ)
with start_services(pathlib.Path(sys.argv[1])):
    settings = sandbox_settings({**os.environ, "MONITOR_DATA_DIR": sys.argv[1]})
    states = {service.value: found.status.value for service, found in run_all_health_checks(settings).items()}
    runs = 0
    if sys.argv[2] == "sealed":
        with InngestClient(settings) as client:
            runs = len(client.list_runs().runs)
            client.list_functions()
print(json.dumps({"states": states, "runs": runs}))
"""


class Canary:
    """Listens on loopback, hangs up on everyone, counts."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


def poisoned(canary: Canary) -> dict[str, str]:
    """The real environment of somebody whose every variable leads to the canary."""
    url = f"http://{canary.address}"
    host, _, port = canary.address.partition(":")
    names = [setting.name for setting in SETTINGS if not setting.name.startswith("MONITOR_")]
    names += ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "AWS_ENDPOINT_URL", "INNGEST_DEV"]
    dsn = f"postgresql://u:p@{canary.address}/db"
    return {
        **os.environ, **dict.fromkeys(names, url), "DATABASE_URL": dsn, "MONITOR_DATABASE_URL": dsn, "PGHOST": host,
        "PGPORT": port, "PYTHONPATH": str(ROOT), "AWS_PROFILE": "production", "NO_PROXY": "", "no_proxy": "",
    }  # fmt: skip


def look(canary: Canary, sealed: bool) -> dict[str, object]:
    with open_folder("salina-seal-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", LOOK, str(folder), "sealed" if sealed else "open"],
            env=poisoned(canary), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_sealed_sandbox_is_healthy_and_no_request_leaves(canary: Canary) -> None:
    found = look(canary, sealed=True)
    assert set(found["states"].values()) == {"healthy"}  # type: ignore[attr-defined]
    assert found["runs"] == 100
    assert canary.visits == 0


def test_the_canary_would_notice(canary: Canary) -> None:
    """Without the seal the proxies of the environment are honoured, as for the real ERP."""
    look(canary, sealed=False)
    assert canary.visits > 0
