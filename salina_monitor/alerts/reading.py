"""What the page shows of alerts: which are open, who was told when, what waits and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from salina_monitor.alerts.book import Alert
from salina_monitor.alerts.receivers import SQL, WEBHOOK, addresses
from salina_monitor.alerts.watch import alert_of
from salina_monitor.store import Store

LOOK_BACK = timedelta(days=30)
GIVEN_UP_SHOWN = timedelta(days=1)
WORTH_SAYING = 2
"""One try that failed is no news: the next one is seconds away."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receiver: what was sent and given up last, what waits, since when, how often it was tried, why it failed."""

    channel: str
    user: str
    sent_at: datetime | None = None
    given_up_at: datetime | None = None
    waiting: int = 0
    since: datetime | None = None
    attempts: int = 0
    next_at: datetime | None = None
    said: str = ""

    @property
    def name(self) -> str:
        """Who it is, for people."""
        return "The webhook" if self.channel == WEBHOOK else f"Mail to {self.user}"

    def took(self, made_at: datetime) -> bool:
        """Whether what was written at that moment has gone out."""
        return self.sent_at is not None and self.sent_at >= made_at and not self.owes(made_at)

    def owes(self, made_at: datetime) -> bool:
        """Whether what was written at that moment still waits: each receiver gets letters in their order."""
        return self.since is not None and self.since <= made_at

    def in_trouble(self, now: datetime) -> bool:
        """Whether somebody has to look after it."""
        lately = self.given_up_at is not None and now - self.given_up_at < GIVEN_UP_SHOWN
        return lately or (self.waiting > 0 and self.attempts >= WORTH_SAYING)


def get_alerts(store: Store, since: datetime, limit: int = 30) -> tuple[Alert, ...]:
    """Open ones first, then those that ended since then. Raises StoreError."""
    with store.connection() as conn:
        rows = conn.execute(SQL["alerts_of"], {"since": since, "limit": limit}).fetchall()
    return tuple(alert_of(row) for row in rows)


def get_deliveries(store: Store, now: datetime) -> tuple[Delivery, ...]:
    """Every receiver that something was or is to be sent to. Raises StoreError."""
    with store.connection() as conn:
        waiting = conn.execute(SQL["waiting"]).fetchall()
        settled = conn.execute(SQL["settled"], {"since": now - LOOK_BACK}).fetchall()
    found: dict[tuple[str, str], dict[str, object]] = {}
    for row in settled:
        values = found.setdefault((row["channel"], row["user_name"]), {})
        values["sent_at" if row["state"] == "sent" else "given_up_at"] = row["settled_at"]
        if row["state"] == "given_up":
            values["said"] = row["said"]
    for row in waiting:
        values = found.setdefault((row["channel"], row["user_name"]), {})
        values |= {"waiting": row["n"], **{name: row[name] for name in ("since", "attempts", "next_at", "said")}}
    return tuple(Delivery(*who, **values) for who, values in sorted(found.items()))  # type: ignore[arg-type]


def get_receivers(store: Store) -> tuple[str, ...]:
    """Users who get mail now, by name. Raises StoreError."""
    with store.connection() as conn:
        return tuple(addresses(conn))
