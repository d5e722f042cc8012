"""Backup, restore, a scrape and forgetting at 200,000 runs: seconds, megabytes, the longest transaction."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from datetime import timedelta
from typing import Any

from salina_monitor.backup import APPLICATION, Archive, backup, restore
from salina_monitor.metrics import Metrics
from salina_monitor.monitor import Monitor
from salina_monitor.retention import RULES, Retention
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import EmbeddedServer
from tests.bench.data import NOW, fill
from tests.bench.results import Options, Result, of_rows
from tests.support.folders import open_folder

RUNS = 200_000


def run(_options: Options) -> Result:
    with open_folder("salina-bench-", on_disk=True) as folder, EmbeddedServer.start(folder / "data") as server:
        for name in ("filled", "empty"):
            server.create_database(name)
        at = {name: Settings.load({"MONITOR_DATABASE_URL": server.dsn(name)}) for name in ("filled", "empty")}
        file = folder / "backup.zip"
        with Store.open(at["filled"]) as store:
            fill(store, RUNS, days=400)
            took_backup = _seconds(lambda: backup(store, file))
            scrape = _scrape(at["filled"], store)
            slowest, rows, took_prune = _prune(store)
        with (
            Store.open(at["empty"], application_name=APPLICATION, bind_source=False) as store,
            closing(Archive(file)) as archive,
        ):
            took_restore = _seconds(lambda: restore(store, at["empty"], archive))
        megabytes = file.stat().st_size / 1e6
    found = [
        ("backup of 200,000 runs, s", took_backup, "<= 60"),
        ("size of that backup, MB", megabytes, "<= 200"),
        ("restore of 200,000 runs, s", took_restore, "<= 180"),
        ("a scrape of /metrics that asks the store, median ms", scrape, "<= 25"),
        (f"forgetting {rows:,} texts and runs, longest transaction, ms", slowest, "<= 1000"),
        ("the same in all, s", took_prune, "<= 300"),
    ]
    return of_rows(found)


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _scrape(settings: Settings, store: Store) -> float:
    monitor = Monitor.over(settings, store)
    try:
        texts = [Metrics(monitor) for _ in range(15)]
        return statistics.median(_seconds(text.text) for text in texts) * 1000
    finally:
        monitor.close()


def _prune(store: Store) -> tuple[float, int, float]:
    """The texts of half a year and the runs of 100 days."""
    settings = Settings.load({"MONITOR_RUN_DAYS": "300", "MONITOR_TEXT_DAYS": "220"})
    keeper = Retention(store, settings, now=lambda: NOW + timedelta(minutes=1))
    longest, rows, began = 0.0, 0, time.perf_counter()
    for rule in RULES:
        values, more = keeper._values(rule, keeper.now()), True
        while more:
            start = time.perf_counter()
            took, more = keeper._batch(rule, values)
            longest, rows = max(longest, time.perf_counter() - start), rows + took
    return longest * 1000, rows, time.perf_counter() - began
