"""Requests of a steady refresh, over the real client against the played Inngest."""

from __future__ import annotations

import time
from datetime import timedelta

from salina_monitor.inngest import InngestClient
from salina_monitor.mirror import Mirror, verify
from salina_monitor.mirror.sync import sync_live
from salina_monitor.sandbox import sandbox_settings, start_services
from salina_monitor.store import Store
from tests.support.folders import open_folder

Row = tuple[str, float, str]


def run() -> list[Row]:
    """Rows (name, number, target)."""
    with open_folder("salina-bench-") as folder, start_services(folder / "data"):
        settings = sandbox_settings({"MONITOR_DATA_DIR": str(folder / "data")})
        with Store.open(settings) as store, InngestClient(settings) as client:
            mirror = Mirror(store, client, settings)
            mirror.sync_now()
            most, slowest = 0, 0.0
            for _ in range(5):
                time.sleep(2)
                before, started = client.requests, time.perf_counter()
                with mirror.context.leased():
                    sync_live(mirror.context)
                most = max(most, client.requests - before)
                slowest = max(slowest, (time.perf_counter() - started) * 1000)
            state = mirror.state()
            assert state.as_of.server_at is not None
            found = verify(mirror.context, state.as_of.server_at - timedelta(days=1))
            return [
                ("requests of a steady refresh, most of five", most, "<= 4"),
                ("steady refresh, slowest of five, ms", slowest, "<= 5000"),
                (f"divergences of {found.compared:,} runs", len(found.divergences), "<= 0"),
            ]
