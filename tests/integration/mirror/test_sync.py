"""The mirror against a fake source on a real store: nothing is missed, doubled, reopened or lost by a kill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.inngest import BadCursor, InngestError, Unreachable
from salina_monitor.mirror import LeaseLost, read_state, verify
from salina_monitor.mirror.backlog import read_backlog_page
from salina_monitor.mirror.sync import sync_live
from salina_monitor.models import JobError, JobFilters, JobStatus, Run, TimeRange
from salina_monitor.queries import get_job_summary, get_recent_jobs
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, error, run
from tests.support.waiting import came_true

S = JobStatus


def day_of_runs(n: int) -> list:
    statuses = [S.COMPLETED, S.COMPLETED, S.FAILED, S.CANCELLED]
    return [
        run(i, statuses[i % 4], queued=START - timedelta(minutes=7 * i + 5), message=f"error {i}") for i in range(n)
    ]


def test_the_first_sync_shows_what_is_active_and_the_fill_brings_the_rest(bench: Bench) -> None:
    bench.client.put(*day_of_runs(300), run(1000, S.RUNNING), run(1001, S.QUEUED, queued=START - timedelta(days=20)))
    bench.sync()
    summary = get_job_summary(source=bench.source)
    assert (summary.active, summary.queued) == (1, 1)
    state = read_state(bench.store)
    assert state.filling
    assert state.fill is not None
    assert state.fill < 0.1
    bench.fill()
    assert bench.matches_source()
    assert read_state(bench.store).fill == 1.0
    assert not read_state(bench.store).filling


def test_the_fill_reads_the_newest_day_first_and_goes_on_where_it_stopped(bench: Bench) -> None:
    bench.client.page = 20
    bench.client.put(*(run(i, queued=START - timedelta(minutes=20 * i + 5)) for i in range(200)))
    bench.sync()
    for _ in range(4):
        assert bench.ctx.take_lease()
        read_backlog_page(bench.ctx)
    ended = [row["ended_at"] for row in bench.rows()]
    assert min(ended) >= START - timedelta(days=1)
    asked_before = bench.client.requests
    bench.ctx = bench.context("another process")
    with bench.store.connection() as conn:
        conn.execute("update mirror_state set lease_until = now() - interval '1 s'")
    assert bench.ctx.take_lease()
    bench.fill()
    assert bench.matches_source()
    assert (
        bench.client.requests - asked_before < 25
    )  # it did not begin anew: 200 runs are 10 pages, 3 days are 9 slices


def test_the_fill_asks_for_the_next_page_while_one_is_stored(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storing must not add to the time that the API takes."""
    bench.client.page = 20
    bench.client.put(*(run(i, queued=START - timedelta(minutes=6 * i + 5)) for i in range(60)))
    bench.sync()
    question = "runs:completed,cancelled"
    before, write, early = bench.client.asked.count(question), bench.ctx.write_page, []

    def write_late(seq: int, runs: Sequence[Run], *rest: Any, **then: Any) -> None:
        if runs and then["move_backlog"]["cursor"]:
            asked = before + len(early) + 2  # this page's question, and the next one
            early.append(came_true(lambda: bench.client.asked.count(question) >= asked, 5))
        write(seq, runs, *rest, **then)

    monkeypatch.setattr(bench.ctx, "write_page", write_late)
    bench.fill()
    assert early == [True, True]
    assert bench.matches_source()


def test_a_steady_refresh_with_fifty_new_runs_takes_four_requests(bench: Bench) -> None:
    bench.client.put(*day_of_runs(200))
    bench.sync()
    bench.fill()
    for _ in range(3):
        bench.later(minutes=5)
        now = bench.client.now
        first = 5000 + bench.client.requests
        bench.client.put(*(run(first + i, queued=now - timedelta(seconds=90 - i), took_s=20) for i in range(50)))
        before = bench.client.requests
        bench.sync()
        assert bench.client.requests - before <= 4, bench.client.asked[before:]
        assert bench.matches_source()


def test_what_ended_between_the_two_questions_is_caught(bench: Bench) -> None:
    bench.client.put(run(1, S.RUNNING, queued=START - timedelta(minutes=1)))
    bench.sync()
    bench.fill()
    bench.later(minutes=1)

    def finish(question: str) -> None:
        if question == "runs:completed,cancelled":  # after the active ones and the failed ones were listed
            bench.client.runs["R" + "1".rjust(25, "0")] = replace(
                bench.client.runs["R" + "1".rjust(25, "0")], status=S.FAILED, ended_at=bench.client.now
            )

    bench.client.before = finish
    bench.sync()
    bench.client.before = lambda question: None
    bench.later(seconds=10)
    bench.sync()
    assert bench.matches_source()


@pytest.mark.parametrize("minutes", [-10, 10])
def test_the_watermark_is_the_sources_time_whatever_our_clock_says(bench: Bench, minutes: int) -> None:
    bench.skew = timedelta(minutes=minutes)
    bench.client.put(*day_of_runs(20))
    bench.sync()
    bench.fill()
    for i in range(3):
        bench.later(minutes=3)
        bench.client.put(run(9000 + i, queued=bench.client.now - timedelta(seconds=100), took_s=70))
        bench.sync()
    assert bench.matches_source()
    state = read_state(bench.store)
    assert abs(state.skew.total_seconds() + minutes * 60) < 1


def live_on(bench: Bench) -> None:
    for _ in range(3):
        bench.sync()
        bench.fill()


def test_a_kill_anywhere_is_repaired_by_the_next_refresh(bench: Bench) -> None:
    """The process dies at the n-th request, for every n, in the middle of a life with failures, ends and events."""
    bench.client.page = 7
    bench.client.put(*day_of_runs(40))
    number = 2000
    for n in range(1, 30):
        bench.later(minutes=2)
        now = bench.client.now
        active = [r for r in bench.client.runs.values() if not r.status.is_terminal]
        for item in active:
            bench.client.runs[item.id] = replace(item, status=S.COMPLETED, ended_at=now - timedelta(seconds=5))
        for status in (S.RUNNING, S.QUEUED, S.FAILED, S.COMPLETED):
            number += 1
            bench.client.put(run(number, status, queued=now - timedelta(seconds=90), took_s=30))
        died_at = bench.client.requests + n % 9 + 1

        def die(question: str, died_at: int = died_at) -> None:
            if bench.client.requests + 1 == died_at:
                raise KeyboardInterrupt

        bench.client.before = die
        with pytest.raises(KeyboardInterrupt):
            live_on(bench)
        bench.client.before = lambda question: None
    bench.later(seconds=10)
    bench.sync()
    bench.fill()
    assert bench.matches_source()
    assert {row["tenant_id"] for row in bench.rows("tenant_id")} == {"northwind-press"}


def test_a_row_from_the_future_does_not_hide_what_ends_after_it(bench: Bench) -> None:
    bench.sync()
    bench.later(minutes=5)
    bench.client.put(run(1, S.COMPLETED, queued=START + timedelta(days=2)))
    bench.sync()
    bench.later(minutes=5)
    bench.client.put(run(2, S.COMPLETED, queued=bench.client.now - timedelta(seconds=90)))
    bench.sync()
    assert bench.matches_source()


def test_a_run_nobody_lists_any_more_is_asked_for_alone(bench: Bench) -> None:
    bench.client.put(run(1, S.RUNNING), run(2, S.RUNNING))
    bench.sync()
    bench.fill()
    bench.later(minutes=30)
    one = bench.client.runs["R" + "1".rjust(25, "0")]
    # It ended long before the watermark's overlap and only now shows up as ended.
    bench.client.runs[one.id] = replace(
        one, status=S.FAILED, ended_at=START + timedelta(minutes=1), error=JobError("E", "late")
    )
    bench.client.hidden.add(one.id)
    bench.sync()
    assert next(r for r in bench.rows("id, status, error_message") if r["id"] == one.id)["error_message"] == "late"


def test_a_run_the_source_forgot_is_unknown_and_not_active(bench: Bench) -> None:
    bench.client.put(run(1, S.RUNNING), run(2, S.RUNNING))
    bench.sync()
    bench.fill()
    del bench.client.runs["R" + "1".rjust(25, "0")]
    bench.later(minutes=1)
    bench.sync()
    assert get_job_summary(source=bench.source).active == 1
    gone = get_recent_jobs(JobFilters(status=S.UNKNOWN), source=bench.source)
    assert [job.status for job in gone.jobs] == [S.UNKNOWN]
    assert gone.jobs[0].completed_at is None


def test_an_ended_run_is_never_reopened_by_an_older_answer(bench: Bench) -> None:
    bench.client.put(run(1, S.COMPLETED))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    bench.client.put(run(1, S.RUNNING))
    bench.later(minutes=10)
    bench.sync()
    assert bench.rows()[0]["status"] == "completed"


def test_rows_that_arrive_late_are_found_by_the_hourly_sweep(bench: Bench) -> None:
    bench.client.put(*day_of_runs(10))
    bench.sync()
    bench.fill()
    bench.sweep()
    late = run(77, S.COMPLETED, queued=START - timedelta(hours=5))
    bench.later(minutes=61)
    bench.client.put(late)
    bench.sync()
    assert not bench.matches_source()
    assert bench.sweep()
    bench.fill()
    assert bench.matches_source()


def test_a_cursor_that_expired_does_not_end_the_fill(bench: Bench) -> None:
    bench.client.page = 5
    bench.client.put(*(run(i, queued=START - timedelta(minutes=i + 3)) for i in range(30)))
    bench.sync()
    thrown = []

    def expire(question: str) -> None:
        if question == "runs:completed,cancelled" and len(thrown) < 3 and bench.client.requests % 3 == 0:
            thrown.append(question)
            raise error(BadCursor, "bad_cursor")

    bench.client.before = expire
    bench.fill()
    assert thrown
    assert bench.matches_source()


def test_the_last_truth_stays_and_says_why_it_is_old(bench: Bench) -> None:
    bench.client.put(run(1, S.RUNNING))
    mirror = bench.mirror()
    try:
        assert not mirror.refresh(5).stale(bench.clock())

        def away(question: str) -> None:
            raise error(Unreachable, "refused", setting="INNGEST_API_URL")

        bench.client.before = away
        bench.later(minutes=1)
        state = mirror.refresh(5)
        assert state.stale(bench.clock())
        assert state.problem is not None
        assert (state.problem.code, state.problem.setting) == ("refused", "INNGEST_API_URL")
        assert state.as_of.at == START
        assert get_job_summary(source=bench.source).active == 1
        assert get_job_summary(source=bench.source).stale
        bench.client.before = lambda question: None
        assert mirror.refresh(5).problem is None
    finally:
        mirror.close()


def test_only_one_process_syncs_a_store_at_a_time(bench: Bench) -> None:
    other = bench.context("other")
    assert bench.ctx.take_lease()
    assert not other.take_lease()
    with bench.store.connection() as conn:
        conn.execute("update mirror_state set lease_until = now() - interval '1 s'")
    assert other.take_lease()
    with pytest.raises(LeaseLost):
        sync_live(bench.ctx)
    assert bench.rows() == []


def test_hostile_text_is_kept_as_text(bench: Bench) -> None:
    nasty = "a\x00b \ud800 <script>alert(1)</script> [x](javascript:alert(1)) " + "x" * 300_000
    bench.client.put(run(1, S.FAILED, message=nasty), tenant="=cmd|' /C calc'!A0")
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    job = get_recent_jobs(source=bench.source).jobs[0]
    assert job.error is not None
    assert job.error.message.startswith("a�b ? <script>alert(1)</script>")
    assert len(job.error.message) == 100_000
    assert job.tenant_id == "=cmd|' /C calc'!A0"


def test_verify_prints_what_differs_and_nothing_else(bench: Bench) -> None:
    bench.client.put(*day_of_runs(60), run(900, S.RUNNING))
    bench.sync()
    bench.fill()
    since = START - timedelta(days=2)
    assert verify(bench.ctx, since).divergences == ()
    with bench.store.connection() as conn:
        conn.execute("update runs set status = 'cancelled' where id = %s", [run(0).id])
        conn.execute("update runs set error_message = 'other' where id = %s", [run(2).id])
        conn.execute("delete from runs where id = %s", [run(1).id])
    bench.later(hours=1)  # past the overlap: a plain sync does not ask for these again
    found = verify(bench.ctx, since)
    assert {(d.run_id, d.field) for d in found.divergences} == {
        (run(0).id, "status"), (run(2).id, "error"), (run(1).id, "run"),
    }  # fmt: skip
    assert found.compared == 61


def test_an_api_key_alone_reads_no_events_and_still_works(bench: Bench) -> None:
    bench.client.can_read_events = False
    bench.client.put(*day_of_runs(10))
    bench.sync()
    bench.fill()
    assert bench.matches_source()
    assert "events" not in bench.client.asked
    jobs = get_recent_jobs(JobFilters(range=TimeRange.ALL), source=bench.source).jobs
    assert {(job.tenant_id, job.tenant_known) for job in jobs} == {(None, False)}


def test_an_error_of_the_source_is_raised_to_the_command_line(bench: Bench) -> None:
    def away(question: str) -> None:
        raise error(Unreachable, "timeout")

    bench.client.before = away
    mirror = bench.mirror()
    with pytest.raises(InngestError):
        mirror.sync_now()
    assert read_state(bench.store).problem is not None
    assert bench.context("next").take_lease()  # the lease was given back


def test_a_first_fill_of_many_failures_is_not_planned_as_if_nothing_were_there(bench: Bench) -> None:
    """The server had counted no row yet, and looked for what was made good anew for each failure: minutes a page."""
    with bench.store.connection() as conn:
        conn.execute("alter table runs set (autovacuum_enabled = off)")
        conn.execute("alter table events set (autovacuum_enabled = off)")
    failed = [run(i, S.FAILED, queued=START - timedelta(seconds=20 * i + 5)) for i in range(2_000)]
    good = [run(i, S.COMPLETED, queued=START - timedelta(seconds=20 * i)) for i in range(2_000, 4_000)]
    bench.client.put(*failed, *good)
    bench.sync()
    bench.fill()
    assert bench.matches_source()
    with bench.store.connection() as conn:
        row = conn.execute("select reltuples from pg_class where oid = 'runs'::regclass").fetchone()
    assert row is not None
    assert row["reltuples"] > 1_000
