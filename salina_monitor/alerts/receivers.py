"""Who gets what is written: everybody with the right who asked for mail, and the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from salina_monitor.accounts.users import user_of
from salina_monitor.policy import Right, allows
from salina_monitor.settings import Settings
from salina_monitor.store import Store, load_sql

SQL = load_sql("alerts")
MAIL, WEBHOOK = "mail", "webhook"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody asked for mail, to be sent there."""

    address: str
    since: datetime
    tested_at: datetime | None


def subscription_of(store: Store, name: str) -> Subscription | None:
    """That of one user. Raises StoreError."""
    with store.connection() as conn:
        row = conn.execute(SQL["subscription"], {"name": name}).fetchone()
    return Subscription(**row) if row else None


def addresses(conn: Connection[Row]) -> dict[str, str]:
    """User → address, of those who asked for mail and may have it now: by the policy, as they are at this moment."""
    rows = conn.execute(SQL["subscribers"]).fetchall()
    return {row["name"]: row["address"] for row in rows if allows(user_of(row), Right.RECEIVE_ALERTS)}


def receivers(conn: Connection[Row], settings: Settings) -> list[tuple[str, str]]:
    """Channel and user of everybody a letter goes to. What cannot be sent with these settings waits, and is shown."""
    hooked = settings.monitor_webhook_url or settings.problem("MONITOR_WEBHOOK_URL", "MONITOR_WEBHOOK_SECRET")
    return [(MAIL, name) for name in addresses(conn)] + ([(WEBHOOK, "")] if hooked else [])


def subscribe_sandbox_owner(store: Store, now: datetime) -> None:
    """In the sandbox somebody made up is told, so that alerts are seen without any setting. Raises StoreError."""
    with store.connection() as conn:
        conn.execute(SQL["subscribe"], {"name": "owner", "address": "owner@sandbox.example", "now": now})
