"""The waterfall read from the recorded traces: each step once, in order, attempts below their step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from salina_monitor.inngest.steps import MOST_STEPS, steps_of
from salina_monitor.inngest.traces import parse_trace
from salina_monitor.models import JobStatus, Step, StepKind

RECORDINGS = Path(__file__).parents[2] / "contract" / "recordings"


def recorded(name: str) -> tuple[Step, ...]:
    text = json.loads((RECORDINGS / f"{name}.json").read_text())
    body = text.get("body", text)
    return parse_trace(body["data"], "run").steps


def lines(steps: tuple[Step, ...]) -> list[str]:
    return [f"{'  ' * step.depth}{step.name} {step.status.value}" for step in steps]


def test_a_step_that_the_server_tells_of_twice_is_there_once() -> None:
    assert lines(recorded("v2-trace.COMPLETED.batch-ok")) == [
        "load-customers completed", "render-C000 completed", "render-C001 completed", "render-C002 completed",
        "Finalization completed",
    ]  # fmt: skip


def test_attempts_stand_below_their_step_and_only_there() -> None:
    steps = recorded("v2-trace.FAILED.stepfail")
    assert lines(steps) == [
        "render-page failed", "  Attempt 0 failed", "  Attempt 1 failed", "  Attempt 2 failed",
        "Finalization failed", "  Attempt 0 failed",
    ]  # fmt: skip
    assert [step.attempt for step in steps] == [None, 1, 2, 3, None, 1]
    assert all(step.error for step in steps if step.kind is StepKind.ATTEMPT)


def test_a_retry_waits_from_the_end_of_the_attempt_before() -> None:
    _, first, second, *_ = recorded("v2-trace.FAILED.fail")
    assert first.ended_at == second.queued_at
    assert second.started_at
    assert second.queued_at
    assert (second.started_at - second.queued_at).total_seconds() == pytest.approx(2.0, abs=0.1)


def test_a_sleep_is_told_from_a_step() -> None:
    (sleep,) = recorded("v2-trace.RUNNING.long")
    assert (sleep.kind, sleep.status, sleep.ended_at) == (StepKind.SLEEP, JobStatus.RUNNING, None)


@pytest.mark.parametrize("name", ["v2-trace.QUEUED.batch-ok", "skipped.v2-trace"])
def test_what_has_not_begun_has_no_lines(name: str) -> None:
    assert recorded(name) == ()


def test_the_same_name_later_is_another_step() -> None:
    def span(start: int, end: int) -> dict[str, Any]:
        stamp = "2026-11-24T12:{:02d}:00Z"
        return {
            "name": "poll", "status": "COMPLETED", "queuedAt": stamp.format(start), "startedAt": stamp.format(start),
            "endedAt": stamp.format(end),
        }  # fmt: skip

    assert len(steps_of({"children": [span(1, 2), span(1, 2), span(5, 6)]})) == 2


@pytest.mark.parametrize(
    "children",
    [None, "x", [None, 7, {}], [{"name": 5}], [{"name": "a", "stepOp": ["x"], "children": {"a": 1}}],
     [{"name": "a", "startedAt": "yesterday", "status": 9}]],
)  # fmt: skip
def test_a_trace_of_another_shape_breaks_nothing(children: object) -> None:
    assert len(steps_of({"children": children})) <= 1


def test_a_trace_without_end_is_cut() -> None:
    deep: dict[str, Any] = {"name": "x", "status": "COMPLETED"}
    for _ in range(50):
        deep = {"name": "x", "status": "COMPLETED", "children": [deep]}
    assert len(steps_of({"children": [deep]})) < 12
    assert len(steps_of({"children": [{"name": f"s{n}", "status": "COMPLETED"} for n in range(2000)]})) == MOST_STEPS
