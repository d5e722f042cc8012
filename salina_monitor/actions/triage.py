"""Decisions about groups of failures: resolve, ignore until, open again. They hold for everybody."""

from __future__ import annotations

from datetime import datetime

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.activity import Activity, Entry, Kind, record
from salina_monitor.failures import MarkKind
from salina_monitor.models import JSON, iso, utcnow
from salina_monitor.policy import Right
from salina_monitor.store import Store, load_sql

_SQL = load_sql("failures")
_KINDS = {
    MarkKind.RESOLVED: Kind.FAILURE_RESOLVED,
    MarkKind.IGNORED: Kind.FAILURE_IGNORED,
    MarkKind.REOPENED: Kind.FAILURE_REOPENED,
}


def decide(
    actor: Actor,
    activity: Activity,
    store: Store,
    fingerprint: str,
    kind: MarkKind,
    *,
    why: str = "",
    until_at: datetime | None = None,
    until_count: int | None = None,
    until_per_hour: int | None = None,
    at: datetime | None = None,
) -> bool:
    """Write a decision and its activity row; False when no failure has this fingerprint. Raises Denied, StoreError.

    `at` is the source's moment up to which the failures were seen: what fails after it makes the group come back.
    """
    permit(activity, actor, Right.TRIAGE, fingerprint)
    now = utcnow()
    values = {
        "fingerprint": fingerprint, "kind": kind.value, "at": at or now, "who": actor.user.name,
        "why": why.strip()[:500], "until_at": until_at, "until_count": until_count,
        "until_per_hour": until_per_hour,
    }  # fmt: skip
    until: dict[str, JSON] = {"until": iso(until_at), "until_count": until_count, "until_per_hour": until_per_hour}
    with store.connection() as conn:
        if conn.execute(_SQL["add_mark"], values).fetchone() is None:
            return False
        record(conn, Entry(_KINDS[kind], actor.origin(why), fingerprint, detail=until), now)
    return True
