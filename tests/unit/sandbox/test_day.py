"""The publisher's day: what is in it, that it is the same for the same seed, and that it goes on."""

from __future__ import annotations

from collections import Counter

import pytest

from salina_monitor.sandbox.catalogue import BATCH, CLEANUP, NOTIFY, PDF, PDF_FAILURE, ROYALTIES, TENANTS
from salina_monitor.sandbox.day import Day, played_day
from salina_monitor.sandbox.moments import DAY, HOUR, MINUTE, SECOND
from salina_monitor.sandbox.runs import PlayedRun

NOW = 1_795_490_000 * SECOND


@pytest.fixture(scope="module")
def day() -> Day:
    return played_day(7, NOW)


@pytest.fixture(scope="module")
def last_day(day: Day) -> list[PlayedRun]:
    return [run for run in day.simulation.runs.values() if run.queued >= NOW - DAY]


def test_it_holds_about_two_thousand_runs_in_the_last_day_and_some_before(day: Day, last_day: list[PlayedRun]) -> None:
    assert 1_700 < len(last_day) < 2_600
    assert 3_000 < len(day.simulation.runs) - len(last_day) < 5_000


def test_it_holds_twelve_tenants_and_every_status(last_day: list[PlayedRun]) -> None:
    assert {run.tenant for run in last_day} - {None} == set(TENANTS)
    assert len(TENANTS) == 12
    assert {run.listed_status for run in last_day} == {"QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"}


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_its_first_look_is_lively_whatever_the_seed(seed: int) -> None:
    active = played_day(seed, NOW).simulation.active.values()
    assert sum(run.listed_status == "QUEUED" for run in active) >= 5
    assert sum(run.next_attempt is not None for run in active) >= 1
    assert any(run.function is BATCH for run in active)
    assert any(run.sleeping_since for run in active)


def test_it_holds_more_than_five_kinds_of_failure_among_them_a_huge_and_a_hostile_one(
    last_day: list[PlayedRun],
) -> None:
    failures = [run.failure for run in last_day if run.failure]
    assert len({failure.name for failure in failures}) >= 6
    assert max(len(failure.message) for failure in failures) >= 10_000
    assert any("<script>" in failure.message and "](javascript:" in failure.message for failure in failures)
    assert any(failure.stack.count("Traceback") == 2 for failure in failures)
    assert any("503 SlowDown" in failure.message for failure in failures)


def test_it_holds_runs_without_a_listable_event(last_day: list[PlayedRun]) -> None:
    cron = [run for run in last_day if run.function.cron]
    assert cron
    assert all(run.tenant is None and not run.event.listed for run in cron)
    assert any(run.function is ROYALTIES and not run.event.listed for run in last_day)
    assert any(run.function is PDF_FAILURE for run in last_day)


def test_a_batch_queues_its_statements_in_one_millisecond(last_day: list[PlayedRun]) -> None:
    assert Counter(run.queued for run in last_day).most_common(1)[0][1] >= 25


def test_waits_at_batch_time_are_long_and_never_negative(last_day: list[PlayedRun]) -> None:
    waits = [run.started - run.queued for run in last_day if run.started is not None]
    assert max(waits) > MINUTE
    assert min(waits) >= 0
    assert all(run.ended >= (run.started or run.queued) for run in last_day if run.ended is not None)


def test_concurrency_limits_hold(day: Day) -> None:
    """At no time do more runs of a function execute than it allows."""
    steps: list[tuple[int, int]] = []
    for run in day.simulation.runs.values():
        if run.function is PDF:
            for attempt in run.attempts:
                steps += [(attempt.started, 1), (attempt.ended or run.ended or NOW, -1)]
    at_work = most = 0
    for _, step in sorted(steps, key=lambda s: (s[0], s[1])):
        at_work += step
        most = max(most, at_work)
    assert 1 < most <= PDF.concurrency


def test_its_retries_fit_the_functions(day: Day) -> None:
    for run in day.simulation.runs.values():
        assert len(run.attempts) <= run.function.retries + 1
        if run.status == "FAILED" and run.attempts[-1].failure and run.attempts[-1].failure.retriable:
            assert len(run.attempts) == run.function.retries + 1


def test_the_same_seed_gives_the_same_day() -> None:
    first, second = (played_day(3, NOW).simulation for _ in range(2))
    assert list(first.runs) == list(second.runs)
    assert [run.listed_end for run in first.by_end] == [run.listed_end for run in second.by_end]
    assert list(first.runs) != list(played_day(4, NOW).simulation.runs)


def test_it_does_not_matter_in_how_many_steps_time_passes() -> None:
    at_once, bit_by_bit = (played_day(3, NOW) for _ in range(2))
    at_once.simulation.advance(NOW + MINUTE)
    for n in range(1, 601):
        bit_by_bit.simulation.advance(NOW + n * MINUTE // 600)
    assert list(at_once.simulation.runs) == list(bit_by_bit.simulation.runs)


def test_runs_come_in_every_few_seconds_while_somebody_looks() -> None:
    day = played_day(7, NOW)
    before = len(day.simulation.runs)
    for n in range(60):
        day.simulation.advance(NOW + n * SECOND)
        day.watched(day.simulation.now)
    assert 15 <= len(day.simulation.runs) - before <= 120


def test_it_is_quiet_while_nobody_looks() -> None:
    day = played_day(7, NOW)
    day.simulation.advance(NOW + 10 * MINUTE)
    before = len(day.simulation.runs)
    day.simulation.advance(NOW + 10 * MINUTE + 4 * HOUR)
    assert len(day.simulation.runs) - before < 2_600  # a night's batches included
    quiet = len(day.simulation.runs)
    day.watched(day.simulation.now)
    day.simulation.advance(day.simulation.now + 10 * SECOND)
    assert len(day.simulation.runs) - quiet >= 2


def test_a_page_left_open_fills_the_day_only_so_far_and_a_week_is_kept() -> None:
    day = played_day(7, NOW)
    simulation, first = day.simulation, next(iter(day.simulation.runs))
    simulation.advance(NOW + 9 * DAY)
    for n in range(24 * 60):
        simulation.advance(NOW + 9 * DAY + n * MINUTE)
        day.watched(simulation.now)
    assert simulation.queued_since(simulation.now - DAY) < 8_000
    assert first not in simulation.runs
    oldest = min(run.ended for run in simulation.by_end if run.ended)
    assert 7 * DAY <= simulation.now - oldest < 9 * DAY
    assert {run.id for run in simulation.by_start} == set(simulation.runs)
    nights = [r for r in simulation.by_end if r.function is CLEANUP and r.queued > simulation.now - 3 * DAY]
    assert len(nights) == 3


@pytest.mark.parametrize(("service", "function"), [("s3", PDF), ("resend", NOTIFY), ("database", PDF)])
def test_jobs_fail_while_a_service_is_broken_and_recover(service: str, function: object) -> None:
    day = played_day(7, NOW)
    simulation = day.simulation
    simulation.advance(NOW + 2 * MINUTE)
    for fault, status in (("error", "FAILED"), ("ok", "COMPLETED"), ("silent", "FAILED"), ("slow", "COMPLETED")):
        simulation.set_faults({service: fault})
        run = day.arrive(simulation.now, function, TENANTS[2])  # type: ignore[arg-type]
        run.fate = type(run.fate)()
        simulation.advance(simulation.now + 6 * MINUTE)
        assert run.status == status, fault
        if status == "FAILED":
            assert len(run.attempts) == run.function.retries + 1
            assert run.failure is not None
