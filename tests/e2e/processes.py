"""A real server process with a data folder, a free port and a log of its own."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from salina_monitor.accounts import Accounts
from salina_monitor.settings import Settings
from salina_monitor.store import Store

ROOT = Path(__file__).parents[2]
_MAIN = "from salina_monitor.cli import main\nmain(prog_name='salina_monitor')"
PASSWORDS = {name: f"{name}-password-1" for name in ("owner", "admin", "finance", "editor", "author")}

_ports = itertools.count(os.getpid() * 997)


@dataclass
class ServerProcess:
    """A running server; `env` are the settings it was started with."""

    url: str
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def stop(self) -> float:
        """Ask it to end; how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        return time.monotonic() - began


def free_port() -> int:
    """A port nobody takes before the caller listens: below those that systems hand out, another for each process."""
    for _ in range(1000):
        with socket.socket() as probe, suppress(OSError):
            port = 10_000 + next(_ports) % 20_000
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port between 10000 and 30000")


@contextmanager
def running_server(folder: Path, command: str = "serve", *, first: str = "", **env: str) -> Iterator[ServerProcess]:
    """Start `serve` or `sandbox`, ready when /healthz answers; killed by its id if it does not end by itself.

    `first` is Python that runs in the process before, e.g. to shorten a limit that would take minutes to reach.
    """
    port = free_port()
    settings = {
        "MONITOR_DATA_DIR": str(folder / "data"),
        "MONITOR_PORT": str(port),
        "MONITOR_BCRYPT_COST": "4",
        **env,
    }
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log_file = folder / "server.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *(["-c", f"{first}\n{_MAIN}"] if first else ["-m", "salina_monitor"]), command],
            env={**inherited, **settings, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = ServerProcess(f"http://127.0.0.1:{port}", settings, process, log_file)
    try:
        _wait_until_healthy(server)
        yield server
        if process.poll() is None:
            server.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _wait_until_healthy(server: ServerProcess) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert server.process.poll() is None, server.log()
        assert time.monotonic() < deadline, server.log()
        try:
            if httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)


@contextmanager
def accounts_of(server: ServerProcess) -> Iterator[Accounts]:
    """The accounts of a running server, through the store that both share."""
    settings = Settings.load(server.env)
    with Store.open(settings, application_name="tests") as store:
        yield Accounts.over(store, settings)
