"""What people do about incidents: look after one, write to it, say that trouble is expected. All of it leaves a row."""

from __future__ import annotations

from datetime import datetime

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.activity import Activity, Entry, Kind, record
from salina_monitor.health.lease import SQL
from salina_monitor.health.maintenance import check_window
from salina_monitor.models import iso, utcnow
from salina_monitor.policy import Right
from salina_monitor.store import Store

NOTE_LIMIT = 1_000


def acknowledge(actor: Actor, activity: Activity, store: Store, incident_id: int) -> bool:
    """Say that one looks after it; False when somebody said so before. Raises Denied, StoreError."""
    permit(activity, actor, Right.TRIAGE, f"incident {incident_id}")
    now = utcnow()
    with store.connection() as conn:
        values = {"id": incident_id, "who": actor.user.name, "at": now}
        if conn.execute(SQL["acknowledge"], values).fetchone() is None:
            return False
        record(conn, Entry(Kind.INCIDENT_ACKNOWLEDGED, actor.origin(), f"incident {incident_id}"), now)
    return True


def add_note(actor: Actor, activity: Activity, store: Store, incident_id: int, text: str) -> bool:
    """Write something to it; False when there is nothing to write or no such incident. Raises Denied, StoreError."""
    permit(activity, actor, Right.TRIAGE, f"incident {incident_id}")
    now, text = utcnow(), text.strip()[:NOTE_LIMIT]
    if not text:
        return False
    with store.connection() as conn:
        values = {"id": incident_id, "who": actor.user.name, "at": now, "text": text}
        if conn.execute(SQL["add_note"], values).fetchone() is None:
            return False
        record(conn, Entry(Kind.INCIDENT_NOTED, actor.origin(text), f"incident {incident_id}"), now)
    return True


def plan_maintenance(
    actor: Actor, activity: Activity, store: Store, starts_at: datetime, ends_at: datetime, scopes: tuple[str, ...],
    why: str, *, now: datetime | None = None,
) -> int:  # fmt: skip
    """Keep alerts quiet from then until then; the number of the window. Raises WindowRefused, Denied, StoreError."""
    subject = f"{', '.join(scopes)} until {iso(ends_at)}"
    permit(activity, actor, Right.TRIAGE, subject)
    now, why = now or utcnow(), why.strip()[:NOTE_LIMIT]
    check_window(starts_at, ends_at, scopes, why, now)
    values = {
        "starts_at": starts_at, "ends_at": ends_at, "scopes": list(scopes), "why": why, "who": actor.user.name,
        "now": now,
    }  # fmt: skip
    with store.connection() as conn:
        row = conn.execute(SQL["add_window"], values).fetchone()
        assert row is not None
        record(conn, Entry(Kind.MAINTENANCE_PLANNED, actor.origin(why), subject), now)
    return int(row["id"])


def end_maintenance(
    actor: Actor, activity: Activity, store: Store, window_id: int, *, now: datetime | None = None
) -> bool:
    """End one now, or call one off that has not begun; False when it is over. Raises Denied, StoreError."""
    permit(activity, actor, Right.TRIAGE, f"maintenance {window_id}")
    now = now or utcnow()
    values = {"id": window_id, "now": now}
    with store.connection() as conn:
        if not any(conn.execute(SQL[name], values).fetchone() for name in ("end_window", "drop_window")):
            return False
        record(conn, Entry(Kind.MAINTENANCE_ENDED, actor.origin(), f"maintenance {window_id}"), now)
    return True
