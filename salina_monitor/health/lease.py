"""Exactly one process collects, however many run: a row of the store with an end and a number that rises.

The store's clock decides, so it works through poolers and with clocks that disagree. Whoever writes as the collector
holds the row in the same transaction: a process that slept through its lease finds another number and writes nothing.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from salina_monitor.store import Store, load_sql

SQL = load_sql("health")
LEASE_S = 30
STANDS_STILL = timedelta(seconds=90)
"""Without a round for so long, the collector is said to stand still."""


class LeaseGone(Exception):
    """Another process collects now; what this one had not committed is dropped."""


@dataclass
class Lease:
    """This process's claim. `fence` is None while it collects nothing."""

    store: Store
    lease_s: float = LEASE_S
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    place: str = field(default_factory=lambda: f"{socket.gethostname()}, process {os.getpid()}")
    fence: int | None = None

    def take(self) -> bool:
        """Take or renew it; False while another process has it. Raises StoreError."""
        values = {"owner": self.owner, "place": self.place, "lease_s": self.lease_s}
        with self.store.connection() as conn:
            row = conn.execute(SQL["take_lease"], values).fetchone()
        self.fence = row["fence"] if row else None
        return row is not None

    def hold(self, conn: Connection[dict[str, Any]]) -> None:
        """Raises LeaseGone unless it is still ours; if it is, it stays so until the transaction ends."""
        if conn.execute(SQL["hold_lease"], {"owner": self.owner, "fence": self.fence}).fetchone() is None:
            self.fence = None
            raise LeaseGone

    def drop(self) -> None:
        """Give it back. Raises StoreError."""
        with self.store.connection() as conn:
            conn.execute(SQL["drop_lease"], {"owner": self.owner})
        self.fence = None


@dataclass(frozen=True, slots=True)
class CollectorState:
    """How collecting goes, as the store knows it. `age` is the time since the last round; None: there never was one."""

    held: bool
    place: str
    since: datetime | None
    cycle_at: datetime | None
    age: timedelta | None
    cycle_ms: int | None
    cycles: int
    errors: int
    error_at: datetime | None
    error_message: str | None

    @property
    def stands_still(self) -> bool:
        """It did run, and does no longer."""
        return self.age is not None and self.age > STANDS_STILL


def read_collector(store: Store) -> CollectorState:
    """The state as committed. Raises StoreError."""
    with store.connection() as conn:
        row = conn.execute(SQL["read_collector"]).fetchone()
    assert row is not None  # the migration inserts the one row
    age = row["store_now"] - row["cycle_at"] if row["cycle_at"] else None
    names = ("held", "place", "since", "cycle_at", "cycle_ms", "cycles", "errors", "error_at", "error_message")
    return CollectorState(age=age, **{name: row[name] for name in names})
