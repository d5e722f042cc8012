"""Runs and events as the store keeps them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from psycopg.types.json import Jsonb

from salina_monitor.fingerprint import fingerprint
from salina_monitor.inngest.tenants import documents_of, tenant_of
from salina_monitor.models import Event, Function, JobError, JobStatus, Run
from salina_monitor.redact import Redactor
from salina_monitor.searchtext import MOST_VALUES, clean, tokens, tokens_of_values

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
    stack = stored(error.stack, STACK_LIMIT) if error else None
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
        "error_stack": stack,
        "fingerprint": fingerprint_of(run.function_id, run.status, name, message, stack),
        "tokens": tokens(run.function_id, function_name, name, message),
    }


def fingerprint_of(
    function_id: str, status: str, name: str | None, message: str | None, stack: str | None
) -> str | None:
    """The key of a failure, from what is stored of it; None for what did not fail."""
    if status != JobStatus.FAILED:
        return None
    return fingerprint(function_id, JobError(name, message, stack) if message is not None else None)


@dataclass(frozen=True, slots=True)
class Payload:
    """What is kept of an event's data: whose it is, what it is about, ids and words of its values, masked."""

    tenant: str | None
    documents: list[str]
    tokens: list[str]

    @classmethod
    def of(cls, data: object, keys: Collection[str] = ()) -> Payload:
        """`keys` as in `documents_of`. Data of any shape will do."""
        if not isinstance(data, Mapping):
            return cls(None, [], [])
        tenant = clean(tenant_of(data), NAME_LIMIT)
        documents = [clean(one, NAME_LIMIT) or "" for one in documents_of(data, keys)]
        values = islice(_values(_masked.value(dict(data))), MOST_VALUES)
        return cls(tenant, documents, list(dict.fromkeys([*tokens(tenant), *tokens_of_values(values)])))


def _values(data: object) -> Iterator[str]:
    """Every text and number in the data, from the top down."""
    todo: deque[object] = deque([data])
    while todo:
        node = todo.popleft()
        if isinstance(node, Mapping):
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, str) or (isinstance(node, int | float) and not isinstance(node, bool)):
            yield str(node)


def event_rows(events: Iterable[Event], keys: Collection[str] = ()) -> Jsonb:
    """Rows for `upsert_events`."""
    rows = []
    for event in events:
        payload = Payload.of(event.data, keys)
        rows.append(
            {
                "id": event.id,
                "name": clean(event.name, NAME_LIMIT),
                "received_at": _exact(event.received_at),
                "tenant_id": payload.tenant,
                "documents": payload.documents,
                "tokens": payload.tokens,
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
