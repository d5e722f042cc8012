"""The process itself: how it starts, from where, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.driver import wait_idle
from tests.e2e.processes import ROOT, ServerProcess, free_port, running_server
from tests.support.folders import open_folder


def test_it_ends_within_fifteen_seconds_of_a_signal_with_pages_open_and_takes_its_database_along(page: Page) -> None:
    with open_folder("salina-e2e-") as folder, running_server(folder) as server:
        page.goto(f"{server.url}/admin/system")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        wait_idle(page)
        database = children(server)
        assert database
        assert server.stop() < 15
        assert server.process.returncode == 0
        assert [pid for pid in database if Path(f"/proc/{pid}").exists()] == []
        assert "Traceback" not in server.log()


def children(server: ServerProcess) -> list[int]:
    """Processes whose command line names the server's data folder: its database server."""
    needle = server.env["MONITOR_DATA_DIR"].encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != server.process.pid:
            try:
                if needle in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended while we were looking
    return found


def refused_start(**env: str) -> str:
    """What `serve` says when it does not start."""
    with open_folder("salina-e2e-") as folder:
        result = subprocess.run(
            [sys.executable, "-m", "salina_monitor", "serve"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "MONITOR_DATA_DIR": str(folder / "data"), **env},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def test_it_says_which_setting_to_change_when_the_port_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        said = refused_start(MONITOR_PORT=port)
    assert f"Port {port}" in said
    assert "MONITOR_PORT" in said


def test_it_does_not_start_with_a_store_address_that_can_never_work() -> None:
    said = refused_start(MONITOR_PORT=str(free_port()), MONITOR_DATABASE_URL="postgresql://u:hunter2@[bad/x")
    assert "MONITOR_DATABASE_URL" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "command",
    [
        ["uvicorn", "streamlit_app:app", "--app-dir", str(ROOT), "--port"],
        ["streamlit", "run", str(ROOT / "streamlit_app.py"), "--server.port"],
    ],
    ids=["uvicorn", "streamlit"],
)
def test_it_serves_hardened_under_other_launchers_from_any_folder(command: list[str], page: Page) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with open_folder("salina-e2e-") as folder:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command, str(port)],
                env={**os.environ, "MONITOR_DATA_DIR": str(folder / "data")},
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until_ready(url, process)
            page.goto(f"{url}/admin/system")
            expect(page.get_by_role("button", name="Sign in")).to_be_visible()
            assert httpx.get(f"{url}/admin/_stcore/metrics", trust_env=False).status_code == 404
            assert "users add" in (folder / "log").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert "Traceback" not in (folder / "log").read_text()
        assert not (folder / "data" / "postgres" / "cluster" / "postmaster.pid").exists()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
