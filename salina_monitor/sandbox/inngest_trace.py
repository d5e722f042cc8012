"""The trace of a run as v2 writes it. Source: recordings `v2-trace.*`, `midretry.v2-trace`.

Kept from the recordings: attempts appear as children named `Attempt <n>` only where one failed, under the step that
failed or under `Finalization`; every span of the function has a twin without metadata, called after the step or
`executor.nonstep`; a queued run is WAITING and has no start; a sleeping one has a WAITING child.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from salina_monitor.sandbox.inngest_rows import wrapped
from salina_monitor.sandbox.moments import MS, proto_ms, proto_time
from salina_monitor.sandbox.runs import CANCELLED, COMPLETED, FAILED, QUEUED, PlayedAttempt, PlayedRun

Span = dict[str, Any]
_NO_MARKS: Mapping[str, str] = {}


def trace(run: PlayedRun, *, with_output: bool) -> dict[str, Any]:
    """The data of `GET /v2/runs/{id}/trace`."""
    root: Span = {
        "id": _span_id(run.id, "root"),
        "name": "Run",
        "queuedAt": proto_ms(run.queued),
        "status": "WAITING" if run.status == QUEUED else run.status,
    }
    if with_output:
        root["input"] = {"data": [_input(run)]}
    if run.started is not None:
        root["startedAt"] = proto_ms(run.started)
        root["metadata"] = [_metadata("inngest.usage", "run", run.ended or run.started, {"metadata_bytes": "508"})]
        children = _children(run, with_output)
        if children:
            root["children"] = children
    if run.ended is not None:
        root["endedAt"] = proto_ms(run.ended)
        root["durationMs"] = str((run.ended - (run.started or run.queued)) // MS)
        if with_output and run.failure:
            root["output"] = run.failure.as_output(of_attempt=False)
        elif with_output and run.status == COMPLETED:
            root["output"] = wrapped(run.output)
    return {"rootSpan": root, "runId": run.id}


def _input(run: PlayedRun) -> dict[str, Any]:
    return {"data": run.event.data, "id": run.event.id, "name": run.event.name, "ts": run.event.sent_ms}


def _children(run: PlayedRun, with_output: bool) -> list[Span]:
    spans: list[Span] = []
    if run.sleeping_since is not None:
        spans.append(_sleep(run))
    begun = [attempt for attempt in run.attempts if attempt.ended is not None]
    failed = [attempt for attempt in begun if attempt.failure]
    in_step = bool(failed and failed[-1].failure and failed[-1].failure.in_step)
    if begun and (in_step or not failed):
        passing = run.function.steps[:-1] if in_step else run.function.steps
        spans += [span for step in passing for span in _step(run, begun[0], step, with_output)]
    if failed:
        spans += _retried(run, begun, run.function.steps[-1] if in_step else "Finalization", with_output)
    if run.status == COMPLETED and not failed:
        last = begun[-1]
        spans.append(_span(run, last, "Finalization", COMPLETED, metadata=True))
        spans.append(_span(run, last, "executor.nonstep", COMPLETED, output=_success(run, with_output)))
    return spans


def _success(run: PlayedRun, with_output: bool) -> Any:
    return wrapped(run.output) if with_output else None


def _step(run: PlayedRun, attempt: PlayedAttempt, step: str, with_output: bool) -> list[Span]:
    names = run.function.steps
    share = ((attempt.ended or attempt.started) - attempt.started) // (len(names) + 1)
    begin = attempt.started + names.index(step) * share
    times = (attempt.queued, begin, begin + share)
    output = wrapped(f"{step} done") if with_output else None
    marks = _marks(step)
    return [
        _span(run, attempt, step, COMPLETED, times=times, metadata=True, output=output, marks=marks),
        _span(run, attempt, step, COMPLETED, times=times, output=output, salt="twin", marks=marks),
    ]


def _retried(run: PlayedRun, attempts: list[PlayedAttempt], name: str, with_output: bool) -> list[Span]:
    """The span that was attempted several times, and one twin for each attempt."""
    in_step = name != "Finalization"
    marks = _marks(name) if in_step else _NO_MARKS
    first, last = attempts[0], attempts[-1]
    times = (first.queued, first.started, last.ended or last.started)
    parent = _span(run, first, name, _status(last), times=times, salt="parent", marks=marks)
    parent["children"] = [_span_of_attempt(run, a, marks, with_output) for a in attempts]
    if in_step and with_output and last.failure:
        parent["output"] = last.failure.as_output(of_attempt=True)
    twins = []
    for attempt in attempts:
        said = _said(run, attempt, with_output)
        if not attempt.failure and run.function.steps and not in_step:
            # Seen: what succeeds at last carries the marks of its step, and Finalization its operation.
            parent["stepOp"] = "RUN"
            step = run.function.steps[-1]
            twins.append(_span(run, attempt, step, COMPLETED, output=said, salt="twin", marks=_marks(step)))
        twin = name if in_step else "executor.nonstep"
        twins.append(_span(run, attempt, twin, _status(attempt), output=said, salt="twin", marks=marks))
    return [parent, *twins]


def _span_of_attempt(run: PlayedRun, attempt: PlayedAttempt, marks: Mapping[str, str], with_output: bool) -> Span:
    if not attempt.failure and run.function.steps:
        marks = _marks(run.function.steps[-1])
    said = _said(run, attempt, with_output)
    return _span(run, attempt, f"Attempt {attempt.number}", _status(attempt), metadata=True, output=said, marks=marks)


def _marks(step: str) -> Mapping[str, str]:
    return {"stepId": _step_id(step), "stepOp": "RUN"}


def _said(run: PlayedRun, attempt: PlayedAttempt, with_output: bool) -> Any:
    if not with_output:
        return None
    return attempt.failure.as_output(of_attempt=True) if attempt.failure else wrapped(run.output)


def _status(attempt: PlayedAttempt) -> str:
    return FAILED if attempt.failure else COMPLETED


def _sleep(run: PlayedRun) -> Span:
    begin, wakes = run.sleeping_since or run.queued, run.wakes or run.queued
    woken = bool(run.attempts) and run.status != CANCELLED
    span: Span = {
        "id": _span_id(run.id, "sleep"),
        "metadata": _timings(begin, begin, 2),
        "name": "wait-for-archive",
        "queuedAt": proto_ms(begin),
        "startedAt": proto_ms(begin),
        "status": COMPLETED if woken else "WAITING",
        "stepId": _step_id("wait-for-archive"),
        "stepOp": "SLEEP",
    }
    if woken:
        span |= {"endedAt": proto_ms(wakes), "durationMs": str((wakes - begin) // MS)}
    return span


def _span(
    run: PlayedRun,
    attempt: PlayedAttempt,
    name: str,
    status: str,
    *,
    times: tuple[int, int, int] | None = None,
    metadata: bool = False,
    output: Any = None,
    salt: str = "",
    marks: Mapping[str, str] = _NO_MARKS,
) -> Span:
    queued, started, ended = times or (attempt.queued, attempt.started, attempt.ended or attempt.started)
    span: Span = {
        "durationMs": str((ended - started) // MS),
        "endedAt": proto_ms(ended),
        "id": _span_id(run.id, name, str(attempt.number), salt),
        "name": name,
        "queuedAt": proto_ms(queued),
        "startedAt": proto_ms(started),
        "status": status,
        **marks,
    }
    if metadata:
        span["metadata"] = _timings(started, ended, max(0, (started - queued) // MS))
    if output is not None:
        span["output"] = output
    return span


def _timings(started: int, ended: int, waited_ms: int) -> list[dict[str, Any]]:
    took = str((ended - started) // MS)
    idle = dict.fromkeys(("content_transfer_ms", "dns_lookup_ms", "tcp_connection_ms", "tls_handshake_ms"), "0")
    inngest = {"network_total_ms": took, "queue_delay_ms": str(waited_ms), "system_latency_ms": "1"}
    return [
        _metadata("inngest.http.timing", "request", ended, {**idle, "server_processing_ms": took, "total_ms": took}),
        _metadata("inngest.timing", "request", ended, {**inngest, "total_inngest_ms": str(waited_ms + 1)}),
    ]


def _metadata(kind: str, scope: str, moment: int, values: dict[str, str]) -> dict[str, Any]:
    return {"kind": kind, "scope": scope, "updatedAt": proto_time(moment), "values": values}


def _span_id(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]


def _step_id(step: str) -> str:
    return hashlib.sha256(step.encode()).hexdigest()[:40]
