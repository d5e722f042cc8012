"""Results kept, and made into quarters and days: known seconds, gaps as gaps, the same however often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from salina_monitor.health import HealthHistory, get_uptime
from salina_monitor.models import HealthCheckResult, HealthStatus, Service
from salina_monitor.parts import days, quarters
from salina_monitor.retention import Retention
from salina_monitor.store import Store, StoreUnavailable

H = HealthStatus
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Keeper:
    """A history with results at moments of a test."""

    def __init__(self, store: Store, settings_for: Callable[..., Any], **env: str) -> None:
        self.store = store
        self.settings = settings_for(**env)
        self.history = HealthHistory(store, self.settings)

    def put(
        self, at: datetime, status: HealthStatus = H.HEALTHY, ms: int | None = 20, service: Service = Service.S3
    ) -> None:
        self.history.found(HealthCheckResult(service, status, ms, "words", at, "ok"))

    def every(
        self, since: datetime, minutes: float, status: HealthStatus = H.HEALTHY, step_s: int = 30, **more: Any
    ) -> None:
        for n in range(int(minutes * 60 / step_s)):
            self.put(since + timedelta(seconds=n * step_s), status, **more)

    def roll(self, now: datetime, back: timedelta = timedelta(hours=3)) -> None:
        self.history.flush()
        self.history.roll_up(now - back, now)

    def parts(self, now: datetime, count: int = 4, service: Service = Service.S3) -> list[tuple[int, int, int]]:
        uptime = next(u for u in get_uptime(self.store, quarters(now, count)) if u.service is service)
        return [(round(p.up_s), round(p.degraded_s), round(p.down_s)) for p in uptime.parts]


@pytest.fixture
def keeper(store: Store, settings_for: Callable[..., Any]) -> Keeper:
    return Keeper(store, settings_for)


def forgotten(keeper: Keeper, now: datetime) -> dict[str, int]:
    gone, _ = Retention(keeper.store, keeper.settings, now=lambda: now).prune()
    return {one.table: one.rows for one in gone if one.rows}


def test_each_second_is_what_the_last_result_said(keeper: Keeper) -> None:
    keeper.every(NOON, 15)
    keeper.every(NOON + timedelta(minutes=15), 5, H.UNHEALTHY)
    keeper.every(NOON + timedelta(minutes=20), 5, H.DEGRADED)
    keeper.every(NOON + timedelta(minutes=25), 5)
    now = NOON + timedelta(minutes=30)
    keeper.roll(now)
    assert keeper.parts(now - timedelta(seconds=1), 2) == [(900, 0, 0), (300, 300, 300)]


def test_what_nobody_watched_is_a_gap_and_not_up(keeper: Keeper) -> None:
    keeper.every(NOON, 5)
    now = NOON + timedelta(minutes=30)
    keeper.roll(now)
    assert keeper.parts(now - timedelta(seconds=1), 2) == [(270 + 90, 0, 0), (0, 0, 0)], (
        "90 s after the last one at most"
    )


def test_a_result_reaches_over_the_end_of_its_quarter(keeper: Keeper) -> None:
    keeper.put(NOON - timedelta(seconds=20), H.UNHEALTHY)
    keeper.put(NOON + timedelta(seconds=10))
    now = NOON + timedelta(seconds=40)
    keeper.roll(now)
    assert keeper.parts(now, 2) == [(0, 0, 20), (30, 0, 10)]


def test_rolling_up_again_changes_nothing_and_late_results_are_added(keeper: Keeper) -> None:
    keeper.every(NOON, 15)
    now = NOON + timedelta(minutes=20)
    keeper.roll(now)
    before = keeper.parts(now, 2)
    for _ in range(3):
        keeper.roll(now)
    assert keeper.parts(now, 2) == before
    keeper.put(NOON + timedelta(minutes=7, seconds=45), H.UNHEALTHY)  # another process, a little late
    keeper.roll(now)
    assert keeper.parts(now, 2)[0] == (900 - 15, 0, 15)


def test_a_slower_pace_reaches_further(store: Store, settings_for: Callable[..., Any]) -> None:
    keeper = Keeper(store, settings_for, MONITOR_CHECK_DATABASE_SECONDS="300")
    for minute in range(0, 30, 5):
        keeper.put(NOON + timedelta(minutes=minute), service=Service.DATABASE)
        keeper.put(NOON + timedelta(minutes=minute))
    now = NOON + timedelta(minutes=30)
    keeper.roll(now)
    assert keeper.parts(now - timedelta(seconds=1), 2, Service.DATABASE) == [(900, 0, 0), (900, 0, 0)]
    assert keeper.parts(now - timedelta(seconds=1), 2) == [(270, 0, 0), (270, 0, 0)]


def test_days_are_those_of_the_viewer_and_as_long_as_they_are(keeper: Keeper) -> None:
    paris = ZoneInfo("Europe/Paris")
    now = datetime(2026, 10, 26, 12, tzinfo=UTC)
    midnight = datetime(2026, 10, 25, tzinfo=paris).astimezone(UTC)
    keeper.every(midnight, 25 * 60, step_s=60)  # the day on which clocks go back
    keeper.roll(now, timedelta(days=3))
    uptime = next(u for u in get_uptime(keeper.store, days(now, paris, 3)) if u.service is Service.S3)
    assert [round(part.up_s / 3600, 2) for part in uptime.parts] == [0, 25, 0.01], (
        "90 s of the last result are the next day's"
    )


def test_latency_is_of_answers_only(keeper: Keeper) -> None:
    for n in range(99):
        keeper.put(NOON + timedelta(seconds=30 * n), ms=n)
    keeper.put(NOON + timedelta(hours=2), H.UNHEALTHY, ms=5_000)
    keeper.roll(NOON + timedelta(hours=3))
    for edges in (quarters(NOON + timedelta(hours=2), 40), days(NOON, UTC, 90)):
        uptime = next(u for u in get_uptime(keeper.store, edges) if u.service is Service.S3)
        assert (uptime.n, uptime.p50_ms, uptime.p95_ms) == (99, 49, 94)


def test_what_was_not_measured_is_not_kept(keeper: Keeper) -> None:
    for status in (H.NOT_CONFIGURED, H.CHECKING):
        keeper.put(NOON, status)
    assert keeper.history.flush() == 0


def test_results_wait_for_a_store_that_is_away(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper.every(NOON, 5)

    def away(*args: object, **more: object) -> None:
        raise StoreUnavailable("store_lost", "Gone.")

    with monkeypatch.context() as patched:
        patched.setattr(keeper.store, "connection", away)
        with pytest.raises(StoreUnavailable):
            keeper.history.flush()
    keeper.put(NOON + timedelta(minutes=5))
    assert keeper.history.flush() == 11
    assert keeper.history.flush() == 0


def test_old_results_go_and_what_was_made_of_them_stays_longer(keeper: Keeper) -> None:
    keeper.every(NOON - timedelta(days=9), 15)
    keeper.every(NOON, 15)
    keeper.roll(NOON + timedelta(minutes=15), timedelta(days=10))
    assert forgotten(keeper, NOON) == {"health checks": 30}
    edges = days(NOON, UTC, 90)
    uptime = next(u for u in get_uptime(keeper.store, edges) if u.service is Service.S3)
    assert [round(part.up_s) for part in uptime.parts if part.up_s] == [900 + 60, 900]
    assert forgotten(keeper, NOON + timedelta(days=101))["health quarters"] > 0
    assert not any(part.up_s for u in get_uptime(keeper.store, edges) for part in u.parts)
