"""Rows of Inngest's lists → models. Raises `Malformed`, naming the field, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from salina_monitor.inngest.results import NextAttempt, RejectedRow
from salina_monitor.inngest.values import (
    Malformed,
    id_or_none,
    need_id,
    need_time,
    parse_error,
    parse_time,
    strings,
    text_or_none,
    time_or_none,
)
from salina_monitor.models import Event, Function, JobStatus, Run

_STATUSES = {
    "QUEUED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "COMPLETED": JobStatus.COMPLETED,
    "FAILED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
T = TypeVar("T")


def settle_status(raw: str, ended_at: datetime | None) -> JobStatus:
    """The status a person should see. Between two attempts some endpoints say FAILED (or COMPLETED) without an
    end time; such a run is still running."""
    status = _STATUSES.get(raw.upper(), JobStatus.UNKNOWN)
    return JobStatus.RUNNING if status.is_terminal and ended_at is None else status


def parse_run(row: Any) -> Run:
    """One run of `GET /v2/runs` or `GET /v2/runs/{id}`.

    The end time of a run that has not ended is dropped, `startedAt` is not read: in lists it is the queue time.
    """
    row = _object(row)
    function = row.get("function")
    raw_status = row.get("status")
    if not isinstance(raw_status, str) or not raw_status:
        raise Malformed("status is missing")
    if not isinstance(function, dict):
        raise Malformed("function is missing")
    trigger = row.get("trigger")
    trigger = trigger if isinstance(trigger, dict) else {}
    ended_at = time_or_none(row, "endedAt")
    status = settle_status(raw_status, ended_at)
    return Run(
        id=need_id(row, "id"),
        app_id=id_or_none(row.get("app"), "id"),
        function_id=_function_id(function),
        function_name=text_or_none(function, "name"),
        status=status,
        queued_at=need_time(row, "queuedAt"),
        ended_at=ended_at if status.is_terminal or status is JobStatus.UNKNOWN else None,
        event_ids=strings(trigger.get("eventIds")),
        cron_schedule=text_or_none(trigger, "cronSchedule"),
        error=parse_error(row.get("output")) if status is JobStatus.FAILED else None,
        raw_status=raw_status[:100],
    )


def _function_id(function: dict[str, Any]) -> str:
    found = id_or_none(function, "id")
    if found is None:
        raise Malformed("function id is missing")
    return found


def parse_event(row: Any) -> Event:
    """One event of `GET /v1/events`; `internal_id` is what runs point to, the sender may choose `id`."""
    row = _object(row)
    data = row.get("data")
    name = text_or_none(row, "name")
    if name is None:
        raise Malformed("name is missing")
    return Event(
        id=need_id(row, "internal_id"),
        name=name,
        received_at=need_time(row, "received_at"),
        data=data if isinstance(data, dict) else {},
    )


def parse_function(row: Any) -> Function:
    """One function of `GET /v2/apps/{app}/functions`.

    Unset fields are omitted, so "no retries" arrives as `{"isDefault": false}` without a value.
    """
    row = _object(row)
    triggers = row.get("triggers")
    values = [text_or_none(t, "value") for t in triggers] if isinstance(triggers, list) else []
    configuration = row.get("configuration")
    retries = configuration.get("retries") if isinstance(configuration, dict) else None
    number: int | None = None
    if isinstance(retries, dict) and not retries.get("isDefault"):
        value = retries.get("value", 0)
        number = value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000 else None
    function_id = need_id(row, "id")
    return Function(
        id=function_id,
        name=text_or_none(row, "name") or function_id,
        triggers=tuple(v for v in values if v),
        retries=number,
    )


def parse_next_attempt(rows: list[Any]) -> NextAttempt | None:
    """The planned retry among a run's queue items (`GET /v1/runs/{id}/jobs`), the earliest if there are several.

    Not retries: first attempts (0), sleeps that only wake a step, and items a worker holds (leased) right now.
    """
    planned: list[NextAttempt] = []
    for row in rows:
        if not isinstance(row, dict) or row.get("kind") == "sleep":
            continue
        raw, attempt, at = row.get("Raw"), row.get("attempt"), parse_time(row.get("at"))
        if isinstance(raw, dict) and raw.get("leaseID"):
            continue
        if isinstance(attempt, int) and not isinstance(attempt, bool) and 0 < attempt <= 1000 and at is not None:
            planned.append(NextAttempt(attempt + 1, at))
    return min(planned, key=lambda p: p.at, default=None)


def parse_rows(
    rows: list[Any], parse: Callable[[Any], T], id_field: str
) -> tuple[tuple[T, ...], tuple[RejectedRow, ...]]:
    """Every row ends up in one of the two: read, or rejected with the reason."""
    good: list[T] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        try:
            good.append(parse(row))
        except Malformed as reason:
            rejected.append(
                RejectedRow(id_or_none(row, id_field), f"Inngest sent a row that cannot be read: {reason}.")
            )
    return tuple(good), tuple(rejected)


def _object(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Malformed("it is not an object")
    return row
