"""The whole house as real processes: played services, a store, a collector, two web processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from salina_monitor.accounts import Accounts
from salina_monitor.alerts.receivers import SQL as ALERTS
from salina_monitor.models import Role, utcnow
from salina_monitor.sandbox import SandboxServices, start_services
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import EmbeddedServer
from salina_monitor.store.embedded.place import Place, choose_place
from salina_monitor.store.embedded.process import server_pid
from tests.chaos.plan import WEBS, Event
from tests.e2e.processes import PASSWORDS, ROOT, free_port
from tests.support.waiting import came_true

PEOPLE = {"owner": Role.OWNER, "admin": Role.ADMIN}
STOP_S = 20.0


@dataclass
class Process:
    """One of our processes. It is started again with the same settings, and writes on into the same log."""

    name: str
    command: str
    env: dict[str, str]
    folder: Path
    running: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['MONITOR_PORT']}"

    @property
    def pid(self) -> int:
        return self.running.pid if self.running is not None and self.running.poll() is None else 0

    def start(self) -> None:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log_file.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "salina_monitor", self.command],
                env={**inherited, **self.env, "PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def send(self, number: int) -> None:
        if self.pid:
            os.kill(self.pid, number)

    def end(self, number: int = signal.SIGTERM) -> float:
        """End it and wait; how many seconds it took. Whatever does not end in time is killed, and infinity told."""
        if self.running is None:
            return 0.0
        began = time.monotonic()
        self.send(number)
        try:
            self.running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
            return float("inf")
        return time.monotonic() - began


@dataclass
class House:
    """Everything that runs, and what is done to it. `mails`: all that the played Resend took, by their id."""

    folder: Path
    services: SandboxServices
    env: dict[str, str]
    place: Place
    processes: dict[str, Process]
    mails: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    frozen: dict[str, list[int]] = field(default_factory=dict)
    happened: list[tuple[float, Event]] = field(default_factory=list)

    def do(self, event: Event) -> None:
        """Let one event of the plan happen."""
        self.done[event.what] += 1
        self.happened.append((time.monotonic(), event))
        process = self.processes.get(event.whom)
        match event.what:
            case "kill" if process:
                process.end(signal.SIGKILL)
            case "end" if process:
                process.send(signal.SIGTERM)
            case "start" if process:
                process.end(signal.SIGKILL)  # one that was asked to end may still be at it
                process.start()
            case "freeze":
                self._freeze(event.whom)
            case "thaw":
                self._thaw(event.whom)
            case "break" | "heal":
                self.switch(event.whom, event.how or "ok")
            case _:
                self._hurt_store(event.what)

    def switch(self, service: str, fault: str) -> None:
        """Break or heal a played service. While all are frozen it waits for them."""
        httpx.put(f"{self.services.control_url}/faults/{service}", content=fault, timeout=15, trust_env=False)

    def heal(self) -> None:
        """Everything runs, and nothing is broken."""
        for whom in list(self.frozen):
            self._thaw(whom)
        httpx.post(f"{self.services.control_url}/heal", timeout=15, trust_env=False)
        for process in self.processes.values():
            if not process.pid:
                process.start()

    def _freeze(self, whom: str) -> None:
        pids = {"services": [self.services.process.pid], "store": self.store_pids()}.get(whom)
        pids = [self.processes[whom].pid] if pids is None else pids
        self.frozen[whom] = [pid for pid in pids if pid]
        _signal(self.frozen[whom], signal.SIGSTOP)

    def _thaw(self, whom: str) -> None:
        _signal(self.frozen.pop(whom, []), signal.SIGCONT)

    def _hurt_store(self, what: str) -> None:
        pids = self.store_pids()
        if not pids:
            return
        if what == "crash-backend":
            _signal(pids[-1:], signal.SIGKILL)
        else:
            _signal(pids[:1], signal.SIGKILL if what == "crash" else signal.SIGINT)

    def store_pids(self) -> list[int]:
        """The store's server and its children, which may be none."""
        pid = server_pid(self.place)
        if pid is None:
            return []
        with suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return [pid, *map(int, children)]
        return [pid]

    def collect_mails(self) -> None:
        """Keep what the played Resend took: it keeps the last ones only."""
        with suppress(httpx.HTTPError):
            taken = httpx.get(f"{self.services.control_url}/mails", timeout=2, trust_env=False).json()
            self.mails.update({mail["id"]: mail for mail in taken})

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Ask the store as it is. Raises psycopg.Error, OSError, while it is away."""
        port = self.place.port_file.read_text().strip()
        password = self.place.password_file.read_text().strip()
        address = {"host": "127.0.0.1", "port": port, "dbname": "monitor", "user": "monitor", "password": password}
        with psycopg.connect(
            **address,
            connect_timeout=2,
            application_name="walk",
            options="-c statement_timeout=10s",
            row_factory=dict_row,
        ) as conn:  # type: ignore[call-overload]
            return list(conn.execute(statement, values))

    def run(self, *arguments: str, limit_s: float = 90) -> subprocess.CompletedProcess[str]:
        """One command of ours, on the same store."""
        return subprocess.run(
            [sys.executable, "-m", "salina_monitor", *arguments],
            env={"PATH": os.environ.get("PATH", ""), **self.env, "PYTHONPATH": str(ROOT)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def sizes(self) -> dict[str, Size]:
        """Of every long-lived process."""
        pids = {name: process.pid for name, process in self.processes.items()}
        port = int(self.place.port_file.read_text())
        return {
            name: Size.of(pid, port) for name, pid in {**pids, "services": self.services.process.pid}.items() if pid
        }

    def left_over(self) -> list[str]:
        """Processes that have to do with this house, by what they were started with and where they stand."""
        found, mark = [], str(self.folder)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if mark in command or mark in os.readlink(entry / "cwd"):
                    found.append(f"{entry.name} {command}")
        return found


@dataclass(frozen=True, slots=True)
class Size:
    """What a process holds. `files` without its `connections` to the store; `what` says which those are, by peer."""

    threads: int
    files: int
    connections: int
    what: str

    @classmethod
    def of(cls, pid: int, store_port: int) -> Size:
        process = Path(f"/proc/{pid}")
        peers, held = _peers(process), Counter[str]()
        for file in (process / "fd").iterdir():
            with suppress(OSError):
                target = os.readlink(file)
                held[peers.get(target, target.split(":")[0])] += 1
        connections = held.pop(f"port {store_port}", 0)
        what = ", ".join(f"{n} {name}" for name, n in held.most_common(8))
        return cls(len(list((process / "task").iterdir())), held.total(), connections, what)


def _peers(process: Path) -> dict[str, str]:
    """Socket → the port it is connected to, on loopback all of them."""
    found = {}
    for line in (process / "net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        found[f"socket:[{fields[9]}]"] = f"port {int(fields[2].split(':')[1], 16)}"
    return found


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def open_house(folder: Path, seed: int) -> Iterator[House]:
    """Start everything; whatever still runs afterwards is killed by its id.

    The played services keep all they know in memory, their Inngest's runs above all, so they are frozen and broken, but
    never killed: a source that forgets would be another source.
    """
    with start_services(folder / "played", seed=seed) as services:
        data = folder / "data"
        env = {
            **services.env,
            "MONITOR_DATA_DIR": str(data),
            "MONITOR_BCRYPT_COST": "4",
            "MONITOR_CHECK_SECONDS": "10",
            "MONITOR_SYNC_SECONDS": "5",
            "MONITOR_INCIDENT_BAD": "1",
            "MONITOR_INCIDENT_GOOD": "1",
        }
        processes = {"collector": Process("collector", "collect", {**env, "MONITOR_COLLECT": "1"}, folder)}
        for web in WEBS:  # the second one watches as well, when the collector does not
            own = {"MONITOR_PORT": str(free_port()), "MONITOR_COLLECT": "1" if web == WEBS[-1] else "0"}
            processes[web] = Process(web, "serve", {**env, **own}, folder)
        try:
            _invite(Settings.load(env))
            house = House(folder, services, env, choose_place(data), processes)
            for process in processes.values():
                process.start()
            yield house
        finally:
            for process in processes.values():
                if process.pid:
                    process.send(signal.SIGCONT)
                    process.send(signal.SIGKILL)
            _signal([services.process.pid], signal.SIGCONT)
            with suppress(Exception):  # a server of killed processes is nobody's any more; this one leaves as the last
                EmbeddedServer.start(data).stop()


def _invite(settings: Settings) -> None:
    with Store.open(settings, application_name="walk") as store:
        accounts = Accounts.over(store, settings)
        for name, role in PEOPLE.items():
            accounts.users.add(name, role, PASSWORDS[name])
            with store.connection() as conn:
                conn.execute(ALERTS["subscribe"], {"name": name, "address": f"{name}@example.com", "now": utcnow()})


def wait_for(what: Callable[[], bool], limit_s: float) -> bool:
    """Whether it came true in time. The store, or a server, may be away meanwhile."""
    return came_true(what, limit_s, (psycopg.OperationalError, httpx.HTTPError, OSError), every_s=0.5)
