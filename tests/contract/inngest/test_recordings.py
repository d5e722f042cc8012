"""Every recorded answer is read by the client and compared with its raw JSON, or named here with the reason why not.

The comparison re-reads the raw rows in the plainest way, so that it does not repeat the parser's beliefs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from salina_monitor.inngest import BadAnswer, BadCursor, BadKey, InngestError, NotFound, TooOld, VendorDown
from salina_monitor.models import JobStatus, Run
from tests.contract.inngest.replay import RECORDINGS, Server, client, recording

LONG_AGO = datetime(2026, 11, 22, tzinfo=UTC)

# name → (rows, has a next page)
LISTS = {
    "v2-runs.api-prefix": (1, True),
    "v2-runs.app": (2, True),
    "v2-runs.app-fn": (2, True),
    "v2-runs.app-unknown": (0, False),
    "v2-runs.badparam": (20, True),
    "v2-runs.completed-output": (3, True),
    "v2-runs.default": (3, True),
    "v2-runs.endedAt": (2, True),
    "v2-runs.failed-output": (3, True),
    "v2-runs.limit100": (1, True),
    "v2-runs.page1": (2, True),
    "v2-runs.page2": (2, True),
    "v2-runs.query-cel": (2, True),
    "v2-runs.snake": (2, True),
    "v2-runs.status-CANCELLED": (2, False),
    "v2-runs.status-COMPLETED": (2, True),
    "v2-runs.status-FAILED": (2, False),
    "v2-runs.status-Failed": (2, False),
    "v2-runs.status-QUEUED": (0, False),
    "v2-runs.status-RUNNING": (2, False),
    "v2-runs.status-multi": (2, False),
    "v2-function-runs": (2, True),  # rows of the same shape, under another address
    "skipped.v2-event-runs": (0, False),
    "v2-event-runs.CANCELLED.cancel": (1, False),
    "v2-event-runs.COMPLETED.batch-ok": (1, False),
    "v2-event-runs.COMPLETED.flaky": (1, False),
    "v2-event-runs.COMPLETED.ok": (1, False),
    "v2-event-runs.FAILED.fail": (1, False),
    "v2-event-runs.FAILED.html": (1, False),
    "v2-event-runs.FAILED.nonretriable": (1, False),
    "v2-event-runs.FAILED.stepfail": (1, False),
    "v2-event-runs.FAILED.trace": (1, False),
    "v2-event-runs.QUEUED.batch-fail": (1, False),
    "v2-event-runs.QUEUED.batch-ok": (1, False),
    "v2-event-runs.RUNNING.batch-fail": (1, False),
    "v2-event-runs.RUNNING.batch-ok": (1, False),
    "v2-event-runs.RUNNING.long": (1, False),
}
# name → status that people should see
RUNS = {
    "edge.v2-run.cancelled-from-queued": "cancelled",
    "edge.v2-run.executing": "running",
    "midretry.v2-run": "running",  # the server says FAILED
    "skipped.v2-run": "queued",
    "v2-run.CANCELLED.cancel": "cancelled",
    "v2-run.COMPLETED.batch-ok": "completed",
    "v2-run.COMPLETED.flaky": "completed",
    "v2-run.COMPLETED.ok": "completed",
    "v2-run.FAILED.fail": "failed",
    "v2-run.FAILED.html": "failed",
    "v2-run.FAILED.nonretriable": "failed",
    "v2-run.FAILED.stepfail": "failed",
    "v2-run.FAILED.trace": "failed",
    "v2-run.QUEUED.batch-fail": "queued",
    "v2-run.QUEUED.batch-ok": "queued",
    "v2-run.RUNNING.batch-fail": "running",  # the server says COMPLETED, without an end
    "v2-run.RUNNING.batch-ok": "completed",
    "v2-run.RUNNING.long": "running",
    "v2-run.after-cancel": "cancelled",
}
# name → (status, retries, status of each attempt, tenant in the input)
TRACES: dict[str, tuple[str, int, list[str], str | None]] = {
    "midretry.v2-trace": ("running", 0, ["failed"], "tenant-99"),
    "skipped.v2-trace": ("unknown", 0, [], None),
    "v2-trace.CANCELLED.cancel": ("cancelled", 0, ["cancelled"], "tenant-03"),
    "v2-trace.COMPLETED.batch-ok": ("completed", 0, ["completed"], "tenant-08"),
    "v2-trace.COMPLETED.flaky": ("completed", 1, ["failed", "completed"], "tenant-05"),
    "v2-trace.COMPLETED.ok": ("completed", 0, ["completed"], "tenant-06"),
    "v2-trace.FAILED.fail": ("failed", 2, ["failed"] * 3, "tenant-05"),
    "v2-trace.FAILED.html": ("failed", 2, ["failed"] * 3, "tenant-03"),
    "v2-trace.FAILED.nonretriable": ("failed", 0, ["failed"], "tenant-02"),
    "v2-trace.FAILED.stepfail": ("failed", 2, ["failed"] * 3, "tenant-08"),
    "v2-trace.FAILED.trace": ("failed", 2, ["failed"] * 3, "tenant-06"),
    "v2-trace.QUEUED.batch-fail": ("queued", 0, [], "tenant-03"),
    "v2-trace.QUEUED.batch-ok": ("queued", 0, [], "tenant-02"),
    "v2-trace.RUNNING.batch-fail": ("running", 0, ["failed"], "tenant-05"),
    "v2-trace.RUNNING.batch-ok": ("completed", 0, ["completed"], "tenant-06"),
    "v2-trace.RUNNING.long": ("running", 0, ["running"], "tenant-02"),
}
# name → events
EVENTS = {
    "v1-events.cursor": 2,
    "v1-events.default": 3,
    "v1-events.limit200": 1,
    "v1-events.name": 3,
    "v1-events.name-batch-limit2": 2,
    "v1-events.sys-cancelled": 0,
    "v1-events.sys-failed": 0,
    "v1-events.sys-finished": 0,
}
# name → number of the planned attempt
NEXT_ATTEMPTS = {
    "midretry.v1-run-jobs": 2,
    "v1-run-jobs.RUNNING.batch-fail": 2,
    "edge.v1-jobs.executing": None,  # a worker holds it
    "v1-run-jobs.RUNNING.long": None,  # a sleep
    "v1-run-jobs.QUEUED.batch-fail": None,  # the first attempt
    "v1-run-jobs.QUEUED.batch-ok": None,
    "v1-run-jobs.RUNNING.batch-ok": None,
    "v1-run-jobs.CANCELLED.cancel": None,
    "v1-run-jobs.COMPLETED.batch-ok": None,
    "v1-run-jobs.COMPLETED.flaky": None,
    "v1-run-jobs.COMPLETED.ok": None,
    "v1-run-jobs.FAILED.fail": None,
    "v1-run-jobs.FAILED.html": None,
    "v1-run-jobs.FAILED.nonretriable": None,
    "v1-run-jobs.FAILED.stepfail": None,
    "v1-run-jobs.FAILED.trace": None,
}
# name → (question, class, code)
ERRORS: dict[str, tuple[str, type[InngestError], str]] = {
    "v1-events.badauth": ("events", BadKey, "bad_key"),
    "v1-events.noauth": ("events", BadKey, "bad_key"),
    "v1-events.badcursor": ("events", BadCursor, "bad_cursor"),
    "v1-events.badtime": ("events", BadAnswer, "bad_request"),
    "v1-prom": ("events", BadAnswer, "bad_answer"),  # 501 inside a 200
    "v1-cancellations.get": ("events", VendorDown, "vendor_error"),
    "v1-functions": ("events", BadAnswer, "bad_answer"),  # 404 page not found
    "v1-run-jobs.unknown": ("next", NotFound, "not_found"),  # 500 inside a 200
    "v1-run.unknown": ("next", NotFound, "not_found"),
    "v1-run.badid": ("next", NotFound, "not_found"),
    "skipped.v1-run": ("next", NotFound, "not_found"),
    "v1-event.unknown": ("next", NotFound, "not_found"),  # 404 inside a 200
    "v1-event.badid": ("events", BadAnswer, "bad_request"),  # 400 inside a 200
    "v2-run.unknown": ("run", NotFound, "not_found"),
    "v2-run.badid": ("run", NotFound, "not_found"),
    "v2-trace.unknown": ("trace", NotFound, "not_found"),
    "v2-app.unknown": ("functions", NotFound, "app_not_found"),
    "v2-nope": ("list", TooOld, "too_old"),
    "v1-runs-list": ("list", TooOld, "too_old"),  # 404 page not found, as an older server says
    "v2-insights-query": ("list", TooOld, "too_old"),  # 501
    "v2-runs.noauth": ("list", BadKey, "bad_key"),
    "v2-runs.badcursor": ("list", BadCursor, "bad_cursor"),
    "v2-runs.badfrom": ("list", BadAnswer, "bad_request"),
    "v2-runs.fn-only": ("list", BadAnswer, "bad_request"),
    "v2-runs.limit101": ("list", BadAnswer, "bad_request"),
    "v2-runs.status-SKIPPED": ("list", BadAnswer, "bad_request"),
    "v2-runs.status-comma": ("list", BadAnswer, "bad_request"),
}
OTHERS = {"v2-functions", "v2-function", "v1-app-functions", "v2-operations", "health_"}  # tests of their own below
_PING = "the Inngest check asks it, see tests of checks"
_ACTION = "cancelling and re-running come with the actions"
_V1_RUN = "runs are asked from v2 only: v1 is cached and says Failed between attempts"
_NEVER = "the client never asks this"
NOT_USED = {
    **dict.fromkeys(
        (
            "health_.noauth", "health_dev", "health_dev.noauth", "health_health", "health_health.noauth",
            "health_ready", "health_ready.noauth", "health_v1_health", "health_v1_health.noauth",
            "health_v2_health", "health_v2_health.noauth",
        ),
        _PING,
    ),
    **dict.fromkeys(
        (
            "v2-cancel", "v2-cancel.again", "v2-cancel.ended", "v2-cancel.unknown", "v2-rerun", "v2-rerun.unknown",
            "v1-run-delete", "v1-run-delete.again", "v1-run-delete.unknown", "v1-cancellations.post",
        ),
        _ACTION,
    ),
    **dict.fromkeys(
        (
            "v1-run.CANCELLED.cancel", "v1-run.COMPLETED.batch-ok", "v1-run.COMPLETED.flaky", "v1-run.COMPLETED.ok",
            "v1-run.FAILED.fail", "v1-run.FAILED.html", "v1-run.FAILED.nonretriable", "v1-run.FAILED.stepfail",
            "v1-run.FAILED.trace", "v1-run.QUEUED.batch-fail", "v1-run.QUEUED.batch-ok", "v1-run.RUNNING.batch-fail",
            "v1-run.RUNNING.batch-ok", "v1-run.RUNNING.long", "v1-run.after-cancel", "midretry.v1-run",
            "edge.v1-run.executing", "edge.v1-run.cancelled-from-queued",
            "v1-event-runs.CANCELLED.cancel", "v1-event-runs.COMPLETED.batch-ok", "v1-event-runs.COMPLETED.flaky",
            "v1-event-runs.COMPLETED.ok", "v1-event-runs.FAILED.fail", "v1-event-runs.FAILED.html",
            "v1-event-runs.FAILED.nonretriable", "v1-event-runs.FAILED.stepfail", "v1-event-runs.FAILED.trace",
            "v1-event-runs.QUEUED.batch-fail", "v1-event-runs.QUEUED.batch-ok", "v1-event-runs.RUNNING.batch-fail",
            "v1-event-runs.RUNNING.batch-ok", "v1-event-runs.RUNNING.long", "v1-event-runs.unknown",
            "midretry.v1-event-runs", "skipped.v1-event-runs", "edge.v1-event-runs.executing",
        ),
        _V1_RUN,
    ),
    **dict.fromkeys(
        (
            "v1-event.one", "v1-apps", "v1-app-functions.unknown", "v2-account", "v2-app", "v2-apps", "v2-envs",
            "v2-env-webhooks", "v2-insights-tables",
        ),
        _NEVER,
    ),
}  # fmt: skip


def test_it_knows_what_becomes_of_every_recording() -> None:
    tables: list[Iterable[str]] = [LISTS, RUNS, TRACES, EVENTS, NEXT_ATTEMPTS, ERRORS, NOT_USED, OTHERS]
    named = [name for table in tables for name in table]
    assert sorted(named) == sorted(set(named)), "a recording is named twice"
    assert set(named) == {path.name.removesuffix(".json") for path in RECORDINGS.glob("*.json")}


def ms(text: str | None) -> int | None:
    """Whole milliseconds of a recorded time, read digit by digit rather than with the parser's means."""
    if text is None:
        return None
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()
    return int(seconds) * 1000 + int((fraction + "000")[:3])


def epoch_ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1_000_000 + 0.5) // 1000


def assert_same_run(run: Run, raw: dict[str, Any], error: dict[str, Any] | None) -> None:
    assert (run.id, run.app_id, run.function_id) == (raw["id"], raw["app"]["id"], raw["function"]["id"])
    assert run.function_name == raw["function"]["name"]
    assert run.raw_status == raw["status"]
    assert run.event_ids == tuple(raw["trigger"]["eventIds"])
    assert epoch_ms(run.queued_at) == ms(raw["queuedAt"])
    assert epoch_ms(run.ended_at) == ms(raw.get("endedAt"))
    if error is None:
        assert run.error is None
    else:
        assert run.error is not None
        assert (run.error.name, run.error.message, run.error.stack) == (error["name"], error["message"], error["stack"])


@pytest.mark.parametrize("name", LISTS)
def test_it_reads_a_list_exactly_as_recorded(name: str) -> None:
    page = client(Server(name)).list_runs(include_output=True)
    body = recording(name)["body"]
    rows = body.get("data", [])
    assert (len(page.runs), page.cursor is not None) == LISTS[name]
    assert page.rejected == ()
    assert epoch_ms(page.fetched_at) == ms(body["metadata"]["fetchedAt"])
    assert page.cursor == (body["page"].get("cursor") if body["page"].get("hasMore") else None)
    for run, raw in zip(page.runs, rows, strict=True):
        error = raw.get("output", {}).get("error") if raw["status"] == "FAILED" and "endedAt" in raw else None
        assert_same_run(run, raw, error)
        assert run.status.value == (
            raw["status"].lower() if "endedAt" in raw or raw["status"] == "QUEUED" else "running"
        )


@pytest.mark.parametrize("name", RUNS)
def test_it_reads_a_single_run_exactly_as_recorded(name: str) -> None:
    run = client(Server(name)).get_run("01M84RCYDTFRS5K3RNVT5QH14J")
    raw = recording(name)["body"]["data"]
    assert run.status.value == RUNS[name]
    assert_same_run(run, raw, raw.get("output") if RUNS[name] == "failed" else None)


@pytest.mark.parametrize("name", TRACES)
def test_it_reads_a_trace_exactly_as_recorded(name: str) -> None:
    trace = client(Server(name)).get_trace("01M84RCYDTFRS5K3RNVT5QH14J")
    root = recording(name)["body"]["data"]["rootSpan"]
    status, retries, attempts, tenant = TRACES[name]
    assert (trace.status.value, trace.retry_count, [a.status.value for a in trace.attempts]) == (
        status, retries, attempts,
    )  # fmt: skip
    assert [a.number for a in trace.attempts] == list(range(1, len(attempts) + 1))
    assert epoch_ms(trace.queued_at) == ms(root["queuedAt"])
    assert epoch_ms(trace.started_at) == ms(root.get("startedAt"))
    assert epoch_ms(trace.ended_at) == ms(root.get("endedAt"))
    assert (trace.input or {}).get("tenant_id") == tenant  # type: ignore[union-attr]
    assert trace.output == (root.get("output") if status == "completed" else None)
    assert (trace.error.message if trace.error else None) == (root["output"]["message"] if status == "failed" else None)
    assert trace.skipped is (name == "skipped.v2-trace")


@pytest.mark.parametrize("name", EVENTS)
def test_it_reads_events_exactly_as_recorded(name: str) -> None:
    page = client(Server(name)).list_events(received_after=LONG_AGO)
    rows = recording(name)["body"]["data"]
    assert (len(page.events), page.cursor, page.rejected) == (EVENTS[name], None, ())
    for event, raw in zip(page.events, rows, strict=True):
        assert (event.id, event.name, event.data) == (raw["internal_id"], raw["name"], raw["data"])
        assert epoch_ms(event.received_at) == ms(raw["received_at"])


@pytest.mark.parametrize("name", NEXT_ATTEMPTS)
def test_it_reads_the_planned_attempt_exactly_as_recorded(name: str) -> None:
    planned = client(Server(name)).next_attempt("01M84RHJJG468PJ1JQBQPNQXX6")
    assert (planned.number if planned else None) == NEXT_ATTEMPTS[name]
    if planned:
        assert epoch_ms(planned.at) == ms(recording(name)["body"]["data"][0]["at"])


@pytest.mark.parametrize("name", ERRORS)
def test_it_turns_a_recorded_refusal_into_an_error(name: str) -> None:
    question, cls, code = ERRORS[name]
    inngest = client(Server(name))
    questions: dict[str, Callable[[], object]] = {
        "list": lambda: inngest.list_runs(cursor="zzz"),
        "run": lambda: inngest.get_run("xyz"),
        "trace": lambda: inngest.get_trace("xyz"),
        "next": lambda: inngest.next_attempt("xyz"),
        "events": lambda: inngest.list_events(received_after=LONG_AGO, cursor="nope"),
        "functions": inngest.list_functions,
    }
    with pytest.raises(cls) as caught:
        questions[question]()
    assert type(caught.value) is cls
    assert caught.value.code == code


def test_it_reads_functions_with_triggers_and_retries() -> None:
    found = client(Server("v2-functions")).list_functions()
    assert [(f.id, f.name, f.triggers, f.retries) for f in found] == [
        ("pdf-generation", "PDF generation", ("statements/pdf.generate",), 2),
        ("lab-singleton", "lab-singleton", ("lab/singleton",), 0),  # recorded without a value: 0 is omitted
        ("batch-statements", "Batch statements", ("statements/generate.batch",), 1),
    ]


def test_its_short_function_ids_are_those_that_v1_prefixes_with_the_app() -> None:
    short = [f.id for f in client(Server("v2-functions")).list_functions()]
    assert sorted(f"salina-erp-{i}" for i in short) == sorted(f["id"] for f in recording("v1-app-functions")["body"])
    v1_retries = {
        f["config"]["name"]: f["config"]["steps"][0]["retries"] for f in recording("v1-app-functions")["body"]
    }
    assert {f.name: f.retries for f in client(Server("v2-functions")).list_functions()} == v1_retries
    assert recording("v2-function")["body"]["data"] == recording("v2-functions")["body"]["data"][0]


def test_it_sends_only_parameters_that_the_recorded_server_documents() -> None:
    operations = {o["id"]: o for o in recording("v2-operations")["body"]["data"]["operations"] if "id" in o}
    inngest = client(
        server := Server("v2-runs.default", "v2-functions", "v2-trace.COMPLETED.ok", "v2-run.COMPLETED.ok")
    )
    inngest.list_runs(
        statuses=[JobStatus.FAILED], time_field="endedAt", since=LONG_AGO, until=LONG_AGO, ascending=True,
        include_output=True, cursor="c",
    )  # fmt: skip
    inngest.list_functions()
    inngest.get_trace("x")
    inngest.get_run("x")
    for request, operation in zip(
        server.requests, ("ListRuns", "GetFunctions", "GetFunctionTrace", "GetFunctionRun"), strict=True
    ):
        assert set(request.url.params) <= set(operations[operation]["mcp"]["inputSchema"]["properties"])
