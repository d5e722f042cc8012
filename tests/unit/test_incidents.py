"""Counting bad and good results of one service, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.health.incidents import Watched, step

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
REACH = timedelta(seconds=90)
STATUS = {"g": "healthy", "d": "degraded", "b": "unhealthy"}


def walk(results: str, *, bad: int = 2, good: int = 2) -> list[bool]:
    watched, states = Watched("s3", START), []
    for place, letter in enumerate(results, 1):
        at = START + timedelta(seconds=30 * place)
        watched = step(watched, at, STATUS[letter], bad_limit=bad, good_limit=good, reach=REACH)
        states.append(watched.is_bad)
    return states


@pytest.mark.parametrize(
    ("results", "bad"),
    [
        ("g", "."), ("b", "."), ("bb", ".x"), ("bgb", "..."), ("bbg", ".xx"), ("bbgg", ".xx."), ("bbgbgg", ".xxxx."),
        ("dbgg", ".xx."), ("bgbgbgbb", ".......x"), ("bbgbgbgg", ".xxxxxx."), ("ddd", ".xx"), ("bbggbb", ".xx..x"),
    ],
)  # fmt: skip
def test_two_bad_in_a_row_open_and_two_good_close(results: str, bad: str) -> None:
    assert "".join("x" if state else "." for state in walk(results)) == bad


def test_the_numbers_are_settings() -> None:
    assert walk("bbbgggg", bad=3, good=4) == [False, False, True, True, True, True, False]
    assert walk("bg", bad=1, good=1) == [True, False]


def test_it_is_bad_since_the_first_of_the_bad_ones() -> None:
    watched = Watched("s3", START)
    for place, letter in enumerate("gbbb"):
        watched = step(
            watched, START + timedelta(seconds=30 * (place + 1)), STATUS[letter], bad_limit=2, good_limit=2, reach=REACH
        )
    assert watched.bad_since == START + timedelta(seconds=60)


def test_results_that_are_not_newer_change_nothing() -> None:
    watched = Watched("s3", START, bad=1, bad_since=START)
    assert step(watched, START, "unhealthy", bad_limit=2, good_limit=2, reach=REACH) is watched


@given(st.text("gdb", max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_it_never_changes_without_so_many_in_a_row(results: str, bad: int, good: int) -> None:
    states = [False, *walk(results, bad=bad, good=good)]
    for place in range(1, len(states)):
        if states[place] and not states[place - 1]:
            assert all(letter in "db" for letter in results[place - bad : place])
        if states[place - 1] and not states[place]:
            assert results[place - good : place] == "g" * good


@pytest.mark.parametrize(("seconds", "bad"), [(119, True), (121, False), (8 * 3600, False)])
def test_after_time_that_nobody_watched_it_is_counted_anew(seconds: int, bad: bool) -> None:
    one = step(Watched("s3", START), START + timedelta(seconds=1), "unhealthy", bad_limit=2, good_limit=2, reach=REACH)
    at = one.last_at + timedelta(seconds=seconds)
    two = step(one, at, "unhealthy", bad_limit=2, good_limit=2, reach=REACH)
    assert two.is_bad is bad
    assert two.bad_since == (one.last_at if bad else at)
