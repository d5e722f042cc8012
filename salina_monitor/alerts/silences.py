"""How long each type has not succeeded, and what is usual for it."""

from __future__ import annotations

from datetime import timedelta

from salina_monitor.alerts.receivers import SQL
from salina_monitor.alerts.rules import LEAST_GAPS, Silence
from salina_monitor.models import Function
from salina_monitor.queries import JobSource

LOOK_BACK = timedelta(days=23)
"""A week, and the fortnight in which an alert about it may stay open."""


def get_silences(source: JobSource) -> tuple[Silence, ...]:
    """Every type that succeeded lately, by quarters of an hour, of all tenants. Raises StoreError."""
    now = source.now_at(source.state().as_of)
    with source.store.connection() as conn:
        known = [Function(row["id"], row["name"]) for row in conn.execute(SQL["function_names"])]
        labels = source.types.labels(known)
        functions = {f for type_id in labels for f in source.types.functions_of(type_id)} | {f.id for f in known}
        values = {
            "functions": list(functions), "types": [source.types.type_of(f) for f in functions],
            "since": now - LOOK_BACK,
        }  # fmt: skip
        rows = conn.execute(SQL["successes_by_type"], values).fetchall()
    return tuple(
        Silence(
            row["type"], labels.get(row["type"], row["type"]), min(row["last_at"], now),
            row["longest"] if row["n"] >= LEAST_GAPS else None,
        )
        for row in rows
    )  # fmt: skip
