from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.inngest.limiter import MAX_PAUSE_S, NoSlot, RateLimiter
from tests.contract.inngest.replay import FakeTime


def limiter(rate: float) -> tuple[RateLimiter, FakeTime]:
    time = FakeTime()
    return RateLimiter(rate, monotonic=time.monotonic, sleep=time.sleep), time


@given(st.floats(0.1, 1000), st.integers(1, 60), st.lists(st.floats(0, 3), max_size=20))
def test_it_never_grants_more_than_burst_plus_rate(rate: float, wanted: int, pauses: list[float]) -> None:
    bucket, time = limiter(rate)
    for number in range(wanted):
        bucket.acquire(deadline=1e12)
        if number < len(pauses):
            time.now += pauses[number]
    assert wanted <= max(1.0, rate) + rate * (time.now - 1000.0) + 1.01


def test_it_grants_the_burst_at_once_and_then_one_by_one() -> None:
    bucket, time = limiter(5)
    assert [bucket.acquire(1e12) for _ in range(5)] == [0.0] * 5
    assert bucket.acquire(1e12) == pytest.approx(0.2)
    assert time.slept == [pytest.approx(0.2)]


def test_idle_time_fills_no_more_than_the_burst() -> None:
    bucket, time = limiter(2)
    time.now += 3600
    assert sum(bucket.acquire(1e12) for _ in range(4)) == pytest.approx(1.0)


def test_a_rate_below_one_still_grants_the_first() -> None:
    bucket, _ = limiter(0.1)
    assert bucket.acquire(1e12) == 0
    assert bucket.acquire(1e12) == pytest.approx(10)


def test_it_refuses_at_once_what_cannot_be_in_time() -> None:
    bucket, time = limiter(1)
    bucket.acquire(1e12)
    with pytest.raises(NoSlot) as caught:
        bucket.acquire(time.now + 0.9)
    assert (caught.value.paused, time.slept) == (False, [])
    assert bucket.acquire(time.now + 1.1) == pytest.approx(1)  # the refused one took no slot


def test_a_pause_holds_everyone_and_is_never_shortened() -> None:
    bucket, time = limiter(50)
    bucket.pause(30)
    bucket.pause(1)
    with pytest.raises(NoSlot) as caught:
        bucket.acquire(time.now + 29)
    assert caught.value.paused
    assert caught.value.wait == pytest.approx(30)
    assert bucket.acquire(1e12) == pytest.approx(30)


def test_a_pause_that_begins_while_one_waits_is_kept_too() -> None:
    time = FakeTime()

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if len(time.slept) == 1:
            bucket.pause(10)

    bucket = RateLimiter(1, monotonic=time.monotonic, sleep=sleep)
    bucket.acquire(1e12)
    assert bucket.acquire(1e12) == pytest.approx(11)


def test_no_pause_is_longer_than_an_hour_or_negative() -> None:
    bucket, _ = limiter(1)
    bucket.pause(-5)
    assert bucket.acquire(1e12) == 0
    bucket.pause(1e300)
    assert bucket.acquire(1e12) == pytest.approx(MAX_PAUSE_S)
