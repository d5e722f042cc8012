"""The lines of a run's waterfall, read from its trace, each step once.

The server tells of a step twice: in a span of its own, with its attempts below, and once more for each request
to the app. What stands within a span of the same name that came before it is such a repetition.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from salina_monitor.inngest.rows import settle_status
from salina_monitor.inngest.values import parse_error, parse_time
from salina_monitor.models import JobStatus, Step, StepKind

# The server's own name for the n-th try of a step, from 0. Four digits: a number beyond that is no attempt.
ATTEMPT = re.compile(r"Attempt (\d{1,4})\Z")
# Repeats what the step's own span says, once per request to the app.
DUPLICATE = "executor.nonstep"
MOST_STEPS = 500
_DEEPEST = 8
_NAME_LIMIT = 200
_SLEEPS = frozenset({"SLEEP", "WAIT_FOR_EVENT", "WAIT_FOR_SIGNAL"})
# The stamps of a step and of its repetition come from two places.
_SLACK = timedelta(seconds=1)


def steps_of(root: dict[str, Any]) -> tuple[Step, ...]:
    """At most `MOST_STEPS` lines, in the order of the trace, children below their step."""
    found: list[Step] = []
    todo = [(span, 0) for span in reversed(_children(root))]
    while todo and len(found) < MOST_STEPS:
        span, depth = todo.pop()
        found.append(_step(span, depth))
        if depth < _DEEPEST:
            todo += [(child, depth + 1) for child in reversed(_children(span))]
    return tuple(found)


def _children(span: dict[str, Any]) -> list[dict[str, Any]]:
    children = span.get("children")
    spans = [child for child in children if isinstance(child, dict)] if isinstance(children, list) else []
    kept: list[tuple[str, datetime | None, datetime | None]] = []
    result = []
    for child in spans:
        name = child.get("name")
        if not isinstance(name, str) or name == DUPLICATE:
            continue
        queued, started, ended = span_times(child)
        begun = started or queued
        if begun and any(name == other and _within(begun, since, until) for other, since, until in kept):
            continue
        kept.append((name, queued or started, ended))
        result.append(child)
    return result


def _within(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return since is not None and since <= moment and (until is None or moment <= until + _SLACK)


def _step(span: dict[str, Any], depth: int) -> Step:
    queued, started, ended = span_times(span)
    name = str(span["name"])[:_NAME_LIMIT]
    match = ATTEMPT.match(name)
    status = span_status(span, started, ended)
    sleeps = str(span.get("stepOp")) in _SLEEPS
    return Step(
        name=name,
        kind=StepKind.ATTEMPT if match else StepKind.SLEEP if sleeps else StepKind.STEP,
        depth=depth,
        status=status,
        queued_at=queued,
        started_at=started,
        ended_at=ended,
        attempt=int(match[1]) + 1 if match else None,
        error=parse_error(span.get("output")) if status is JobStatus.FAILED else None,
    )


def span_status(span: dict[str, Any], started: datetime | None, ended: datetime | None) -> JobStatus:
    """The state of one span."""
    raw = span.get("status")
    raw = raw.upper() if isinstance(raw, str) else ""
    if raw == "WAITING":  # before the start: queued; later: asleep in a step
        return JobStatus.QUEUED if started is None else JobStatus.RUNNING
    return settle_status(raw, ended)


def span_times(span: dict[str, Any]) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Queued, started, ended, put in order."""
    queued, started, ended = (parse_time(span.get(f)) for f in ("queuedAt", "startedAt", "endedAt"))
    # Spans are stamped by different machines; a skewed clock must not become a negative wait or duration.
    if queued and started:
        started = max(queued, started)
    first = started or queued
    if first and ended:
        ended = max(first, ended)
    return queued, started, ended
