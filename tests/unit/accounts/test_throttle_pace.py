from __future__ import annotations

from datetime import timedelta

import pytest

from salina_monitor.accounts.throttle import ADDRESS, PAIR, USER, Pace

DELAYS = [(1, 0), (2, 0), (3, 2), (4, 4), (5, 8), (6, 16), (12, 900), (5000, 900)]


@pytest.mark.parametrize(("failures", "seconds"), DELAYS)
def test_the_delay_grows_from_the_third_failure_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert PAIR.delay(failures) == timedelta(seconds=seconds)


def test_a_stranger_cannot_lock_a_user_out_for_more_than_a_minute_from_elsewhere() -> None:
    assert USER.delay(10_000) == timedelta(seconds=60)


def test_an_address_that_tries_many_names_is_slowed_down_too() -> None:
    assert ADDRESS.delay(19) == timedelta(0)
    assert ADDRESS.delay(30) == timedelta(minutes=15)


def test_the_delay_never_shrinks() -> None:
    pace = Pace(free=3, ceiling=timedelta(minutes=1))
    delays = [pace.delay(failures) for failures in range(100)]
    assert delays == sorted(delays)
