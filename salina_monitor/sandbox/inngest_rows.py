"""Runs as v2 writes them: the row of a list and the single run, which differ (inngest-api.md, traps 3 to 5).

Source: recordings `v2-runs.*`, `v2-run.*`, `midretry.v2-run`, `edge.v2-run.*`.
"""

from __future__ import annotations

from typing import Any

from salina_monitor.sandbox.catalogue import APP_ID
from salina_monitor.sandbox.moments import MS, proto_ms, proto_time
from salina_monitor.sandbox.runs import COMPLETED, FAILED, RUNNING, PlayedRun


def list_row(run: PlayedRun, *, with_output: bool) -> dict[str, Any]:
    """A row of `GET /v2/runs`: `startedAt` is the queue time, `durationMs` includes the wait, failures are wrapped."""
    row = _common(run)
    row["status"] = run.listed_status
    row["startedAt"] = proto_time(run.listed_start)
    if run.listed_end is not None:
        row["endedAt"] = proto_time(run.listed_end)
        row["durationMs"] = str((run.listed_end - run.listed_start) // MS)
        if with_output and run.failure:
            row["output"] = {"error": run.failure.as_output(of_attempt=False)}
        elif with_output and run.listed_status == COMPLETED:
            row["output"] = wrapped(run.output)
    return row


def single_run(run: PlayedRun, *, with_output: bool) -> dict[str, Any]:
    """The data of `GET /v2/runs/{id}`: true start, failures unwrapped, a misleading status between attempts."""
    row = _common(run)
    row["status"] = misleading_status(run)
    started = run.started if run.started is not None else run.listed_start
    row["startedAt"] = proto_ms(started) if run.started is not None else proto_time(started)
    if run.ended is not None:
        row["endedAt"] = proto_ms(run.ended)
        row["durationMs"] = str((run.ended - started) // MS)
        if with_output and run.failure:
            row["output"] = run.failure.as_output(of_attempt=False)
        elif with_output and run.status == COMPLETED:
            row["output"] = wrapped(run.output)
    return row


def misleading_status(run: PlayedRun) -> str:
    """What the single run says: between two attempts FAILED, or COMPLETED if it was a later step that failed.

    The list says RUNNING all the while. Neither has an end time then.
    """
    if run.status != RUNNING or run.next_attempt is None or not run.attempts:
        return run.status
    last = run.attempts[-1].failure
    return COMPLETED if last and last.in_step else FAILED


def wrapped(output: Any) -> Any:
    """v2 wraps a success output that is no object."""
    return output if isinstance(output, dict) else {"data": output}


def _common(run: PlayedRun) -> dict[str, Any]:
    trigger: dict[str, Any] = {"eventIds": [run.event.id]}
    if run.function.cron:
        trigger["cronSchedule"] = run.function.cron
    return {
        "app": {"id": APP_ID},
        "function": {"id": run.function.id, "name": run.function.name},
        "id": run.id,
        "queuedAt": proto_ms(run.queued),
        "trigger": trigger,
    }
