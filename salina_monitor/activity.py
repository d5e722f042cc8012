"""Who did what, from where, when and why. Rows are only ever added; the store itself refuses to change one.

Whatever changes a user or a session writes its row in the same transaction (`record`): neither can be without
the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from salina_monitor.models import JSON, TimeRange, utcnow
from salina_monitor.store import Store, load_sql

_SQL = load_sql("activity")
PRUNE_AT_ONCE = 5_000
ONCE_IN = timedelta(minutes=1)
COUNT_CAP = 10_000
UNTOLD = timedelta(hours=2)
"""Twice as long as a process tries to write an outcome down."""
LOOKED_BACK = timedelta(days=30)
_LIMITS = {"who": 64, "target": 200, "address": 64, "why": 500}
Row = dict[str, Any]


class Kind(StrEnum):
    """What happened. The values are stable: they are stored, exported and part of addresses."""

    SIGN_IN = "sign_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_SLOWED = "sign_in_slowed"
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session_ended"
    ACCESS_REFUSED = "access_refused"
    USER_ADDED = "user_added"
    ROLE_CHANGED = "role_changed"
    TENANT_CHANGED = "tenant_changed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a word, not a password
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - likewise
    EXPORT = "export"
    INPUT_REVEALED = "input_revealed"
    RERUN_ASKED = "rerun_asked"
    RERUN = "rerun"
    CANCEL_ASKED = "cancel_asked"
    CANCEL = "cancel"
    BULK_BEGUN = "bulk_begun"
    BULK_RESUMED = "bulk_resumed"
    BULK_STOPPED = "bulk_stopped"
    BULK_ENDED = "bulk_ended"
    INCIDENT_ACKNOWLEDGED = "incident_acknowledged"
    INCIDENT_NOTED = "incident_noted"
    MAINTENANCE_PLANNED = "maintenance_planned"
    MAINTENANCE_ENDED = "maintenance_ended"
    ALERT_MAIL_ON = "alert_mail_on"
    ALERT_MAIL_OFF = "alert_mail_off"
    ALERT_TESTED = "alert_tested"
    FAILURE_RESOLVED = "failure_resolved"
    FAILURE_IGNORED = "failure_ignored"
    FAILURE_REOPENED = "failure_reopened"

    @property
    def label(self) -> str:
        """The word for people."""
        return self.value.replace("_", " ").capitalize()


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    """It was asked for, and whether it was done is not known."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts: a user's name, the address of the connection, and the reason they gave."""

    who: str
    address: str = ""
    why: str = ""


OPERATOR = Origin("command line")
"""Whoever runs commands on the host. No user can be called this: names hold no blanks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `target` is whom or what it was done to; `detail` holds plain facts, never a secret."""

    kind: Kind
    by: Origin
    target: str = ""
    outcome: Outcome = Outcome.DONE
    detail: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored row. `kind` is text: a newer version may have written one this version has no word for."""

    id: int
    at: datetime
    who: str
    kind: str
    target: str
    outcome: str
    address: str
    why: str
    detail: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class ActivityFilters:
    """What the list is narrowed to; empty fields do not narrow."""

    who: str | None = None
    kind: Kind | None = None
    range: TimeRange = TimeRange.WEEK


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """One page of rows, newest first; `total` counts up to `COUNT_CAP`."""

    rows: tuple[Recorded, ...]
    total: int
    page: int
    page_size: int

    @property
    def num_pages(self) -> int:
        return max(1, -(-self.total // self.page_size))


class Activity:
    """The log of one store. All methods raise StoreError when the store cannot be used."""

    def __init__(self, store: Store, *, keep: timedelta, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock

    def add(self, entry: Entry, at: datetime | None = None) -> None:
        """Write a row in a transaction of its own; `at` is when it happened, if not just now."""
        with self._store.connection() as conn:
            record(conn, entry, at or self._clock())

    def add_now_and_then(self, entry: Entry) -> None:
        """Write a row unless one of this kind from this address is younger than a minute.

        For what a stranger can cause as often as they like: the log must not grow with their patience.
        """
        now = self._clock()
        with self._store.connection() as conn:
            conn.execute(_SQL["activity_add_once"], {**_values(entry, now), "since": now - ONCE_IN})

    def prune(self) -> int:
        """Forget rows older than the retention, some thousands at a time; how many went."""
        values = {"before": self._clock() - self._keep, "limit": PRUNE_AT_ONCE}
        with self._store.connection() as conn:
            return conn.execute(_SQL["activity_prune"], values).rowcount

    def page(self, filters: ActivityFilters, page: int = 1, page_size: int = 50) -> ActivityPage:
        """One page, newest first; `page` is held within what exists."""
        values = self._asked(filters)
        with self._store.connection() as conn:
            counted = conn.execute(_SQL["activity_count"], {**values, "cap": COUNT_CAP}).fetchone()
            total = int(counted["n"]) if counted else 0
            page = max(1, min(page, -(-total // page_size)))
            values |= {"limit": page_size, "offset": (page - 1) * page_size}
            rows = tuple(_recorded(row) for row in conn.execute(_SQL["activity_page"], values))
        return ActivityPage(rows, total, page, page_size)

    def rows(self, filters: ActivityFilters, cap: int = COUNT_CAP) -> tuple[Recorded, ...]:
        """The same list as a whole, for exports, at most `cap` rows."""
        with self._store.connection() as conn:
            found = conn.execute(_SQL["activity_page"], {**self._asked(filters), "limit": cap, "offset": 0})
            return tuple(_recorded(row) for row in found)

    def people(self) -> tuple[str, ...]:
        """Everybody who has a row, by name."""
        with self._store.connection() as conn:
            return tuple(row["who"] for row in conn.execute(_SQL["activity_people"]))

    def _asked(self, filters: ActivityFilters) -> dict[str, Any]:
        span = filters.range.span
        return {
            "who": filters.who,
            "kind": filters.kind.value if filters.kind else None,
            "since": self._clock() - span if span else None,
        }


def record(conn: Connection[Row], entry: Entry, at: datetime) -> None:
    """Write a row in the caller's transaction, together with what it tells of."""
    conn.execute(_SQL["activity_add"], _values(entry, at))


def own_up(conn: Connection[Row], now: datetime) -> int:
    """Write "unconfirmed" for what was asked of Inngest and whose outcome died with its process; how many rows.

    They bear the time at which it was asked for. Only a process that was killed while the store was away leaves such
    an action: see `actions.written`.
    """
    values = {"since": now - LOOKED_BACK, "before": now - UNTOLD}
    return conn.execute(_SQL["activity_own_up"], values).rowcount


def _values(entry: Entry, at: datetime) -> dict[str, Any]:
    by = entry.by
    texts = {"who": by.who, "target": entry.target, "address": by.address, "why": by.why.strip()}
    # PostgreSQL takes no NUL, and a lone surrogate has no UTF-8: what was typed must not decide what is kept.
    cut = {name: _storable(text)[: _LIMITS[name]] for name, text in texts.items()}
    more = {"at": at, "kind": entry.kind.value, "outcome": entry.outcome.value, "detail": Jsonb(dict(entry.detail))}
    return {**cut, **more}


def _storable(text: str) -> str:
    return text.replace("\0", "�").encode(errors="replace").decode()


def _recorded(row: Row) -> Recorded:
    return Recorded(**{name: row[name] for name in Recorded.__slots__})
