from __future__ import annotations

from typing import Any

import pytest

from salina_monitor.inngest.traces import parse_trace
from salina_monitor.models import JobStatus


def at(second: int) -> str:
    return f"2026-11-23T17:49:{second:02}.000Z"


def span(name: str, status: str = "COMPLETED", start: int = 10, end: int | None = 11, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "status": status, "queuedAt": at(9), "startedAt": at(start), **more}
    return found | ({"endedAt": at(end)} if end is not None else {})


def failed(name: str, message: str, start: int = 10) -> dict[str, Any]:
    return span(name, "FAILED", start, start + 1, output={"name": "E", "message": message})


def root(*children: dict[str, Any], status: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    return {"rootSpan": span("Run", status, 10, 50, children=list(children), **more)}


def test_retries_are_the_highest_attempt_and_not_the_sum() -> None:
    steps = [
        span("a", children=[failed("Attempt 0", "x"), span("Attempt 1")]),
        span("b", children=[failed("Attempt 0", "y"), failed("Attempt 1", "z"), span("Attempt 2")]),
    ]
    trace = parse_trace(root(*steps), "01")
    assert (trace.retry_count, [a.number for a in trace.attempts]) == (2, [1, 2, 3])


def test_the_failed_step_speaks_for_its_attempt() -> None:
    steps = [
        span("a", children=[span("Attempt 0", start=1)]),
        span("b", children=[failed("Attempt 0", "the reason", start=5)]),
        span("Finalization", children=[failed("Attempt 0", "the echo", start=20)]),
    ]
    attempts = parse_trace(root(*steps), "01").attempts
    assert len(attempts) == 1
    assert attempts[0].status is JobStatus.FAILED
    assert attempts[0].error is not None
    assert attempts[0].error.message == "the reason"


def test_duplicates_of_the_executor_count_for_nothing() -> None:
    duplicate = span("executor.nonstep", children=[failed("Attempt 7", "again")])
    trace = parse_trace(root(span("Finalization", children=[span("Attempt 0")]), duplicate), "01")
    assert trace.retry_count == 0
    assert trace.attempts[0].error is None


@pytest.mark.parametrize(
    "name", ["Attempt", "Attempt x", "attempt 3", "Attempt 3b", "Attempt 10000", "My Attempt 3", None, 3]
)
def test_only_the_servers_own_name_is_an_attempt(name: Any) -> None:
    assert parse_trace(root({"name": name, "status": "FAILED"}), "01").retry_count == 0


def test_without_attempts_there_was_one() -> None:
    trace = parse_trace(root(span("upload"), status="FAILED", output={"message": "no"}), "01")
    assert [(a.number, a.status) for a in trace.attempts] == [(1, JobStatus.FAILED)]
    assert trace.attempts[0].error == trace.error
    assert (trace.attempts[0].started_at, trace.attempts[0].ended_at) == (trace.started_at, trace.ended_at)


def test_a_run_cancelled_before_it_started_has_no_attempt() -> None:
    data = {"rootSpan": {"name": "Run", "status": "CANCELLED", "queuedAt": at(1), "endedAt": at(5)}}
    trace = parse_trace(data, "01")
    assert (trace.status, trace.attempts) == (JobStatus.CANCELLED, ())


def test_a_tree_of_fifty_thousand_levels_is_read() -> None:
    deepest = failed("Attempt 2", "deep down")
    node = deepest
    for _ in range(50_000):
        node = span("step", children=[node])
    assert parse_trace(root(node), "01").retry_count == 2


def test_skewed_clocks_make_no_negative_duration() -> None:
    data = {"rootSpan": span("Run", start=5, end=3, children=[span("Attempt 0", start=8, end=2)])}
    trace = parse_trace(data, "01")
    assert trace.queued_at is not None
    assert trace.queued_at == trace.started_at == trace.ended_at
    assert trace.attempts[0].started_at == trace.attempts[0].ended_at


def test_a_sleeping_run_is_running_and_one_that_waits_for_its_start_is_queued() -> None:
    asleep = span("Run", "WAITING", 10, None)
    waiting = {key: value for key, value in asleep.items() if key != "startedAt"}
    assert parse_trace({"rootSpan": asleep}, "01").status is JobStatus.RUNNING
    assert parse_trace({"rootSpan": waiting}, "01").status is JobStatus.QUEUED


def test_a_status_of_tomorrow_is_unknown() -> None:
    assert parse_trace(root(status="PAUSED"), "01").status is JobStatus.UNKNOWN


@pytest.mark.parametrize(
    ("given", "payload"),
    [
        ({"data": [{"data": {"a": 1}}]}, {"a": 1}),
        ({"data": [{"data": [1]}, {"data": 2}]}, [1]),
        ({"data": [{}]}, None),
        ({"data": []}, None),
        ({"data": "x"}, None),
        ("x", None),
        (None, None),
    ],
)
def test_the_input_is_the_payload_of_the_first_event(given: Any, payload: Any) -> None:
    assert parse_trace(root(input=given), "01").input == payload


@pytest.mark.parametrize(
    ("given", "tenants"),
    [
        ({"data": [{"data": {"tenantId": "a"}}]}, ("a",)),
        ({"data": [{"data": {"tenantId": t}} for t in "abab"]}, ("a", "b")),
        ({"data": [{"data": {"tenantId": "a"}}, {"data": {}}, {"data": 7}, "x"]}, ("a", None)),
        ({"data": {"tenantId": "a"}}, (None,)),
        ({"data": []}, ()),
        (None, ()),
    ],
)
def test_every_event_of_a_batch_names_its_tenant(given: Any, tenants: Any) -> None:
    """Whose data a trace holds decides who may read it: a shape that nobody knows counts as nobody's."""
    assert parse_trace(root(input=given), "01").tenants == tenants
