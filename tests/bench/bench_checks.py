"""How long five checks take against instant peers, and with a black hole among them."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection

from salina_monitor.checks import warm_up
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthStatus, Service
from salina_monitor.settings import Settings
from salina_monitor.store.embedded import EmbeddedServer
from tests.bench.results import Options, Result, Row, of_rows
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.folders import open_folder
from tests.support.peers import BUCKET, GOOD, SECRETS, URLS

ROUNDS = 50


def run(_options: Options) -> Result:
    with (
        open_folder("salina-bench-", on_disk=True) as folder,
        EmbeddedServer.start(folder / "data") as server,
        peers() as urls,
    ):
        env = {**SECRETS, **BUCKET, "DATABASE_URL": server.dsn()}
        good = {URLS[name]: urls[name] for name in GOOD}
        instant = Settings.load({**env, **good})
        hole = Settings.load({**env, **good, "CLERK_API_URL": urls["hole"]})
        warm_up(instant)
        return of_rows([*_instant(instant), *_black_hole(hole)])


def _instant(settings: Settings) -> list[Row]:
    runner = CheckRunner(settings)
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        results = runner.run_all()
        took.append((time.perf_counter() - started) * 1000)
        bad = [result for result in results.values() if result.status is not HealthStatus.HEALTHY]
        if bad:
            raise RuntimeError(f"not measured, for not all peers are healthy: {bad}")
    return [("five checks, instant peers, median ms", statistics.median(took), "<= 25")]


def _black_hole(settings: Settings) -> list[Row]:
    started = time.perf_counter()
    at = {result.service: (time.perf_counter() - started) * 1000 for result in CheckRunner(settings).iter()}
    others = max(ms for service, ms in at.items() if service is not Service.CLERK)
    return [
        ("one black hole: whole refresh, ms", max(at.values()), "<= 5100"),
        ("one black hole: the other four, ms", others, "<= 300"),
    ]


@contextmanager
def peers() -> Iterator[dict[str, str]]:
    """Stand-ins in a process of their own, so that their time is not ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(5)


def _serve(pipe: Connection) -> None:
    with ExitStack() as stack:
        servers = {name: stack.enter_context(FaultServer(faults.answers(*good))) for name, good in GOOD.items()}
        servers["hole"] = stack.enter_context(FaultServer(faults.silence))
        pipe.send({name: server.url for name, server in servers.items()})
        pipe.recv()
