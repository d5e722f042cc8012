"""A view at one as-of, whatever comes after it: every job exactly once on its pages, and bars that add up to the list."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from salina_monitor.models import JobFilters, JobStatus, Run, TimeRange
from salina_monitor.parts import edges_of
from salina_monitor.queries import get_job_summary, get_recent_jobs
from salina_monitor.queries.counts import get_counts_by_status, get_counts_by_tenant
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import run

S = JobStatus
ENDS = (S.COMPLETED, S.FAILED, S.CANCELLED)


class Life:
    """Runs that come in bursts of one millisecond, start, end, and belong to a few tenants; by a seed."""

    def __init__(self, store: Store, settings_for: Any, seed: int) -> None:
        self.bench = Bench(store, settings_for)
        self.random = random.Random(seed)
        self.numbers = itertools.count(1)
        self.come(60)
        self.bench.sync()
        self.bench.fill()

    def come(self, count: int) -> None:
        """New runs, several of them queued in the same millisecond."""
        client = self.bench.client
        moments = [client.now - timedelta(minutes=self.random.randrange(1, 600)) for _ in range(max(1, count // 4))]
        for _ in range(count):
            status = self.random.choice([S.QUEUED, S.RUNNING, S.RUNNING, *ENDS])
            made = run(
                next(self.numbers), status, queued=self.random.choice(moments), took_s=self.random.randrange(1, 50)
            )
            made = replace(
                made, id=f"{self.random.randrange(16**8):08X}{made.id[8:]}"
            )  # ids say nothing about the order
            client.put(made, tenant=self.random.choice(["northwind-press", "quill", "acme", None]))

    def change(self) -> None:
        """Something happens: runs come, start and end; sometimes it is synced in between."""
        client = self.bench.client
        self.bench.later(seconds=self.random.randrange(5, 60))
        self.come(self.random.randrange(4))
        active = [r for r in client.runs.values() if not r.status.is_terminal]
        for one in self.random.sample(active, min(4, len(active))):
            client.runs[one.id] = self._next(one)
        if self.random.random() < 0.8:
            self.bench.sync()

    def _next(self, one: Run) -> Run:
        if one.status is S.QUEUED and self.random.random() < 0.5:
            return replace(one, status=S.RUNNING)
        return replace(one, status=self.random.choice(ENDS), ended_at=self.bench.client.now, error=None)


@pytest.fixture(params=range(8))
def life(store: Store, settings_for: Any, request: pytest.FixtureRequest) -> Life:
    return Life(store, settings_for, request.param)


FILTERS = {
    "all": JobFilters(range=TimeRange.ALL),
    "a day": JobFilters(),
    "running": JobFilters(status=S.RUNNING),
    "queued": JobFilters(status=S.QUEUED),
    "failed": JobFilters(status=S.FAILED),
    "completed of a tenant": JobFilters(status=S.COMPLETED, tenant="acme"),
    "of a tenant": JobFilters(tenant="quill", range=TimeRange.ALL),
    "a type": JobFilters(type="pdf-generation"),
}


def test_every_job_is_on_exactly_one_page_whatever_happens_while_pages_are_turned(life: Life) -> None:
    source = life.bench.source
    as_of = source.state().as_of
    expected = {
        name: [job.id for job in get_recent_jobs(f, 1, 100, as_of=as_of, source=source).jobs]
        for name, f in FILTERS.items()
    }
    for name, filters in FILTERS.items():
        seen: list[str] = []
        page = 1
        while True:
            found = get_recent_jobs(filters, page, 7, as_of=as_of, source=source)
            seen += [job.id for job in found.jobs]
            assert found.total == len(expected[name])
            if len(seen) >= found.total or not found.jobs:
                break
            life.change()
            page += 1
        assert seen == expected[name], name
        assert len(seen) == len(set(seen))


def test_the_numbers_on_the_cards_are_the_lengths_of_the_lists_behind_them(life: Life) -> None:
    source = life.bench.source
    for _ in range(4):
        as_of = source.state().as_of
        life.change()
        summary = get_job_summary(as_of=as_of, source=source)
        for number, status in (
            (summary.active, S.RUNNING), (summary.queued, S.QUEUED), (summary.completed_last_24h, S.COMPLETED),
            (summary.failed_last_24h, S.FAILED),
        ):  # fmt: skip
            listed = get_recent_jobs(JobFilters(status=status), as_of=as_of, source=source)
            assert listed.total == number, status


ZONES: list[tzinfo] = [UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Paris"), ZoneInfo("America/St_Johns")]
CHANGES = [
    datetime(2026, 3, 29, 12, tzinfo=UTC),
    datetime(2026, 10, 25, 12, tzinfo=UTC),
    datetime(2026, 11, 24, 12, tzinfo=UTC),
]


@pytest.mark.parametrize("now", CHANGES, ids=["clocks go forward", "clocks go back", "an ordinary day"])
@pytest.mark.parametrize("seed", range(2))
def test_the_bars_add_up_to_what_ended(store: Store, settings_for: Any, now: datetime, seed: int) -> None:
    """For every zone and range: each bar is the number of jobs that ended in it, counted one by one."""
    bench, rng = Bench(store, settings_for), random.Random(seed)
    bench.client.now = now
    for number in range(150):
        queued = now - timedelta(seconds=rng.randrange(120, 3 * 86_400), milliseconds=rng.randrange(1000))
        ended = run(number, rng.choice(ENDS), queued=queued, took_s=rng.randrange(1, 100))
        bench.client.put(ended, tenant=rng.choice(["northwind-press", "quill", None]))
    for quarter in range(-8, 8):  # and exactly on the edges
        at = now + timedelta(minutes=15 * quarter) - timedelta(hours=20)
        bench.client.put(run(1000 + quarter, S.COMPLETED, queued=at - timedelta(seconds=1), took_s=1))
    bench.sync()
    bench.fill()
    assert bench.matches_source()
    ends = [(r.ended_at, r.status) for r in bench.client.runs.values() if r.ended_at is not None]
    for zone, span in itertools.product(ZONES, (TimeRange.DAY, TimeRange.WEEK, TimeRange.MONTH)):
        edges = edges_of(span, now, zone)
        counts = get_counts_by_status(edges, JobFilters(), source=bench.source)
        for status in ENDS:
            expected = tuple(
                sum(a <= at < b and s is status for at, s in ends) for a, b in itertools.pairwise(edges)
            )  # fmt: skip
            assert counts.series[status.value] == expected, (zone, span, status)
        by_tenant = get_counts_by_tenant(edges, JobFilters(), source=bench.source)
        assert by_tenant.total == counts.total
