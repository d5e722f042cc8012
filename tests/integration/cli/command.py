"""`python -m salina_monitor …` as a person runs it: a process, an environment, an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from salina_monitor.sandbox import SandboxControl, control_url
from tests.integration.cli import forked

ROOT = Path(__file__).parents[3]
MONITOR = [sys.executable, "-m", "salina_monitor"]


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass
class Shell:
    """Runs commands in one folder with one environment, nothing inherited but what a process needs."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"MONITOR_DATA_DIR": str(self.folder / "data"), "MONITOR_BCRYPT_COST": "4", "PYTHONPATH": str(ROOT)}
        return {**inherited, **own, **self.env, **more}

    def __call__(self, *arguments: str | bytes, stdin: str = "", **env: str) -> Done:
        with tempfile.TemporaryDirectory() as streams:
            for name, text in (("stdin", stdin), ("stdout", ""), ("stderr", "")):
                Path(streams, name).write_text(text)
            spelled = [os.fsdecode(argument) for argument in arguments]
            code = forked.run(spelled, self.environment(**env), self.folder, Path(streams))
            out, err = (Path(streams, name).read_text() for name in ("stdout", "stderr"))
        assert "Traceback" not in err, err  # jobs on standard output may have failed with one
        return Done(code, out, err)

    @contextmanager
    def running(self, *arguments: str, **env: str) -> Iterator[Process]:
        """A command that stays; killed by its id if the test leaves it alive."""
        log_file = self.folder / f"{arguments[-1]}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*MONITOR, *arguments], env=self.environment(**env), cwd=self.folder, stdout=log, stderr=log
            )
        started = Process(process, log_file, self.folder)
        try:
            yield started
        finally:
            if process.poll() is None:
                started.terminate()


@dataclass
class Process:
    """A running command and everything that works in its folder."""

    process: subprocess.Popen[bytes]
    log_file: Path
    folder: Path

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait_until_healthy(self, port: int, path: str = "/readyz") -> None:
        self.wait_for(lambda: _healthy(port, path))

    def wait_for(self, condition: Any, deadline_s: float = 60.0) -> None:
        deadline = time.monotonic() + deadline_s
        while not condition():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def terminate(self) -> int:
        """SIGTERM; the exit code, which must come within the 15 s that everything may take to end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def others(self) -> list[str]:
        """Command lines of all other processes that name this folder: the played services, PostgreSQL."""
        return [line for pid, line in _processes() if str(self.folder) in line and pid != self.process.pid]


def _processes() -> Iterator[tuple[int, str]]:
    if not Path("/proc/self/cmdline").exists():
        listed = subprocess.run(["ps", "-axww", "-o", "pid=,args="], capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            pid, _, command = line.strip().partition(" ")
            yield int(pid), command
        return
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            yield int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _healthy(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Sandbox:
    """A running `sandbox`, its switches, and a shell that talks to it with `--sandbox`."""

    shell: Shell
    port: int

    def __call__(self, *arguments: str | bytes, stdin: str = "", **env: str) -> Done:
        return self.shell("--sandbox", *arguments, stdin=stdin, **env)

    @property
    def control(self) -> SandboxControl:
        return SandboxControl(control_url(self.shell.environment()))


def keys(rows: Sequence[dict[str, Any]]) -> set[frozenset[str]]:
    """The sets of field names that occur."""
    return {frozenset(row) for row in rows}
