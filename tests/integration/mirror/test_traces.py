"""True start, wait, duration and retries come from the trace; nothing is shown before it was read."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from salina_monitor.inngest import Unreachable
from salina_monitor.mirror.traces import missing_traces, read_trace, spans
from salina_monitor.models import JobFilters, JobStatus, Trace
from salina_monitor.queries import get_recent_jobs
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, error, run

S = JobStatus


def test_wait_is_never_shown_as_duration(bench: Bench) -> None:
    bench.client.put(run(1, S.COMPLETED, took_s=60))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    before = get_recent_jobs(source=bench.source).jobs[0]
    assert (before.wait_ms, before.duration_ms, before.started_at, before.retry_count) == (None, None, None, None)
    assert before.total_ms == 60_000
    read_trace(bench.ctx, before.id)
    after = get_recent_jobs(source=bench.source).jobs[0]
    assert (after.wait_ms, after.duration_ms, after.total_ms, after.retry_count) == (5_000, 55_000, 60_000, 0)


def test_a_running_jobs_trace_is_read_again_when_it_ends(bench: Bench) -> None:
    bench.client.put(run(1, S.RUNNING))
    bench.sync()
    read_trace(bench.ctx, run(1).id)
    running = get_recent_jobs(source=bench.source).jobs[0]
    assert (running.wait_ms, running.duration_ms) == (5_000, None)
    bench.later(minutes=2)
    bench.client.put(run(1, S.FAILED, took_s=90))
    bench.sync()
    ended = get_recent_jobs(source=bench.source).jobs[0]
    assert (ended.status, ended.duration_ms, ended.traced) == (S.FAILED, None, False)
    assert missing_traces(bench.ctx) == [ended.id]
    read_trace(bench.ctx, ended.id)
    assert get_recent_jobs(source=bench.source).jobs[0].duration_ms == 85_000


def test_a_run_cancelled_while_queued_has_neither_wait_nor_duration(bench: Bench) -> None:
    item = run(1, S.CANCELLED, took_s=3)
    bench.client.put(item)
    bench.client.traces[item.id] = Trace(item.id, S.CANCELLED, item.queued_at, None, item.ended_at, 0, ())
    bench.later(minutes=1)
    bench.sync()
    bench.fill()
    read_trace(bench.ctx, item.id)
    job = get_recent_jobs(source=bench.source).jobs[0]
    assert (job.wait_ms, job.duration_ms, job.traced) == (None, None, True)


def test_clocks_of_two_hosts_never_make_a_negative_wait() -> None:
    assert spans(START, START - timedelta(seconds=2), START - timedelta(seconds=3)) == (0, 0)
    assert spans(START, None, START) == (None, None)


def test_failures_are_traced_before_the_rest(bench: Bench) -> None:
    bench.client.put(run(1, S.COMPLETED, took_s=50), run(2, S.FAILED, took_s=10), run(3, S.COMPLETED, took_s=20))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    assert missing_traces(bench.ctx, limit=1) == [run(2).id]


def test_the_tenant_comes_from_the_input_where_no_event_gave_it(bench: Bench) -> None:
    item = run(1, S.COMPLETED)
    bench.client.put(item, tenant=None)
    bench.client.traces[item.id] = Trace(
        item.id, S.COMPLETED, item.queued_at, item.queued_at, item.ended_at, 0, (), {"tenant_id": "Ünïon-books"}
    )
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    read_trace(bench.ctx, item.id)
    bench.later(seconds=1)
    bench.sync()
    found = get_recent_jobs(JobFilters(tenant="Ünïon-books"), source=bench.source)
    assert [job.id for job in found.jobs] == [item.id]
    assert get_recent_jobs(JobFilters(text="ünïon"), source=bench.source).total == 1


def test_rows_on_somebodys_screen_come_first_and_waiting_for_them_ends(bench: Bench) -> None:
    bench.client.put(*(run(i, S.COMPLETED, queued=START - timedelta(minutes=i)) for i in range(30)))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    seen = [run(i).id for i in (29, 17, 23)]
    mirror = bench.mirror()
    try:
        bench.client.asked.clear()
        mirror.want_traces(seen)
        until = time.monotonic() + 5
        while mirror.traces_pending(seen) and time.monotonic() < until:
            time.sleep(0.01)
        traced = {job.id for job in get_recent_jobs(page_size=100, source=bench.source).jobs if job.traced}
        assert set(seen) <= traced
    finally:
        mirror.close()


def test_rows_looked_at_while_the_thread_finds_nothing_to_do_are_read_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were asked for between its last look and its pause, and waited until the pause was over."""
    bench.client.put(*(run(i, S.COMPLETED, queued=START - timedelta(minutes=i)) for i in range(3)))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    seen = [run(1).id]
    mirror = bench.mirror()
    asked: list[bool] = []

    def taken_by_another_process(*, ask: bool = True) -> bool:
        if not asked:
            mirror.want_traces(seen)
        asked.append(ask)
        return False

    monkeypatch.setattr(mirror.context, "take_lease", taken_by_another_process)
    try:
        mirror.want_traces([])  # starts the thread, which finds the lease taken
        until = time.monotonic() + 4
        while not asked and time.monotonic() < until:
            time.sleep(0.01)
        assert mirror.wait_for_traces(seen, timeout_s=2)
        assert [j.id for j in get_recent_jobs(source=bench.source).jobs if j.traced] == seen
    finally:
        mirror.close()


def test_a_source_that_fails_lets_nobody_wait_for_traces(bench: Bench) -> None:
    bench.client.put(run(1, S.FAILED))
    bench.later(minutes=2)
    bench.sync()
    bench.fill()

    def away(question: str) -> None:
        raise error(Unreachable, "timeout")

    bench.client.before = away
    mirror = bench.mirror()
    try:
        mirror.want_traces([run(1).id])
        until = time.monotonic() + 5
        while mirror.traces_pending([run(1).id]) and time.monotonic() < until:
            time.sleep(0.01)
        assert not mirror.traces_pending([run(1).id])
    finally:
        mirror.close()


@pytest.mark.parametrize("tries", [5])
def test_a_trace_that_does_not_exist_is_given_up(bench: Bench, tries: int) -> None:
    item = run(1, S.FAILED)
    bench.client.put(item)
    bench.later(minutes=2)
    bench.sync()
    bench.fill()
    bench.client.runs = {"other": replace(item, id="other")}
    for _ in range(tries):
        assert missing_traces(bench.ctx) == [item.id]
        read_trace(bench.ctx, item.id)
    assert missing_traces(bench.ctx) == []
