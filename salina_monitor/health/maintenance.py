"""Times in which trouble is expected. They quieten alerts; results, incidents and counts are kept as ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from salina_monitor.health.lease import SQL
from salina_monitor.models import Service
from salina_monitor.store import Store

JOBS = "jobs"
"""The scope of everything that is judged of jobs."""
SCOPES = (*(service.value for service in Service), JOBS)
LONGEST = timedelta(days=7)
FARTHEST = timedelta(days=90)


class WindowRefused(ValueError):
    """The window cannot be. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `starts_at` until before `ends_at`, over `scopes` (services, `jobs`)."""

    id: int
    starts_at: datetime
    ends_at: datetime
    scopes: tuple[str, ...]
    why: str
    who: str

    def covers(self, scope: str, since: datetime, until: datetime) -> bool:
        """Whether any of the time is of that scope's maintenance."""
        return scope in self.scopes and self.starts_at < until and since < self.ends_at


def check_window(starts_at: datetime, ends_at: datetime, scopes: tuple[str, ...], why: str, now: datetime) -> None:
    """Raises WindowRefused for a window that makes no sense."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise WindowRefused("Say what is under maintenance.")
    if not why.strip():
        raise WindowRefused("Say why: whoever wonders at the silence will read it.")
    if ends_at <= starts_at:
        raise WindowRefused("It would end before it begins.")
    if ends_at <= now:
        raise WindowRefused("That time is past; history is not changed by maintenance.")
    if ends_at - starts_at > LONGEST:
        raise WindowRefused(f"At most {LONGEST.days} days at once, so that nobody forgets that alerts are quiet.")
    if starts_at - now > FARTHEST:
        raise WindowRefused(f"At most {FARTHEST.days} days ahead.")


def under_maintenance(conn: Connection[dict[str, Any]], now: datetime) -> frozenset[str]:
    """Services under maintenance now, as their values; `jobs` is among them when all about jobs is."""
    return frozenset(scope for row in conn.execute(SQL["windows_under_way"], {"now": now}) for scope in row["scopes"])


def get_windows(store: Store, since: datetime, limit: int = 50) -> tuple[Window, ...]:
    """Windows that end after `since`, the earliest first. Raises StoreError."""
    with store.connection() as conn:
        rows = conn.execute(SQL["windows_of"], {"since": since, "limit": limit}).fetchall()
    return tuple(Window(**{**row, "scopes": tuple(row["scopes"])}) for row in rows)
