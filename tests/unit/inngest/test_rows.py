"""Recorded rows with fields dropped and replaced: every row is read or rejected with a sentence, none is lost."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salina_monitor.inngest import InngestClient, InngestError
from salina_monitor.inngest.rows import parse_event, parse_function, parse_next_attempt, parse_rows, parse_run
from salina_monitor.models import JobStatus, Run, Trace, utcnow
from salina_monitor.settings import Settings

RECORDINGS = Path(__file__).resolve().parents[2] / "contract" / "recordings"


def body(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text())["body"]


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [here, *(place for key, child in items for place in paths(child, (*here, key)))]


odd_values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20),
    st.sampled_from([
        "", " ", "x" * 300, "SKIPPED", "PAUSED", "failed", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
        "2026-11-23T17:49:03", "Attempt 3", "Attempt 99999999999", "Attempt -1", "executor.nonstep", "\x00", "\ud800",
    ]),
    st.just([]), st.just({}), st.just([{}]), st.just([None]), st.just({"data": None}), st.just({"error": "x"}),
)  # fmt: skip
DROP = object()


@st.composite
def mutated(draw: st.DrawFn, names: list[str]) -> Any:
    """A recorded body with one to four places dropped or replaced."""
    value = {"body": copy.deepcopy(body(draw(st.sampled_from(names))))}
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(paths(value)[1:]))
        node = value
        for key in place[:-1]:
            node = node[key]
        change = draw(st.just(DROP) | odd_values)
        if change is DROP and place != ("body",):
            del node[place[-1]]
        else:
            node[place[-1]] = copy.deepcopy(None if change is DROP else change)
        if not paths(value["body"])[1:]:
            break
    return value["body"]


def asked(answer: Any, question: Callable[[InngestClient], Any]) -> Any:
    """What the client makes of `answer`; None for an InngestError. Anything else it raises fails the test."""
    content = json.dumps(answer).encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    env = {"INNGEST_API_URL": "http://127.0.0.1:1", "INNGEST_SIGNING_KEY": "signkey-test-00"}
    client = InngestClient(Settings.load(env), http=httpx.Client(transport=transport), sleep=lambda _: None)
    try:
        return question(client)
    except InngestError:
        return None


LISTS = ["v2-runs.failed-output", "v2-runs.page1", "v2-runs.badparam", "v2-event-runs.CANCELLED.cancel"]
TRACES = ["v2-trace.FAILED.stepfail", "v2-trace.COMPLETED.flaky", "midretry.v2-trace", "skipped.v2-trace"]


def assert_sound(run: Run) -> None:
    assert run.id.strip()
    assert run.function_id.strip()
    assert run.queued_at.tzinfo is not None
    assert (run.ended_at is not None) or not run.status.is_terminal
    assert run.error is None or run.status is JobStatus.FAILED
    (run.function_name or "").encode()


@settings(max_examples=300, deadline=None)
@given(mutated(LISTS))
def test_no_mutated_list_loses_a_row_or_breaks_the_client(answer: Any) -> None:
    page = asked(answer, lambda client: client.list_runs(include_output=True))
    if page is not None:
        assert len(page.runs) + len(page.rejected) == len(answer.get("data") or [])
        for run in page.runs:
            assert_sound(run)
        for rejected in page.rejected:
            assert rejected.reason.endswith(".")


@settings(max_examples=300, deadline=None)
@given(mutated(TRACES))
def test_no_mutated_trace_breaks_the_client(answer: Any) -> None:
    trace: Trace | None = asked(answer, lambda client: client.get_trace("01"))
    if trace is not None:
        numbers = [a.number for a in trace.attempts]
        assert numbers == sorted(set(numbers))
        assert trace.retry_count == (max(numbers) - 1 if numbers else 0)
        for started, ended in [(trace.started_at, trace.ended_at), (trace.queued_at, trace.started_at)] + [
            (a.started_at, a.ended_at) for a in trace.attempts
        ]:
            assert started is None or ended is None or started <= ended


@settings(max_examples=100, deadline=None)
@given(mutated(["v2-run.FAILED.fail", "midretry.v2-run"]))
def test_no_mutated_run_breaks_the_client(answer: Any) -> None:
    run = asked(answer, lambda client: client.get_run("01"))
    if run is not None:
        assert_sound(run)


@settings(max_examples=150, deadline=None)
@given(mutated(["v1-events.default", "v1-events.name"]))
def test_no_mutated_event_is_lost(answer: Any) -> None:
    page = asked(answer, lambda client: client.list_events(received_after=utcnow()))
    if page is not None:
        assert len(page.events) + len(page.rejected) == len(answer["data"] or [])


@settings(max_examples=100, deadline=None)
@given(mutated(["v2-functions"]), mutated(["midretry.v1-run-jobs", "v1-run-jobs.RUNNING.batch-fail"]))
def test_no_mutated_function_or_queue_item_breaks_the_client(functions: Any, jobs: Any) -> None:
    asked(functions, lambda client: client.list_functions())
    asked(jobs, lambda client: client.next_attempt("01"))


ROW = body("v2-runs.failed-output")["data"][0]


@pytest.mark.parametrize("field", ["id", "status", "queuedAt", "function"])
def test_a_row_without_an_expected_field_is_rejected_by_name(field: str) -> None:
    row = {key: value for key, value in ROW.items() if key != field}
    runs, rejected = parse_rows([ROW, row], parse_run, "id")
    assert [run.id for run in runs] == [ROW["id"]]
    assert rejected[0].id == (None if field == "id" else ROW["id"])
    assert field.removesuffix("At") in rejected[0].reason


@pytest.mark.parametrize("row", [None, 7, "row", [], ["id"]])
def test_a_row_that_is_no_object_is_rejected(row: Any) -> None:
    assert parse_rows([row], parse_run, "id")[1][0].id is None


def test_an_unreadable_end_is_rejected_rather_than_taken_for_running() -> None:
    assert parse_rows([{**ROW, "endedAt": "soon"}], parse_run, "id")[1][0].id == ROW["id"]


@pytest.mark.parametrize("field", ["app", "durationMs", "startedAt", "trigger", "output"])
def test_a_row_can_do_without_the_rest(field: str) -> None:
    assert parse_run({key: value for key, value in ROW.items() if key != field}).id == ROW["id"]


def test_an_unknown_status_is_kept_as_it_came() -> None:
    run = parse_run({**ROW, "status": "PAUSED"})
    assert (run.status, run.raw_status) == (JobStatus.UNKNOWN, "PAUSED")


def test_an_event_is_known_by_its_internal_id() -> None:
    row = {**body("v1-events.default")["data"][0], "id": "chosen-by-the-sender"}
    assert parse_event(row).id == row["internal_id"]
    assert parse_event({**row, "data": None}).data == {}


@pytest.mark.parametrize(
    ("retries", "number"),
    [
        ({"isDefault": False, "value": 2}, 2),
        ({"isDefault": False}, 0),
        ({"isDefault": True, "value": 3}, None),
        ({"isDefault": False, "value": "2"}, None),
        (None, None),
    ],
)
def test_it_knows_no_retries_from_the_default(retries: Any, number: int | None) -> None:
    assert parse_function({"id": "f", "configuration": {"retries": retries}}).retries == number


def test_a_retry_that_runs_already_and_a_sleep_are_not_planned() -> None:
    retry = {"kind": "edge", "attempt": 1, "at": "2026-11-23T17:51:31.441Z", "Raw": {"id": "x"}}
    assert parse_next_attempt([retry]) is not None
    assert parse_next_attempt([{**retry, "Raw": {"leaseID": "01M84S33HYEFKDZ52D4MRM162N"}}]) is None
    assert parse_next_attempt([{**retry, "kind": "sleep"}]) is None


def test_the_earliest_of_several_planned_retries_is_next() -> None:
    at = "2026-11-23T17:51:{:02}.000Z"
    rows = [{"kind": "edge", "attempt": n, "at": at.format(s)} for n, s in ((1, 40), (2, 20), (0, 10))]
    planned = parse_next_attempt(rows)
    assert planned is not None
    assert (planned.number, planned.at.second) == (3, 20)
