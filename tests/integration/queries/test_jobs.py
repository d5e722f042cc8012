"""Lists and counts on a real store: they agree at one as-of, and paging shows every row once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import NO_TENANT, AsOf, Event, JobFilters, JobPage, JobStatus, TimeRange
from salina_monitor.queries import (
    JobSource,
    count_new_jobs,
    get_filter_choices,
    get_job_summary,
    get_recent_jobs,
    iter_jobs,
)
from salina_monitor.queries import summary as summary_module
from salina_monitor.store import Store
from tests.bench.recording import statements_of
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


def test_what_came_into_a_list_is_counted_as_new(bench: Bench) -> None:
    def put(number: int, status: JobStatus, tenant: str | None = "acme") -> None:
        bench.client.put(run(number, status, queued=START - timedelta(minutes=5), took_s=200), tenant=tenant)

    put(1, S.RUNNING)
    put(2, S.QUEUED)
    put(3, S.FAILED)
    put(4, S.FAILED, None)
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    seen = bench.source.state().as_of
    put(1, S.FAILED)
    put(2, S.RUNNING)
    bench.client.put(run(5, S.FAILED, queued=START + timedelta(minutes=2)), tenant="acme")
    unknown = run(4)
    bench.client.events.append(Event(unknown.event_ids[0], "x", bench.client.now, {"tenantId": "acme"}))
    bench.later(minutes=4)
    bench.sync()
    now = bench.source.state().as_of
    failed = JobFilters(status=S.FAILED)
    lists = {
        JobFilters(): 1, failed: 2, replace(failed, tenant="acme"): 3, JobFilters(status=S.RUNNING): 1,
        JobFilters(status=S.QUEUED): 0, JobFilters(status=S.COMPLETED): 0,
        JobFilters(since=START - timedelta(hours=1), until=START + timedelta(hours=1)): 2,
    }  # fmt: skip
    for filters, number in lists.items():
        before, after = (get_recent_jobs(filters, as_of=at, source=bench.source) for at in (seen, now))
        came = {job.id for job in after.jobs} - {job.id for job in before.jobs}
        assert len(came) == number, filters
        assert count_new_jobs(filters, seen, now, source=bench.source) == number, filters


@pytest.mark.parametrize("active", [6, 7])
def test_more_active_jobs_than_are_counted_are_marked_as_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, active: int
) -> None:
    monkeypatch.setattr(summary_module, "COUNT_CAP", 3)
    for number in range(active):
        status = S.QUEUED if number in (0, active - 1) else S.RUNNING
        bench.client.put(run(number, status, queued=START - timedelta(minutes=20 * number)))
    bench.later(minutes=2)
    bench.sync()
    found = get_job_summary(source=bench.source)
    assert found.oldest_queued_at == START - timedelta(minutes=20 * (active - 1))
    assert (found.stuck_running, found.stuck_queued) == (active - 4, 1)
    assert ("queued" in found.capped) == (active == 7)
    assert "active" in found.capped


def test_ids_are_found_beside_other_words(bench: Bench) -> None:
    bench.client.put(run(17, S.FAILED, message="boom-17"), run(18, S.FAILED, message="boom-18"), tenant="acme")
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    one = run(17)
    found = {
        f"{one.id} boom": 1, f"acme {one.event_ids[0].lower()}": 1, f"{one.id} {one.event_ids[0]}": 1,
        f"{one.id} {run(18).event_ids[0]}": 0, f"{one.id} crash": 0, "boom acme": 2,
    }  # fmt: skip
    for text, total in found.items():
        assert get_recent_jobs(JobFilters(text=text), source=bench.source).total == total, text


@pytest.mark.parametrize("form", ["{0:08x}-5c2e-4d1b-9f3a-{0:012x}", "stm_{0}"])
def test_each_id_of_a_long_input_is_found_and_no_other(bench: Bench, form: str) -> None:
    ids = [form.format(50_000 + 7 * n) for n in range(500)]
    job, other = run(1, S.FAILED), run(2, S.FAILED)
    bench.client.put(job, other, tenant=None)
    bench.client.events += [
        Event(job.event_ids[0], "x", job.queued_at, {"tenantId": "acme", "statementIds": ids}),
        Event(other.event_ids[0], "x", other.queued_at, {"tenantId": "acme", "statementIds": [form.format(1)]}),
    ]
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    for wanted in (ids[0], ids[250], f"({ids[499].upper()}),", f"acme {ids[499]}", f"{ids[300]} boom"):
        found = get_recent_jobs(JobFilters(text=wanted), source=bench.source)
        assert [one.id for one in found.jobs] == [job.id], wanted
    assert get_recent_jobs(JobFilters(text=form.format(50_001)), source=bench.source).total == 0
    assert get_recent_jobs(JobFilters(text=f"{ids[499]} crash"), source=bench.source).total == 0


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


@pytest.mark.parametrize("newest", [10_000, 12])
@pytest.mark.parametrize("tenant", [None, "a"])
@pytest.mark.parametrize("text", ["alpha", "alpha beta", "alp", "alpha nowhere"])
def test_a_search_for_frequent_words_has_the_pages_of_any_other(
    store: Store, settings_for: Any, monkeypatch: pytest.MonkeyPatch, text: str, tenant: str | None, newest: int
) -> None:
    """Its number is known from the words themselves; its pages hold what only begins like them too."""
    with store.connection() as conn:
        conn.execute(
            "insert into runs (id, function_id, status, queued_at, ended_at, is_long, first_seq, ended_seq, tenant_id,"
            " tenant_seq, search)"
            " select 'X' || lpad(i::text, 25, '0'), 'f', 'failed', %(at)s - i * interval '1 m', %(at)s, false, 1, 1,"
            " case when i %% 3 > 0 then 'a' else 'b' end, 1, (case when i %% 4 = 0 or i = 14 then 'alphabet betatest '"
            " when i %% 9 < 7 then 'alpha beta ' else 'gamma ' end || (select string_agg('w' || i * 7 %% 150 + n, ' ')"
            " from generate_series(0, 9) n))::tsvector from generate_series(1, 400) i",
            {"at": START},
        )
        conn.execute(
            "update mirror_state set visible_seq = 1, last_seq = 1, synced_at = %(at)s, server_at = %(at)s",
            {"at": START},
        )
        conn.execute("analyze runs")  # of beginnings of words it expects nothing in particular below a hundred words
    source = JobSource(store, JobTypes.of(settings_for()), clock=lambda: START, tenant=tenant)
    monkeypatch.setattr("salina_monitor.queries.jobs.NEWEST", newest)

    def pages() -> list[JobPage]:
        return [get_recent_jobs(JobFilters(text=text), page, 5, source=source) for page in (1, 2, 4)]

    plain = pages()
    monkeypatch.setattr("salina_monitor.queries.jobs.COUNT_CAP", 20)
    for page, one in zip(pages(), plain, strict=True):
        assert [job.id for job in page.jobs] == [job.id for job in one.jobs]
        assert (page.total, page.total_is_capped) == (min(20, one.total), one.total > 20)
    statements = statements_of(
        store, lambda recorder: get_recent_jobs(JobFilters(text=text), 1, 5, source=replace(source, store=recorder))
    )
    counted_at_once = not any(b"as materialized" in statement for statement, _ in statements)
    assert counted_at_once == (text in ("alpha", "alpha beta"))
