"""When failures are more than usual, which cause owns them, and when the queue is empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.evidence import Cause, Evidence, TypeEvidence, main_cause, pace, unusual

NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failed", "ended", "usual", "expected"),
    [
        (2, 2, 0.0, False),  # below the floor, whatever the share
        (3, 60, 0.0, True),  # a twentieth, where nothing fails usually
        (3, 61, 0.0, False),
        (9, 100, 0.03, True),  # three times the usual
        (8, 100, 0.03, False),
        (69, 100, 0.4, False),  # where much fails, half of the way to all
        (70, 100, 0.4, True),
        (3, 15, None, True),  # a fifth, where nobody knows what is usual
        (3, 16, None, False),
        (5, 0, 0.1, True),  # counts of ended jobs that lag behind do not divide by nothing
    ],
)
def test_failures_are_unusual_above_floor_and_baseline(
    failed: int, ended: int, usual: float | None, expected: bool
) -> None:
    assert unusual(failed, ended, usual) is expected


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.none() | st.floats(0, 1))
def test_more_failures_never_make_it_more_usual(failed: int, ended: int, usual: float | None) -> None:
    assert unusual(failed, ended, usual) <= unusual(failed + 1, ended, usual)
    if usual is not None and usual < 1:
        assert unusual(max(3, ended), ended, usual)


def test_what_is_usual_is_not_known_from_few_jobs() -> None:
    assert TypeEvidence("t", "T", usual_ended=19, usual_failed=0).usual_share is None
    assert TypeEvidence("t", "T", usual_ended=20, usual_failed=5).usual_share == 0.25


def cause(fingerprint: str | None, day: int, hour: int = 0, *, decided: bool = False) -> Cause:
    return Cause(fingerprint, f"title {fingerprint}", day, hour, NOW - timedelta(hours=2), NOW, decided)


def test_a_cause_is_named_from_half_of_the_problem_on() -> None:
    assert main_cause((cause("a", 5), cause("b", 5)), lately=False)[1:] == (5, 10)
    found, owned, everything = main_cause((cause("a", 4), cause("b", 3), cause("c", 3)), lately=False)
    assert (found, owned, everything) == (None, 0, 10)
    assert main_cause((cause("a", 9, 1), cause("b", 1, 3)), lately=True)[0] == cause("b", 1, 3)


def test_one_fingerprint_in_two_types_is_one_cause() -> None:
    found, owned, everything = main_cause((cause("a", 3), cause("b", 4), cause("a", 3)), lately=False)
    assert (found, owned, everything) == (cause("a", 6), 6, 10)


def test_failures_without_an_error_are_no_cause() -> None:
    assert main_cause((cause(None, 9), cause("a", 1)), lately=False) == (None, 0, 10)


def test_what_somebody_decided_about_is_no_problem() -> None:
    assert main_cause((cause("a", 9, decided=True),), lately=False) == (None, 0, 0)
    one = TypeEvidence("t", "T", ended_hour=9, causes=(cause("a", 9, 9, decided=True),))
    assert not one.fails_now
    assert replace(one, causes=(cause("a", 9, 9),)).fails_now


def queue(queued: int, *, arrived: int = 0, ended: int = 0) -> Evidence:
    return Evidence(NOW, (TypeEvidence("t", "T", queued=queued),), arrived, ended)


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (queue(9, arrived=0, ended=100), ""),  # too short to matter
        (queue(40, arrived=20, ended=70), "drains in about 12 min"),
        (queue(400, arrived=10, ended=40), "drains in about 3 h"),
        (queue(10_000, arrived=10, ended=11), "drains in more than a day"),
        (queue(40, arrived=20, ended=20), "holds steady"),
        (queue(40, arrived=21, ended=20), "grows"),
        (queue(40), "nothing moved in 15 min"),
        (queue(12, arrived=0, ended=900), "drains in about 1 min"),
    ],
)
def test_the_queue_drains_at_the_pace_of_the_last_quarter(evidence: Evidence, said: str) -> None:
    assert pace(evidence) == said


def test_a_queue_of_which_jobs_start_moves() -> None:
    assert pace(replace(queue(40), started=1)) == ""


def test_a_wait_is_never_negative() -> None:
    assert Evidence(NOW, (), oldest_queued_at=NOW + timedelta(seconds=5)).oldest_wait() == timedelta(0)
    assert Evidence(NOW, ()).oldest_wait() is None
