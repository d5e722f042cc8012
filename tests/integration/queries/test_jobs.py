"""Lists and counts on a real store: they agree at one as-of, and paging shows every row once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from salina_monitor.models import NO_TENANT, AsOf, JobFilters, JobStatus, TimeRange
from salina_monitor.queries import get_filter_choices, get_job_summary, get_recent_jobs, iter_jobs
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run

S = JobStatus
CARDS = {
    S.RUNNING: "active", S.QUEUED: "queued", S.COMPLETED: "completed_last_24h", S.FAILED: "failed_last_24h",
}  # fmt: skip


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)


def life(bench: Bench) -> None:
    """Runs of every status, edges of every range, long ones, a burst in one microsecond, three tenants and none."""
    put = bench.client.put
    hours = [0, 0.5, 0.99, 1.01, 5, 23.9, 24.1, 30, 47, 60, 71]
    for i, (ago, status) in enumerate(product(hours, [S.COMPLETED, S.FAILED, S.CANCELLED])):
        put(run(i, status, queued=START - timedelta(hours=ago, minutes=3), took_s=100), tenant=f"tenant-{i % 3}")
    put(*(run(100 + i, S.FAILED, queued=START - timedelta(hours=2), took_s=5) for i in range(50)))
    put(*(run(200 + i, S.QUEUED, queued=START - timedelta(minutes=i)) for i in range(25)))
    put(*(run(300 + i, S.RUNNING, queued=START - timedelta(days=10 * i, minutes=1)) for i in range(4)))
    # Queued long before a range began, ended in it: half an hour before, and days before.
    put(run(400, S.COMPLETED, queued=START - timedelta(hours=24, minutes=30), took_s=3000))
    put(run(401, S.FAILED, queued=START - timedelta(days=2, hours=12), took_s=2.4 * 86400))
    put(run(402, S.COMPLETED, queued=START - timedelta(hours=2), function="nightly-cleanup", event=None))
    bench.sync()
    bench.fill()


def all_ids(bench: Bench, filters: JobFilters, as_of: AsOf, page_size: int = 20) -> list[str]:
    found: list[str] = []
    page = get_recent_jobs(filters, 1, page_size, as_of=as_of, source=bench.source)
    for number in range(1, page.num_pages + 1):
        found += [j.id for j in get_recent_jobs(filters, number, page_size, as_of=as_of, source=bench.source).jobs]
    assert len(found) == page.total
    return found


def expected(bench: Bench, filters: JobFilters) -> list[str]:
    """The same question answered over plain Python objects."""
    since = START - filters.range.span if filters.range.span else None
    rows = []
    for r in bench.client.runs.values():
        ended_in = r.ended_at is None or since is None or r.ended_at >= since
        tenant = next((e.data["tenantId"] for e in bench.client.events if r.event_ids and e.id == r.event_ids[0]), None)
        if (
            ended_in
            and filters.status in (None, r.status)
            and filters.tenant in (None, tenant or NO_TENANT)
            and (filters.type is None or filters.type == bench.source.types.type_of(r.function_id))
        ):
            rows.append(r)
    return [r.id for r in sorted(rows, key=lambda r: (r.queued_at, r.id), reverse=True)]


@pytest.mark.parametrize("span", list(TimeRange))
def test_every_filter_finds_exactly_its_runs_newest_first(bench: Bench, span: TimeRange) -> None:
    life(bench)
    as_of = bench.source.state().as_of
    for status, tenant, kind in product(
        [None, S.QUEUED, S.RUNNING, S.COMPLETED, S.FAILED, S.CANCELLED],
        [None, "tenant-1", NO_TENANT, "nobody"],
        [None, "pdf-generation", "nightly-cleanup", "no-such-type"],
    ):
        filters = JobFilters(kind, status, tenant, "", span)
        assert all_ids(bench, filters, as_of) == expected(bench, filters), filters


def test_a_card_counts_what_its_list_shows(bench: Bench) -> None:
    life(bench)
    as_of = bench.source.state().as_of
    summary = get_job_summary(as_of=as_of, source=bench.source)
    for status, field in CARDS.items():
        page = get_recent_jobs(JobFilters(status=status), as_of=as_of, source=bench.source)
        assert page.total == getattr(summary, field), field
        assert page.total > 0
    assert sum(summary.failed_by_hour) == summary.failed_last_24h
    assert sum(summary.completed_by_hour) == summary.completed_last_24h
    assert summary.oldest_queued_at == START - timedelta(minutes=24)


def test_a_view_does_not_move_while_syncs_commit(bench: Bench) -> None:
    """Pages and counts of one as-of, taken while runs start, end and arrive."""
    life(bench)
    as_of = bench.source.state().as_of
    questions = [JobFilters(status=s, range=r) for s in (None, *CARDS) for r in (TimeRange.DAY, TimeRange.ALL)]
    before = {q: all_ids(bench, q, as_of, page_size=7) for q in questions}
    summary = get_job_summary(as_of=as_of, source=bench.source)
    for step in range(4):
        bench.later(minutes=1)
        now = bench.client.now
        bench.client.put(run(205 + step, S.RUNNING, queued=START - timedelta(minutes=5 + step)))
        bench.client.put(run(210 + step, S.FAILED, queued=START - timedelta(minutes=10 + step), took_s=900))
        bench.client.put(
            run(300 + step, S.COMPLETED, queued=START - timedelta(days=10 * step, minutes=1), took_s=864000 * step + 80)
        )
        bench.client.put(run(500 + step, S.COMPLETED, queued=now - timedelta(seconds=50), took_s=20))
        bench.client.put(run(600 + step, S.QUEUED, queued=START - timedelta(hours=3)))
        bench.sync()
        assert {q: all_ids(bench, q, as_of, page_size=7) for q in questions} == before
        assert get_job_summary(as_of=as_of, source=bench.source) == summary
    fresh = get_job_summary(source=bench.source)
    assert fresh.completed_last_24h != summary.completed_last_24h
    assert fresh.queued != summary.queued


def test_rows_of_one_instant_appear_once_each_across_pages(bench: Bench) -> None:
    life(bench)
    as_of = bench.source.state().as_of
    ids = all_ids(bench, JobFilters(status=S.FAILED), as_of, page_size=7)
    burst = {run(100 + i).id for i in range(50)}
    assert len(ids) == len(set(ids))
    assert burst <= set(ids)


def test_a_page_is_held_within_what_exists(bench: Bench) -> None:
    life(bench)
    assert get_recent_jobs(JobFilters(status=S.QUEUED), 99, source=bench.source).page == 2
    assert get_recent_jobs(JobFilters(status=S.QUEUED), -3, source=bench.source).page == 1
    assert get_recent_jobs(JobFilters(tenant="nobody"), 4, source=bench.source).jobs == ()
    assert len(get_recent_jobs(page_size=10_000_000, source=bench.source).jobs) == 100


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("boom-17", [17]), ("BOOM 17", [17]), ("boo", [17, 18]), ("publisher", [18]),
        ("nothing at all", []), ("%", []), ("'; drop table runs; --", []), ("generate-statement", [17, 18]),
    ],
)  # fmt: skip
def test_search_finds_words_and_the_beginnings_of_words(bench: Bench, text: str, numbers: list[int]) -> None:
    bench.client.put(run(17, S.FAILED, message="boom-17 in /srv/a.py"), tenant="acme")
    bench.client.put(run(18, S.FAILED, message="boom-18"), tenant="Publisher-18")
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    found = get_recent_jobs(JobFilters(text=text), source=bench.source)
    assert sorted(job.id for job in found.jobs) == sorted(run(n).id for n in numbers)


def test_search_finds_a_run_by_the_beginning_of_its_own_or_its_events_id(bench: Bench) -> None:
    bench.client.put(replace(run(1), id="01M84RCYDTFRS5K3RNVT5QH14J", event_ids=("01M84RCY55SKSRCCNJCTG1TZWQ",)))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    for text in ("01M84RCYDT", "01m84rcydtfrs5k3rnvt5qh14j", "01M84RCY55"):
        assert get_recent_jobs(JobFilters(text=text), source=bench.source).total == 1, text
    assert get_recent_jobs(JobFilters(text="01M84RCYDX"), source=bench.source).total == 0


def test_before_the_first_sync_nothing_is_zero(bench: Bench) -> None:
    summary = get_job_summary(source=bench.source)
    assert (summary.active, summary.queued, summary.completed_last_24h, summary.failed_last_24h) == (None,) * 4
    assert summary.as_of is None
    assert summary.stale
    page = get_recent_jobs(source=bench.source)
    assert (page.total, page.as_of, page.stale) == (0, None, True)


def test_the_export_is_the_filtered_list(bench: Bench) -> None:
    life(bench)
    as_of = bench.source.state().as_of
    filters = JobFilters(status=S.FAILED, range=TimeRange.ALL)
    assert [j.id for j in iter_jobs(filters, as_of, source=bench.source)] == all_ids(bench, filters, as_of)


def test_choices_name_every_function_and_tenant_that_has_runs(bench: Bench) -> None:
    life(bench)
    choices = get_filter_choices(source=bench.source)
    assert choices.tenants == ("northwind-press", "tenant-0", "tenant-1", "tenant-2")
    assert list(choices.types)[:2] == ["pdf-generation", "batch-statements"]
    assert choices.types["nightly-cleanup"] == "Nightly-Cleanup"


def test_counts_stop_at_the_cap(bench: Bench) -> None:
    with bench.store.connection() as conn:
        conn.execute(
            "insert into runs (id, function_id, status, queued_at, ended_at, is_long, first_seq, running_seq, ended_seq, tenant_seq)"
            " select 'X' || lpad(i::text, 25, '0'), 'f', 'failed', %(at)s - i * interval '1 s', %(at)s, false, 1, 1, 1, 1"
            " from generate_series(1, 10050) i",
            {"at": START},
        )
        conn.execute(
            "update mirror_state set visible_seq = 1, last_seq = 1, synced_at = %(at)s, server_at = %(at)s",
            {"at": START},
        )
    page = get_recent_jobs(JobFilters(status=S.FAILED), source=bench.source)
    assert (page.total, page.total_is_capped) == (10_000, True)
    assert get_recent_jobs(JobFilters(status=S.FAILED), 500, source=bench.source).page == 500
    summary = get_job_summary(source=bench.source)
    assert (summary.failed_last_24h, summary.capped) == (10_000, {"failed_last_24h"})
