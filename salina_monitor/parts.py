"""Hours and days of the viewer's zone as moments. No I/O.

Counts are kept in quarters of an hour, and every zone's hours and midnights are on such a quarter, so any part is a sum
of whole quarters. A day is as long as it is: 23 or 25 hours when the clocks change.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from salina_monitor.models import TimeRange

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def edges_of(span: TimeRange, now: datetime, tz: tzinfo) -> tuple[datetime, ...]:
    """Where the parts of a range begin, and where the last one ends, in UTC: n parts have n + 1 edges.

    24 h and 7 d are cut into hours of the zone, longer ranges into its days. The last part is the one under way.
    """
    if span in (TimeRange.HOUR, TimeRange.DAY, TimeRange.WEEK):
        hours = 168 if span is TimeRange.WEEK else 24
        end = _next_hour(now, tz)
        return tuple(end - HOUR * n for n in range(hours, -1, -1))
    return days(now, tz, 30)


def quarters(now: datetime, count: int = 96) -> tuple[datetime, ...]:
    """The edges of the last quarters of an hour, the one under way included; the same in every zone."""
    past = timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    end = now.astimezone(UTC) - past + QUARTER
    return tuple(end - QUARTER * n for n in range(count, -1, -1))


def days(now: datetime, tz: tzinfo, count: int) -> tuple[datetime, ...]:
    """The edges of the zone's last days, today included."""
    today = now.astimezone(tz).date()
    return tuple(_midnight(today - timedelta(days=n), tz) for n in range(count - 1, -2, -1))


def is_days(edges: tuple[datetime, ...]) -> bool:
    """Whether the parts are days."""
    return len(edges) > 1 and edges[1] - edges[0] > 2 * HOUR


def _next_hour(now: datetime, tz: tzinfo) -> datetime:
    local = now.astimezone(tz)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    # Counted from UTC: local arithmetic would lose an hour where the clocks change.
    return now.astimezone(UTC) - past + HOUR


def _midnight(day: date, tz: tzinfo) -> datetime:
    """Where a day begins. Where clocks skip midnight, the day begins at the skip."""
    return datetime.combine(day, time(), tz).astimezone(UTC)
