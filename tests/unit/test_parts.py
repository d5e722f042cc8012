"""Hours and days of a zone: whole quarters of an hour, also where clocks change and zones are not whole hours off."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.models import TimeRange
from salina_monitor.parts import edges_of, is_days

NOW = datetime(2026, 11, 24, 14, 3, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_24_hours_end_with_the_hour_under_way() -> None:
    edges = edges_of(TimeRange.DAY, NOW, UTC)
    assert len(edges) == 25
    assert edges[0] == datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert edges[-1] == datetime(2026, 11, 24, 15, tzinfo=UTC)


def test_hours_of_kolkata_begin_at_half_past_of_utc() -> None:
    edges = edges_of(TimeRange.DAY, NOW, ZoneInfo("Asia/Kolkata"))
    assert edges[-2] == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # 19:00 there


def test_days_of_kolkata_begin_at_its_midnight() -> None:
    edges = edges_of(TimeRange.MONTH, NOW, ZoneInfo("Asia/Kolkata"))
    assert len(edges) == 31
    assert edges[-2:] == (
        datetime(2026, 11, 23, 18, 30, tzinfo=UTC),
        datetime(2026, 11, 24, 18, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("now", "day", "hours"),
    [
        (datetime(2026, 4, 2, 12, tzinfo=UTC), "2026-03-29", 23),  # clocks go forward in Paris
        (datetime(2026, 10, 28, 12, tzinfo=UTC), "2026-10-25", 25),  # and back
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(now: datetime, day: str, hours: int) -> None:
    paris = ZoneInfo("Europe/Paris")
    edges = edges_of(TimeRange.MONTH, now, paris)
    days = {str(a.astimezone(paris).date()): (b - a) / HOUR for a, b in itertools.pairwise(edges)}
    assert days.pop(day) == hours
    assert set(days.values()) == {24}


@pytest.mark.parametrize("now", [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)])
def test_hours_across_a_change_of_clocks_are_hours(now: datetime) -> None:
    edges = edges_of(TimeRange.DAY, now, ZoneInfo("Europe/Paris"))
    assert {b - a for a, b in itertools.pairwise(edges)} == {HOUR}


def test_a_day_whose_midnight_is_skipped_begins_at_the_skip() -> None:
    # In Beirut clocks went from 00:00 to 01:00 on 30 March 2025.
    edges = edges_of(TimeRange.MONTH, datetime(2025, 4, 1, 12, tzinfo=UTC), ZoneInfo("Asia/Beirut"))
    assert datetime(2025, 3, 29, 22, tzinfo=UTC) in edges


ZONES = sorted(available_timezones())


@given(
    zone=st.sampled_from(ZONES),
    span=st.sampled_from([TimeRange.DAY, TimeRange.WEEK, TimeRange.MONTH]),
    now=st.integers(0, 15 * 365 * 86_400).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
)
def test_any_zone_at_any_time_has_rising_edges_on_whole_quarters_around_now(
    zone: str, span: TimeRange, now: datetime
) -> None:
    edges = edges_of(span, now, ZoneInfo(zone))
    assert list(edges) == sorted(set(edges))
    assert edges[-2] <= now < edges[-1]
    assert is_days(edges) is (span is TimeRange.MONTH)
    assert all(edge.minute % 15 == 0 and edge.second == edge.microsecond == 0 for edge in edges)


def changes(zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """The hours in which the zone's clocks are changed."""
    hours = (since + HOUR * n for n in range(int((until - since) / HOUR)))
    return [at for at in hours if at.astimezone(zone).utcoffset() != (at + HOUR).astimezone(zone).utcoffset()]


@pytest.mark.parametrize(
    "name",
    ["Europe/Paris", "America/New_York", "America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Santiago",
     "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "Asia/Gaza", "America/Asuncion", "Africa/Casablanca"],
)  # fmt: skip
@pytest.mark.parametrize("span", [TimeRange.DAY, TimeRange.WEEK, TimeRange.MONTH])
def test_every_moment_around_a_change_of_clocks_is_in_one_part(name: str, span: TimeRange) -> None:
    """Looked at from a day before each change of two years to a day after it, in steps of some hours."""
    zone = ZoneInfo(name)
    for change in changes(zone, datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)):
        for hours in (-25, -1, 0, 1, 2, 3, 26):
            now = change + HOUR * hours + timedelta(minutes=17)
            edges = edges_of(span, now, zone)
            lengths = {b - a for a, b in itertools.pairwise(edges)}
            assert all(length > timedelta(0) for length in lengths)
            assert edges[-2] <= now < edges[-1]
            assert span.span is not None
            assert edges[-1] - edges[0] >= span.span - timedelta(hours=25)
            if is_days(edges):
                assert lengths <= {HOUR * n for n in (23, 24, 25)} | {HOUR * 23.5, HOUR * 24.5}
                assert len({edge.astimezone(zone).date() for edge in edges}) == len(edges)
            else:
                assert lengths == {HOUR}
