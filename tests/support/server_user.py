"""A process that uses an embedded server: `python -m tests.support.server_user FOLDER [UID]`.

Says what it has as one JSON line, then obeys lines on stdin: `query`, `stop`.
With UID it becomes that user first, after all imports and with programs that user can reach.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from salina_monitor.store import EmbeddedServerError
from salina_monitor.store.embedded import EmbeddedServer, server
from salina_monitor.store.embedded.binaries import copy_of_binaries, find_binaries, runs_as

ROOT = Path(__file__).resolve().parents[2]


class ServerUser:
    """Such a process, seen from the test."""

    def __init__(self, folder: Path, uid: int | None = None) -> None:
        command = [sys.executable, "-m", "tests.support.server_user", str(folder), *([str(uid)] if uid else [])]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process ended without a word"
        found: dict[str, Any] = json.loads(line)
        return found

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def ask(self, word: str) -> dict[str, Any]:
        self.tell(word)
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        if self.process.poll() is None and self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.tell("stop")
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self.process.wait(timeout=30)


def _become(uid: int, folder: Path) -> None:
    binaries = find_binaries()
    if not runs_as(binaries.postgres, uid, uid):
        binaries = copy_of_binaries(folder.parent / "programs")
        server.find_binaries = lambda: binaries
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def main() -> None:
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        _become(int(sys.argv[2]), folder)
    try:
        used = EmbeddedServer.start(folder)
    except EmbeddedServerError as error:
        print(json.dumps({"code": error.code, "message": error.message}), flush=True)
        return
    signal.signal(signal.SIGINT, lambda *_: print(json.dumps({"interrupted": True}), flush=True))
    state = {"pid": used.pid, "port": used.port, "home": str(used.place.home)}
    print(json.dumps(state), flush=True)
    while sys.stdin.readline().strip() == "query":
        with psycopg.connect(used.dsn()) as conn:
            print(json.dumps({"answer": conn.execute("select 42").fetchone()}), flush=True)
    used.stop()


if __name__ == "__main__":
    main()
