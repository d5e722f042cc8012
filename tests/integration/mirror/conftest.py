from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import Mirror
from salina_monitor.mirror.ahead import Ahead
from salina_monitor.mirror.backlog import queue_sweep, read_backlog_page
from salina_monitor.mirror.sync import Context, sync_live
from salina_monitor.queries import JobSource
from salina_monitor.store import Store
from tests.support.fake_client import FakeClient


class Bench:
    """A mirror of a fake source on a real store, stepped by hand."""

    def __init__(self, store: Store, settings_for: Any) -> None:
        self.store = store
        self.client = FakeClient()
        self.settings = settings_for(MONITOR_HISTORY_DAYS="3")
        self.skew = timedelta(0)
        self.ctx = self.context()
        self.source = JobSource(store, JobTypes.of(self.settings), None, self.clock)

    def clock(self) -> datetime:
        return self.client.now + self.skew

    def context(self, owner: str = "test") -> Context:
        return Context(self.store, self.client, timedelta(days=3), self.clock, owner=owner)  # type: ignore[arg-type]

    def mirror(self) -> Mirror:
        return Mirror(self.store, self.client, self.settings, clock=self.clock)  # type: ignore[arg-type]

    def later(self, **span: float) -> None:
        self.client.now += timedelta(**span)

    def sync(self) -> None:
        """One sync of the live part, like the thread does it."""
        assert self.ctx.take_lease()
        sync_live(self.ctx)

    def fill(self) -> int:
        """Read all open history; how many pages it took."""
        pages, ahead = 0, Ahead()
        while read_backlog_page(self.ctx, ahead):
            pages += 1
        return pages

    def sweep(self) -> bool:
        return queue_sweep(self.ctx)

    def rows(self, what: str = "id, status, nullif(ended_at, 'infinity') as ended_at") -> list[dict[str, Any]]:
        with self.store.connection() as conn:
            return conn.execute(f"select {what} from runs order by id").fetchall()  # type: ignore[arg-type]

    def matches_source(self) -> bool:
        mirrored = [(r["id"], r["status"], r["ended_at"]) for r in self.rows()]
        return mirrored == sorted((r.id, r.status.value, r.ended_at) for r in self.client.runs.values())


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)
