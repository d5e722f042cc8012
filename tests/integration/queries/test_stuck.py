"""Running or waiting longer than usual: the same jobs in card, list, filter and verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.mirror.baselines import EVERY, compute_baselines
from salina_monitor.mirror.traces import save_trace
from salina_monitor.models import JobFilters, JobStatus, Role, TimeRange, Trace, User
from salina_monitor.queries import get_job_detail, get_job_summary, get_recent_jobs
from salina_monitor.queries.predicates import LEAST_RUNS
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run

S = JobStatus


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)


def usual(bench: Bench, *, wait_s: float, took_s: float, runs: int = LEAST_RUNS, function: str = "f") -> None:
    """A past in which runs of `function` took like that."""
    first = 10_000 + 1000 * len(function)
    for number in range(first, first + runs):
        queued = START - timedelta(hours=5, seconds=number - first)
        bench.client.put(run(number, queued=queued, took_s=wait_s + took_s, function=function))
    bench.sync()
    bench.fill()
    for number in range(first, first + runs):
        job = bench.client.runs[f"R{number:025d}"]
        started = job.queued_at + timedelta(seconds=wait_s)
        save_trace(bench.ctx, Trace(job.id, S.COMPLETED, job.queued_at, started, job.ended_at, 0, ()))
    assert compute_baselines(bench.ctx)


def active(bench: Bench, number: int, status: JobStatus, minutes: float, function: str = "f") -> str:
    bench.client.put(run(number, status, queued=START - timedelta(minutes=minutes), function=function))
    return f"R{number:025d}"


def stuck_ids(bench: Bench) -> list[str]:
    page = get_recent_jobs(JobFilters(stuck=True, range=TimeRange.ALL), source=bench.source)
    return sorted(job.id for job in page.jobs)


@pytest.mark.parametrize(
    ("usual_took_s", "minutes", "is_stuck"),
    [
        (10, 4.9, False),  # three times the usual, but below the floor of five minutes
        (10, 5.1, True),
        (200, 9.9, False),  # three times 200 s are ten minutes
        (200, 10.1, True),
    ],
)
def test_a_job_runs_too_long_beyond_three_times_the_usual_and_the_floor(
    bench: Bench, usual_took_s: float, minutes: float, is_stuck: bool
) -> None:
    usual(bench, wait_s=1, took_s=usual_took_s)
    job_id = active(bench, 1, S.RUNNING, minutes)
    bench.sync()
    assert stuck_ids(bench) == ([job_id] if is_stuck else [])


@pytest.mark.parametrize(
    ("usual_wait_s", "minutes", "is_stuck"), [(1, 1.9, False), (1, 2.1, True), (60, 2.9, False), (60, 3.1, True)]
)
def test_a_job_waits_too_long_likewise(bench: Bench, usual_wait_s: float, minutes: float, is_stuck: bool) -> None:
    usual(bench, wait_s=usual_wait_s, took_s=10)
    job_id = active(bench, 1, S.QUEUED, minutes)
    bench.sync()
    assert stuck_ids(bench) == ([job_id] if is_stuck else [])


def test_without_enough_runs_to_know_what_is_usual_an_hour_counts(bench: Bench) -> None:
    usual(bench, wait_s=1, took_s=10, runs=LEAST_RUNS - 1)
    active(bench, 1, S.RUNNING, 59)
    long = active(bench, 2, S.RUNNING, 61)
    waiting = active(bench, 3, S.QUEUED, 61, function="never-seen")
    bench.sync()
    assert stuck_ids(bench) == [long, waiting]


def test_card_list_and_filter_have_the_same_number(bench: Bench) -> None:
    usual(bench, wait_s=1, took_s=10)
    for number in range(3):
        active(bench, number, S.RUNNING, 30)
    for number in range(10, 12):
        active(bench, number, S.QUEUED, 30)
    active(bench, 20, S.RUNNING, 1)
    bench.sync()
    summary = get_job_summary(source=bench.source)
    assert (summary.stuck_running, summary.stuck_queued) == (3, 2)
    assert len(stuck_ids(bench)) == 5
    marked = [job.id for job in get_recent_jobs(JobFilters(), source=bench.source).jobs if job.stuck]
    assert sorted(marked) == stuck_ids(bench)
    pages = [job for id in stuck_ids(bench) if (job := get_job_detail(id, source=bench.source))]
    assert [job.stuck for job in pages] == [True] * 5, "the page of a job says so too"
    running = JobFilters(stuck=True, status=S.RUNNING)
    assert get_recent_jobs(running, source=bench.source).total == 3


def test_what_ended_is_not_stuck_however_long_it_took(bench: Bench) -> None:
    bench.client.put(run(1, S.FAILED, queued=START - timedelta(hours=9), took_s=8 * 3600))
    bench.sync()
    bench.fill()
    assert stuck_ids(bench) == []
    assert get_job_summary(source=bench.source).stuck_running == 0


def test_a_limited_user_is_told_of_the_own_jobs_only(bench: Bench) -> None:
    active(bench, 1, S.RUNNING, 90)
    bench.sync()
    limited = bench.source.of(User("ada", Role.ADMIN, tenant="somebody-else"))
    assert get_job_summary(source=limited).stuck_running == 0


def test_baselines_are_computed_now_and_then_and_follow_what_is_usual(bench: Bench) -> None:
    usual(bench, wait_s=1, took_s=10)
    assert not compute_baselines(bench.ctx)
    bench.later(seconds=EVERY.total_seconds() + 1)
    assert compute_baselines(bench.ctx)
    with bench.store.connection() as conn:
        row = conn.execute("select n, wait_p50_ms, duration_p95_ms from baselines where function_id = 'f'").fetchone()
    assert row == {"n": LEAST_RUNS, "wait_p50_ms": 1000, "duration_p95_ms": 10_000}
