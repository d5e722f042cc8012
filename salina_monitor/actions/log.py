"""Reading the activity: a page of it, all of it as CSV. Raises Denied and StoreError."""

from __future__ import annotations

import json

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.activity import COUNT_CAP, Activity, ActivityFilters, ActivityPage, Entry, Kind, Recorded
from salina_monitor.export import table_csv
from salina_monitor.models import iso, utcnow
from salina_monitor.policy import Right

COLUMNS = ("at", "who", "kind", "target", "outcome", "address", "why", "detail")


def read(actor: Actor, activity: Activity, filters: ActivityFilters, page: int, page_size: int = 50) -> ActivityPage:
    """One page, newest first."""
    permit(activity, actor, Right.VIEW_ACTIVITY, "activity")
    return activity.page(filters, page, page_size)


def people(actor: Actor, activity: Activity) -> tuple[str, ...]:
    """Everybody who has a row, by name."""
    permit(activity, actor, Right.VIEW_ACTIVITY, "activity")
    return activity.people()


def export(actor: Actor, activity: Activity, filters: ActivityFilters) -> str:
    """The filtered rows as CSV, at most `COUNT_CAP`; the export has a row itself."""
    permit(activity, actor, Right.VIEW_ACTIVITY, "activity")
    permit(activity, actor, Right.EXPORT, "activity")
    rows = activity.rows(filters, COUNT_CAP)
    activity.add(Entry(Kind.EXPORT, actor.origin(), "activity", detail={"rows": len(rows)}))
    narrowed = [f"{name} {value}" for name, value in (("who", filters.who), ("kind", filters.kind)) if value]
    notes = [f"{len(rows):,} rows; {', '.join([*narrowed, f'range {filters.range.value}'])}; as of {iso(utcnow())}"]
    if len(rows) >= COUNT_CAP:
        notes.append(f"the newest {COUNT_CAP:,} only; narrow the filter to get the others")
    return table_csv(COLUMNS, (_cells(row) for row in rows), notes)


def _cells(row: Recorded) -> tuple[str | None, ...]:
    detail = json.dumps(row.detail, ensure_ascii=False) if row.detail else ""
    return (iso(row.at), row.who, row.kind, row.target, row.outcome, row.address, row.why, detail)
