"""What is usual for each function, computed now and then beside the reading."""

from __future__ import annotations

from datetime import timedelta

from salina_monitor.mirror.state import SQL
from salina_monitor.mirror.sync import Context

EVERY = timedelta(minutes=10)
LOOK_BACK = timedelta(days=7)
MOST_RUNS = 50_000


def compute_baselines(ctx: Context) -> bool:
    """Compute them anew when they are older than `EVERY`; whether that was done."""
    now = ctx.clock()
    with ctx.store.connection() as conn:
        row = conn.execute(SQL["baselines_age"]).fetchone()
        if row is not None and row["at"] is not None and now - row["at"] < EVERY:
            return False
        done = conn.execute(SQL["compute_baselines"], {"now": now, "since": now - LOOK_BACK, "limit": MOST_RUNS})
        return done.rowcount > 0
