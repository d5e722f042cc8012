"""The trace of one run: true start, attempts, error of each, input and output (`GET /v2/runs/{id}/trace`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salina_monitor.inngest.steps import ATTEMPT, DUPLICATE, span_status, span_times, steps_of
from salina_monitor.inngest.tenants import tenant_of
from salina_monitor.inngest.values import Malformed, parse_error, parse_output
from salina_monitor.models import JSON, Attempt, JobStatus, Trace


def parse_trace(data: Any, run_id: str) -> Trace:
    """`data` of the answer. Times are put in order (queued ≤ started ≤ ended), so no duration is negative.

    Raises `Malformed` when there is no root span.
    """
    root = data.get("rootSpan") if isinstance(data, dict) else None
    if not isinstance(root, dict) or not isinstance(root.get("status"), str):
        raise Malformed("rootSpan is missing")
    queued, started, ended = span_times(root)
    status = span_status(root, started, ended)
    error = parse_error(root.get("output")) if status is JobStatus.FAILED else None
    attempts = _attempts(root)
    retries = max((a.number for a in attempts), default=1) - 1
    if not attempts and started is not None:
        attempts = (Attempt(1, status, started, ended, error),)
    return Trace(
        run_id=run_id,
        status=status,
        queued_at=queued,
        started_at=started,
        ended_at=ended if status.is_terminal or status is JobStatus.UNKNOWN else None,
        retry_count=retries,
        attempts=attempts,
        input=next(iter(_payloads(root)), None),
        output=parse_output(root.get("output")) if status is JobStatus.COMPLETED else None,
        error=error,
        skipped=root["status"].upper() == "SKIPPED",
        steps=steps_of(root),
        tenants=_tenants(root),
    )


def _attempts(root: dict[str, Any]) -> tuple[Attempt, ...]:
    """One entry per attempt number. Several steps may each have an `Attempt 0`: the failed one tells most."""
    best: dict[int, tuple[tuple[int, float], Attempt]] = {}
    for span in _spans(root):
        name = span.get("name")
        match = ATTEMPT.match(name) if isinstance(name, str) else None
        if not match:
            continue
        _, started, ended = span_times(span)
        status = span_status(span, started, ended)
        error = parse_error(span.get("output")) if status is JobStatus.FAILED else None
        attempt = Attempt(int(match[1]) + 1, status, started, ended, error)
        rank = _rank(attempt)
        if attempt.number not in best or rank < best[attempt.number][0]:
            best[attempt.number] = (rank, attempt)
    return tuple(best[number][1] for number in sorted(best))


_TELLING = (JobStatus.FAILED, JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.COMPLETED)


def _rank(attempt: Attempt) -> tuple[int, float]:
    kind = _TELLING.index(attempt.status) if attempt.status in _TELLING else len(_TELLING)
    if attempt.error is not None:
        kind = -1
    # Among equals the earliest: the closing span repeats the error of the step that failed before it.
    return kind, attempt.started_at.timestamp() if attempt.started_at else float("inf")


def _spans(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All spans below the root, without duplicates. Not recursive: a trace may be thousands of spans deep."""
    todo: list[Any] = [root]
    while todo:
        span = todo.pop()
        children = span.get("children")
        for child in children if isinstance(children, list) else ():
            if isinstance(child, dict) and child.get("name") != DUPLICATE:
                yield child
                todo.append(child)


def _payloads(root: dict[str, Any]) -> list[JSON]:
    """The payloads of the events that started the run: `input.data[].data`; None for what has another shape."""
    node: Any = root.get("input")
    if node is None:
        return []
    events = node.get("data") if isinstance(node, dict) else None
    return (
        [event.get("data") if isinstance(event, dict) else None for event in events]
        if isinstance(events, list)
        else [None]
    )


def _tenants(root: dict[str, Any]) -> tuple[str | None, ...]:
    found = (tenant_of(payload) if isinstance(payload, dict) else None for payload in _payloads(root))
    return tuple(dict.fromkeys(found))
