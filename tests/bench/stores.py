"""Filled stores: made once a size, kept between calls when wanted, and made cold without any right of root."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import process
from tests.bench.data import fill
from tests.bench.results import Options
from tests.support.folders import open_folder

TENANTS, ACTIVE = 5_000, 2_000


@contextmanager
def filled_store(runs: int, options: Options) -> Iterator[tuple[Store, Settings, float | None]]:
    """A store of so many runs and the seconds that filling it took; None when it was there from an earlier call."""
    if options.keep is None:
        with open_folder("salina-bench-", on_disk=True) as folder, _opened(folder / "data", runs) as opened:
            yield opened
    else:
        options.keep.mkdir(parents=True, exist_ok=True)
        options.keep.chmod(0o755)
        with _opened(options.keep.absolute() / f"store-{runs}", runs) as opened:
            yield opened


@contextmanager
def _opened(data: Path, runs: int) -> Iterator[tuple[Store, Settings, float | None]]:
    settings = Settings.load({"MONITOR_DATA_DIR": str(data)})
    marker = data / "filled-for-the-bench"
    with Store.open(settings) as store:
        took = None
        if not marker.exists():
            started = time.perf_counter()
            fill(store, runs, tenants=TENANTS, active=ACTIVE)
            took = time.perf_counter() - started
            marker.touch()
        yield store, settings, took


def make_cold(store: Store) -> None:
    """Stop the server, have the system forget its files, start it: nothing of the data is in anybody's memory.

    The files belong to us, so `posix_fadvise` may drop them from the page cache; what lies below (a hypervisor's or
    a disk's own cache) is out of reach. The first connection and the catalogues are read before anything is timed.
    """
    assert store.server is not None
    process.stop(store.server.place)
    for file in store.server.place.cluster.rglob("*"):
        if file.is_file():
            fd = os.open(file, os.O_RDONLY)
            try:
                os.fsync(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(fd)
    with store.connection() as conn:
        conn.execute("select * from mirror_state").fetchone()
        conn.execute("select relname from pg_class").fetchall()


def size_mb(store: Store) -> float:
    """What the database takes on disk."""
    with store.connection() as conn:
        row = conn.execute("select pg_database_size(current_database()) / 1048576.0 as mb").fetchone()
    assert row is not None
    return float(row["mb"])
