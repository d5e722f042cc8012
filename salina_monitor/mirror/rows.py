"""Runs and events as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from salina_monitor.inngest.tenants import tenant_of
from salina_monitor.models import Event, Function, Run
from salina_monitor.redact import Redactor
from salina_monitor.searchtext import clean, tokens

NAME_LIMIT, MESSAGE_LIMIT, STACK_LIMIT = 500, 100_000, 200_000
# Shapes only: configured secrets change, so they are masked where a row is read.
_masked = Redactor()


def stored(text: str | None, limit: int) -> str | None:
    """Foreign text as the store keeps it: without recognisable secrets, storable, cut."""
    return clean(_masked(text[: 2 * limit]), limit) if text else clean(text, limit)


def run_rows(runs: Iterable[Run]) -> Jsonb:
    """Rows for `upsert_runs`; the last one wins where a page holds a run twice."""
    return Jsonb(list({run.id: _run_row(run) for run in runs}.values()))


def _run_row(run: Run) -> dict[str, Any]:
    error = run.error
    function_name = clean(run.function_name, NAME_LIMIT) or ""
    message = stored(error.message, MESSAGE_LIMIT) if error else None
    name = stored(error.name, NAME_LIMIT) if error else None
    return {
        "id": run.id,
        "function_id": run.function_id,
        "function_name": function_name,
        "status": run.status.value,
        "queued_at": _exact(run.queued_at),
        "ended_at": _exact(run.ended_at),
        "event_id": run.event_ids[0] if run.event_ids else None,
        "cron_schedule": clean(run.cron_schedule, NAME_LIMIT),
        "error_name": name,
        "error_message": message,
        "error_stack": stored(error.stack, STACK_LIMIT) if error else None,
        "tokens": tokens(run.function_id, function_name, name, message),
    }


def event_rows(events: Iterable[Event]) -> Jsonb:
    """Rows for `upsert_events`: only the tenant is kept of an event's data."""
    rows = []
    for event in events:
        tenant = clean(tenant_of(event.data), NAME_LIMIT)
        rows.append(
            {
                "id": event.id,
                "name": clean(event.name, NAME_LIMIT),
                "received_at": _exact(event.received_at),
                "tenant_id": tenant,
                "tenant_tokens": tokens(tenant),
            }
        )
    return Jsonb(rows)


def function_rows(functions: Iterable[Function]) -> Jsonb:
    """Rows for `upsert_functions`."""
    return Jsonb(
        [
            {
                "id": function.id,
                "name": clean(function.name, NAME_LIMIT) or function.id,
                "triggers": [clean(trigger, NAME_LIMIT) for trigger in function.triggers],
                "retries": function.retries,
            }
            for function in functions
        ]
    )


def _exact(moment: datetime | None) -> str | None:
    """Microseconds matter: same-millisecond rows keep their order."""
    return moment.isoformat() if moment else None
