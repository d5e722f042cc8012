"""Counts by quarter of an hour stay equal to the runs, and a bar is as long as the list it leads to."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror.traces import read_trace
from salina_monitor.models import Event, JobFilters, JobStatus, Role, Run, TimeRange, User
from salina_monitor.parts import edges_of
from salina_monitor.queries import (
    JobSource,
    get_counts_by_status,
    get_counts_by_tenant,
    get_job_summary,
    get_recent_jobs,
    get_usual_times,
)
from salina_monitor.queries.counts import MOST_TENANTS, OTHERS, SHOWN
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import EmbeddedServer
from salina_monitor.store.migrate import known_migrations, migrate
from tests.bench.data import FUNCTIONS, NOW, fill
from tests.conftest import drop_database
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run

S = JobStatus
EDGES = edges_of(TimeRange.DAY, START, UTC)


@pytest.fixture
def empty(pg_server: EmbeddedServer, settings_for: Any) -> Iterator[Settings]:
    """Settings whose store is an empty database."""
    pg_server.create_database("older_counts")
    yield settings_for(MONITOR_DATABASE_URL=pg_server.dsn("older_counts"))
    drop_database(pg_server, "older_counts")


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)


def put(bench: Bench, number: int, status: JobStatus = S.COMPLETED, *, hours: float, tenant: str | None = "acme",
        function: str = "f") -> None:  # fmt: skip
    queued = START - timedelta(hours=hours)
    job = run(number, status, queued=queued, took_s=30, function=function, event="" if tenant else None)
    bench.client.put(job, tenant=tenant)


def ready(bench: Bench) -> None:
    bench.sync()
    bench.fill()


def assert_equal_to_runs(store: Store) -> None:
    """All tables against a count of the runs themselves."""
    ended = "from runs where ended_at < 'infinity'"
    tenants = f"{ended} and tenant_id is not null"
    columns = "n, completed, failed, cancelled"
    each = "count(*), " + ", ".join(f"count(*) filter (where status = '{s.value}')" for s in SHOWN)
    pairs = {
        "select bucket, function_id, status, n from run_counts where n <> 0":
            f"select quarter_of(ended_at), function_id, status, count(*) {ended} group by 1, 2, 3",
        f"select half, function_id, {columns} from run_counts_by_half where n <> 0":
            f"select half_of(ended_at), function_id, {each} {ended} group by 1, 2",
        "select tenant_id, bucket, function_id, status, n from run_counts_by_tenant where n <> 0":
            f"select tenant_id, quarter_of(ended_at), function_id, status, count(*) {tenants} group by 1, 2, 3, 4",
        **{
            f"select tenant_id, {part}, {columns} from run_counts_by_tenant_{part} where n <> 0":
                f"select tenant_id, {part}_of(ended_at), {each} {tenants} group by 1, 2"
            for part in ("half", "day", "week")
        },
    }  # fmt: skip
    with store.connection() as conn:
        for kept, counted in pairs.items():
            wrong = conn.execute(f"({kept} except {counted}) union all ({counted} except {kept})".encode()).fetchall()
            assert wrong == []


def test_counts_follow_everything_that_happens_to_runs(bench: Bench) -> None:
    rnd = random.Random(7)
    for number in range(150):
        put(bench, number, rnd.choice(list(S)[:5]), hours=rnd.random() * 60, tenant=rnd.choice(["a", "b", None]))
    ready(bench)
    assert_equal_to_runs(bench.store)
    for _ in range(4):
        bench.later(minutes=20)
        for job in rnd.sample(sorted(bench.client.runs.values(), key=lambda r: r.id), 30):
            if not job.status.is_terminal:  # ends
                ended = replace(job, status=rnd.choice([S.COMPLETED, S.FAILED]), ended_at=bench.client.now)
                bench.client.runs[job.id] = ended
            elif rnd.random() < 0.3:  # is corrected, or forgotten
                bench.client.runs[job.id] = replace(job, status=S.CANCELLED, ended_at=bench.client.now)
        active = [job.id for job in bench.client.runs.values() if not job.status.is_terminal]
        if active:
            del bench.client.runs[active[0]]
        bench.sync()
        assert_equal_to_runs(bench.store)
    with bench.store.connection() as conn:
        conn.execute("delete from runs where id in (select id from runs order by id limit 40)")
    assert_equal_to_runs(bench.store)


def test_a_tenant_that_is_learned_later_is_counted_then(bench: Bench) -> None:
    job = run(1, S.FAILED, queued=START - timedelta(hours=2), took_s=30)
    bench.client.put(job, tenant=None)
    ready(bench)
    assert set(get_counts_by_tenant(EDGES, JobFilters(), source=bench.source).series) == {OTHERS}
    bench.client.events.append(Event(job.event_ids[0], "x", job.queued_at, {"tenantId": "late"}))
    read_trace(bench.ctx, job.id)
    assert_equal_to_runs(bench.store)
    assert set(get_counts_by_tenant(EDGES, JobFilters(), source=bench.source).series) == {"late"}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu"])
@pytest.mark.parametrize("span", [TimeRange.DAY, TimeRange.WEEK, TimeRange.MONTH])
def test_every_bar_is_as_long_as_the_list_it_leads_to(bench: Bench, zone: str, span: TimeRange) -> None:
    rnd = random.Random(3)
    for number in range(90):
        put(bench, number, rnd.choice([S.COMPLETED, S.FAILED, S.CANCELLED, S.RUNNING]), hours=rnd.random() * 50)
    put(bench, 200, S.COMPLETED, hours=2)
    bench.client.runs["R" + "0" * 22 + "200"] = replace(  # took more than an hour
        bench.client.runs[f"R{200:025d}"], queued_at=START - timedelta(hours=9), id=f"R{200:025d}"
    )
    ready(bench)
    edges = edges_of(span, START, ZoneInfo(zone))
    counts = get_counts_by_status(edges, JobFilters(), source=bench.source)
    assert counts.total == sum(1 for job in bench.client.runs.values() if job.ended_at and job.ended_at >= edges[0])
    for status, bars in counts.series.items():
        for place, n in enumerate(bars):
            filters = JobFilters(status=S(status), since=edges[place], until=edges[place + 1])
            assert get_recent_jobs(filters, source=bench.source).total == n


def test_a_day_of_25_hours_is_one_bar(bench: Bench) -> None:
    paris = ZoneInfo("Europe/Paris")
    noon = datetime(2026, 10, 25, 11, tzinfo=UTC)
    bench.client.now = noon + timedelta(days=1)
    for number, hours in enumerate([12.6, -11.4]):  # 00:24 of that day in Paris, and 23:24
        bench.client.put(run(number, queued=noon - timedelta(hours=hours), took_s=60))
    ready(bench)
    edges = edges_of(TimeRange.MONTH, bench.client.now, paris)
    bars = get_counts_by_status(edges, JobFilters(), source=bench.source).series["completed"]
    assert bars[-2:] == (2, 0)


def test_what_ended_after_the_views_sync_is_not_in_its_bars(bench: Bench) -> None:
    put(bench, 1, hours=1)
    put(bench, 2, S.RUNNING, hours=1)
    ready(bench)
    seen = bench.source.state().as_of
    bench.client.runs[f"R{2:025d}"] = replace(bench.client.runs[f"R{2:025d}"], status=S.FAILED, ended_at=START)
    bench.later(seconds=10)
    bench.sync()
    before = get_counts_by_status(EDGES, JobFilters(), as_of=seen, source=bench.source)
    after = get_counts_by_status(EDGES, JobFilters(), source=bench.source)
    assert (before.total, after.total) == (1, 2)
    tenants = get_counts_by_tenant(EDGES, JobFilters(), as_of=seen, source=bench.source)
    assert tenants.total == 1


def test_tenants_with_most_jobs_have_names_and_the_rest_is_one(bench: Bench) -> None:
    number = 0
    for place in range(11):
        for _ in range(12 - place):
            put(bench, number, S.FAILED if number % 2 else S.COMPLETED, hours=3, tenant=f"t{place:02d}")
            number += 1
    put(bench, number, hours=3, tenant=None)
    ready(bench)
    counts = get_counts_by_tenant(EDGES, JobFilters(), source=bench.source)
    sizes = {tenant: sum(bars) for tenant, bars in counts.series.items()}
    assert sizes == {**{f"t{place:02d}": 12 - place for place in range(8)}, OTHERS: 4 + 3 + 2 + 1}
    failed = get_counts_by_tenant(EDGES, JobFilters(status=S.FAILED), source=bench.source)
    assert failed.total == sum(1 for job in bench.client.runs.values() if job.status is S.FAILED)


@pytest.fixture
def months(store: Store, settings_for: Any) -> JobSource:
    """Two months of a dozen tenants."""
    fill(store, 6_000, days=60, tenants=12, active=5)
    return JobSource(store, JobTypes.of(settings_for()), clock=lambda: NOW)


@pytest.mark.parametrize(
    ("span", "zone", "filters"),
    [
        (TimeRange.WEEK, "UTC", JobFilters()),
        (TimeRange.WEEK, "Asia/Kathmandu", JobFilters(status=S.FAILED)),
        (TimeRange.WEEK, "Asia/Kathmandu", JobFilters(type="pdf-generation", status=S.COMPLETED)),
        (TimeRange.MONTH, "Asia/Kolkata", JobFilters(status=S.FAILED)),
        (TimeRange.MONTH, "Asia/Kathmandu", JobFilters()),
        (TimeRange.MONTH, "America/Los_Angeles", JobFilters(type="pdf-generation")),
    ],
)
def test_bars_of_tenants_are_what_the_runs_say(
    months: JobSource, span: TimeRange, zone: str, filters: JobFilters
) -> None:
    edges = edges_of(span, NOW, ZoneInfo(zone))
    found = get_counts_by_tenant(edges, filters, source=months)
    with months.store.connection() as conn:
        rows = conn.execute(
            "select tenant_id, width_bucket(ended_at, %(edges)s::timestamptz[]) as part, count(*)::int as n from runs"
            " where ended_at >= %(first)s and ended_at < %(last)s and status = any(%(statuses)s)"
            " and function_id = any(%(functions)s) group by 1, 2",
            {
                "edges": list(edges), "first": edges[0], "last": edges[-1],
                "statuses": [filters.status] if filters.status else list(SHOWN),
                "functions": list(months.types.functions_of(filters.type)) if filters.type else list(FUNCTIONS),
            },
        ).fetchall()  # fmt: skip
    expected: dict[str, list[int]] = {}
    for row in rows:
        bars = expected.setdefault(
            row["tenant_id"] if row["tenant_id"] in found.series else OTHERS, [0] * (len(edges) - 1)
        )
        bars[row["part"] - 1] += row["n"]
    assert len(found.series) == MOST_TENANTS + 1
    assert found.series == {tenant: tuple(bars) for tenant, bars in expected.items()}


def test_the_tenants_named_are_those_with_most_in_the_days_of_the_range(months: JobSource) -> None:
    """Whole weeks are read as such: none twice, no day left out, whichever weekday it begins and ends on."""
    for days, ago in itertools.product([1, 3, 6, 7, 8, 13, 14, 30, 45], range(8)):
        last = NOW.replace(hour=0) - timedelta(days=ago)
        first = last - timedelta(days=days)
        counts = get_counts_by_tenant([first, last], JobFilters(status=S.COMPLETED), source=months)
        with months.store.connection() as conn:
            rows = conn.execute(
                "select tenant_id from runs where status = 'completed' and ended_at >= %s and ended_at < %s"
                " group by 1 order by count(*) desc, 1 limit 8",
                (first, last),
            ).fetchall()
        assert set(counts.series) - {OTHERS} == {row["tenant_id"] for row in rows}, (days, ago)


def test_counts_of_an_older_store_are_made_from_what_it_had(empty: Settings) -> None:
    known = known_migrations()
    with psycopg.connect(empty.monitor_database_url, row_factory=dict_row) as conn:
        migrate(lambda: psycopg.connect(empty.monitor_database_url, row_factory=dict_row),
                [migration for migration in known if migration.version < 41])  # fmt: skip
        conn.execute(
            "insert into runs (id, function_id, status, queued_at, ended_at, is_long, first_seq, ended_seq, tenant_id)"
            " select 'R' || n, 'f' || n % 3, (array['completed', 'failed', 'cancelled', 'unknown'])[n % 4 + 1],"
            " at, at, false, 1, 1, (array['a', 'b', null])[n % 3 + 1]"
            " from generate_series(1, 500) n, lateral (select timestamptz '2026-11-01' + n * interval '37 minutes' as at) as q"
        )
        conn.commit()
    with Store.open(empty) as store:
        assert_equal_to_runs(store)
        with store.connection() as conn:
            assert conn.execute("select sum(n)::int as n from run_counts_by_half").fetchone() == {"n": 500}


def test_filters_of_type_and_tenant_narrow_the_bars(bench: Bench) -> None:
    put(bench, 1, hours=1, function="f")
    put(bench, 2, hours=1, function="g")
    put(bench, 3, hours=1, function="g", tenant="other")
    ready(bench)
    for filters, expected in {
        JobFilters(type="g"): 2, JobFilters(tenant="acme"): 2, JobFilters(type="g", tenant="acme"): 1,
        JobFilters(type="none"): 0,
    }.items():  # fmt: skip
        assert get_counts_by_status(EDGES, filters, source=bench.source).total == expected
    assert get_counts_by_tenant(EDGES, JobFilters(type="g"), source=bench.source).total == 2
    whichever = get_counts_by_tenant(EDGES, JobFilters(tenant="acme"), source=bench.source)
    assert whichever.total == 3, "the tenants are what is compared"


def test_a_limited_user_sees_counts_of_the_own_tenant_only(bench: Bench) -> None:
    for number, tenant in enumerate(["acme", "other", "other", None]):
        put(bench, number, hours=1, tenant=tenant)
    ready(bench)
    source = bench.source.of(User("ann", Role.ADMIN, tenant="acme"))
    for tenant in (None, "other", "none"):
        assert get_counts_by_status(EDGES, JobFilters(tenant=tenant), source=source).total == 1
        by_tenant = get_counts_by_tenant(EDGES, JobFilters(tenant=tenant), source=source)
        assert {key: sum(bars) for key, bars in by_tenant.series.items()} == {"acme": 1}
    assert get_usual_times(source=source) == {}


def _ended_within(jobs: list[Run], now: datetime, status: JobStatus, first: timedelta, last: timedelta) -> int:
    return sum(1 for job in jobs if job.status is status and job.ended_at and last <= now - job.ended_at <= first)


@pytest.mark.parametrize("minutes", [0.0, 7.3, 14.99, 52.5])
def test_cards_are_exact_where_a_view_begins_between_two_quarters(bench: Bench, minutes: float) -> None:
    """Two days, one day and the last hour count to the second, for everybody and for one tenant."""
    now = START + timedelta(minutes=minutes)
    edges = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=48))
    for number, edge in enumerate([*edges, *edges, timedelta(hours=5), timedelta(hours=30)]):
        for place, second in enumerate((-600, -1, 1, 600)):
            queued = now - edge + timedelta(seconds=second - 30)
            status = S.FAILED if number % 2 else S.COMPLETED
            bench.client.put(
                run(10 * number + place, status, queued=queued, took_s=30), tenant="acme" if place % 2 else "b"
            )
    bench.client.now = now
    ready(bench)
    ended = [job for job in bench.client.runs.values() if job.ended_at]
    tenants = {event.id: event.data["tenantId"] for event in bench.client.events}
    for user in (None, User("ada", Role.ADMIN, tenant="acme")):
        source = bench.source.of(user) if user else bench.source
        mine = [job for job in ended if user is None or tenants[job.event_ids[0]] == "acme"]

        within = partial(_ended_within, mine, now)
        summary = get_job_summary(source=source)
        assert summary.completed_last_24h == within(S.COMPLETED, edges[1], timedelta(0))
        assert summary.failed_last_24h == within(S.FAILED, edges[1], timedelta(0))
        assert summary.completed_previous_24h == within(S.COMPLETED, edges[2], edges[1])
        assert summary.failed_previous_24h == within(S.FAILED, edges[2], edges[1])
        assert summary.completed_by_hour[-1] == within(S.COMPLETED, edges[0], timedelta(0))
        assert summary.failed_by_hour[-1] == within(S.FAILED, edges[0], timedelta(0))
        assert sum(summary.completed_by_hour) == summary.completed_last_24h


def test_cards_of_a_view_know_neither_later_ends_nor_whose_a_job_was_found_to_be(bench: Bench) -> None:
    put(bench, 1, S.RUNNING, hours=3)
    put(bench, 2, S.FAILED, hours=2)
    late = run(3, S.FAILED, queued=START - timedelta(hours=2.5), took_s=30)
    bench.client.put(late, tenant=None)
    ready(bench)
    seen = bench.source.state().as_of
    mine = bench.source.of(User("ada", Role.ADMIN, tenant="acme"))
    bench.client.events.append(Event(late.event_ids[0], "x", late.queued_at, {"tenantId": "acme"}))
    read_trace(bench.ctx, late.id)
    ended = START - timedelta(hours=1.4)
    bench.client.runs[f"R{1:025d}"] = replace(bench.client.runs[f"R{1:025d}"], status=S.FAILED, ended_at=ended)
    bench.sync()
    assert get_job_summary(as_of=seen, source=mine).failed_last_24h == 1
    assert get_job_summary(as_of=seen, source=bench.source).failed_last_24h == 2
    assert get_job_summary(source=mine).failed_last_24h == 3
    assert get_job_summary(source=bench.source).failed_last_24h == 3
    for source in (mine, bench.source):
        assert get_job_summary(as_of=seen, source=source).failed_last_24h == (
            get_recent_jobs(JobFilters(status=S.FAILED), as_of=seen, source=source).total
        )
