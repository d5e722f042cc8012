"""Numbers, spans and times as people read them."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from salina_monitor.words import NONE, age, percent, plural

__all__ = ["NONE", "UNKNOWN", "age", "ago", "clock", "count", "percent", "plural", "short_id", "span", "window", "zone"]

UNKNOWN = "…"


def count(n: int | None, *, capped: bool = False) -> str:
    """`3,412`, `10,000+` when capped, `…` while unknown."""
    return UNKNOWN if n is None else f"{n:,}{'+' if capped else ''}"


def span(ms: int | None) -> str:
    """`12 ms`, `1.2 s`, `48 s`, `4 min 03 s`, `2 h 05 min`, `3 d 4 h`; `…` while unknown."""
    if ms is None:
        return UNKNOWN
    ms = max(0, ms)
    if ms < 1000:
        return f"{ms} ms"
    if ms < 9_950:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def ago(moment: datetime | None, now: datetime) -> str:
    """`just now`, `3 s ago`, `11 min ago`, `2 h ago`, `4 d ago`, `never`."""
    if moment is None:
        return "never"
    return "just now" if now - moment < timedelta(seconds=1) else f"{age(now - moment)} ago"


def short_id(run_id: str) -> str:
    """Beginning and end of a run id: the middle of a ULID tells people nothing."""
    return run_id if len(run_id) <= 14 else f"{run_id[:6]}…{run_id[-6:]}"


def zone(name: str | None) -> tuple[tzinfo, str]:
    """The viewer's zone and its name; UTC where the browser tells none or one unknown here."""
    try:
        return (ZoneInfo(name), name) if name else (ZoneInfo("UTC"), "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC"), "UTC"


def clock(moment: datetime | None, tz: tzinfo, now: datetime) -> str:
    """`14:03:20` today, `23 Nov 14:03:20` on another day of the viewer's zone, `never`."""
    if moment is None:
        return "never"
    local, today = moment.astimezone(tz), now.astimezone(tz).date()
    day = "" if local.date() == today else f"{local.day} {local:%b} "
    return f"{day}{local:%H:%M:%S}"


def window(since: datetime, until: datetime, tz: tzinfo) -> str:
    """`24 Nov 14:00 to 15:00`, `24 Nov` for a whole day, `23 Nov 22:00 to 24 Nov 01:00`."""
    first, last = since.astimezone(tz), until.astimezone(tz)
    day = f"{first.day} {first:%b}"
    if first.time() == last.time() == time() and (last.date() - first.date()).days == 1:
        return day
    ends = "" if last.date() == first.date() else f"{last.day} {last:%b} "
    return f"{day} {first:%H:%M} to {ends}{last:%H:%M}"
