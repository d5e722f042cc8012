"""What the mirror knows about itself: as of when its truth is, why the last attempt failed, how far the fill is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from salina_monitor.models import AsOf
from salina_monitor.store import Store, load_sql

SQL = load_sql("mirror")
STALE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SyncProblem:
    """Why the last sync failed: stable code, sentence with the next step, setting to fix (or "")."""

    code: str
    message: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class MirrorState:
    """State of the mirror. `fill` is the share of history read, 0.0 to 1.0, None before the first sync."""

    as_of: AsOf
    attempted_at: datetime | None
    problem: SyncProblem | None
    fill: float | None
    filling: bool
    rejected_rows: int = 0
    rejected_sample: str | None = None

    def stale(self, now: datetime) -> bool:
        """True when the last attempt failed, none succeeded yet, or the truth is older than five minutes."""
        at = self.as_of.at
        return at is None or self.problem is not None or now - at > STALE_AFTER

    @property
    def skew(self) -> timedelta:
        """How far the source's clock is ahead of ours."""
        if self.as_of.at is None or self.as_of.server_at is None:
            return timedelta(0)
        return self.as_of.server_at - self.as_of.at


def read_state(store: Store) -> MirrorState:
    """The state as committed. Raises StoreError when the store cannot be reached."""
    with store.connection() as conn:
        row = conn.execute(SQL["read_state"]).fetchone()
    assert row is not None  # the migration inserts the one row
    return state_of(row)


def state_of(row: dict[str, Any]) -> MirrorState:
    """A `MirrorState` from the row of `read_state`."""
    problem = None
    if row["error_code"]:
        problem = SyncProblem(row["error_code"], row["error_message"] or "", row["error_setting"] or "")
    total = float(row["fill_seconds"])
    return MirrorState(
        as_of=AsOf(row["visible_seq"], row["synced_at"], row["server_at"]),
        attempted_at=row["attempted_at"],
        problem=problem,
        fill=None if not row["fill_all"] else 1.0 - float(row["fill_left_seconds"]) / total if total else 1.0,
        filling=bool(row["fill_open"]),
        rejected_rows=row["rejected_rows"],
        rejected_sample=row["rejected_sample"],
    )
