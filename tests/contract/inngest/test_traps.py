"""The traps of inngest-api.md, each on the raw recordings. Number and words as there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from salina_monitor.inngest import (
    EVENT_PAGE,
    BadAnswer,
    InngestClient,
    InngestError,
    NeedsSigningKey,
    NotFound,
    VendorDown,
)
from salina_monitor.inngest.tenants import tenant_of
from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import JobStatus, Run, Trace
from tests.contract.inngest.replay import Server, client, recording, settings

LONG_AGO = datetime(2026, 11, 22, tzinfo=UTC)
API_KEY = {"INNGEST_SIGNING_KEY": "", "INNGEST_API_KEY": "sk-inn-api-0123456789"}


def changed(name: str, change: Callable[[Any], None]) -> httpx.Response:
    """A recording with one thing changed in its body."""
    raw = recording(name)
    change(raw["body"])
    return httpx.Response(raw["_status"], headers=raw["_headers"], content=json.dumps(raw["body"]).encode())


def test_trap_1_an_error_inside_an_http_200_is_an_error() -> None:
    assert recording("v1-run-jobs.unknown")["_status"] == 200
    with pytest.raises(NotFound):
        client(Server("v1-run-jobs.unknown")).next_attempt("01M84RCY55SKSRCCNJCTG1TZZZ")
    with pytest.raises(BadAnswer):
        client(Server("v1-events.badtime")).list_events(received_after=LONG_AGO)
    down = changed("v1-events.badtime", lambda body: body.update(status=500, error="database is locked"))
    with pytest.raises(VendorDown):
        client(Server(down)).list_events(received_after=LONG_AGO)


def test_trap_2_an_empty_list_has_no_data_key_and_is_empty() -> None:
    assert "data" not in recording("v2-runs.status-QUEUED")["body"]
    page = client(Server("v2-runs.status-QUEUED")).list_runs()
    assert (page.runs, page.cursor, page.rejected) == ((), None, ())


def test_trap_2_an_object_without_data_and_page_is_not_an_empty_list() -> None:
    bodies: list[dict[str, Any]] = [{}, {"ok": True}, {"data": {}}, {"data": None}, {"page": []}]
    for body in bodies:
        with pytest.raises(BadAnswer):
            client(Server(httpx.Response(200, json=body))).list_runs()


def test_trap_2_a_duration_as_text_does_not_disturb_a_row() -> None:
    assert isinstance(recording("v2-runs.app")["body"]["data"][1]["durationMs"], str)
    assert client(Server("v2-runs.app")).list_runs().rejected == ()


@pytest.mark.parametrize("name", ["midretry.v2-run", "v2-run.RUNNING.batch-fail"])
def test_trap_3_a_run_between_two_attempts_is_running(name: str) -> None:
    raw = recording(name)["body"]["data"]
    assert raw["status"] in ("FAILED", "COMPLETED")
    assert "endedAt" not in raw
    run = client(Server(name)).get_run("01M84RHJJG468PJ1JQBQPNQXX6")
    assert (run.status, run.error, run.ended_at) == (JobStatus.RUNNING, None, None)


def test_trap_3_the_trace_between_two_attempts_is_running_and_has_the_first_error() -> None:
    trace = client(Server("midretry.v2-trace")).get_trace("01M84RHJJG468PJ1JQBQPNQXX6")
    assert (trace.status, trace.error, trace.retry_count) == (JobStatus.RUNNING, None, 0)
    assert trace.attempts[0].error is not None


@pytest.mark.parametrize("status", ["FAILED", "COMPLETED", "CANCELLED"])
def test_trap_3_no_list_row_is_terminal_without_an_end(status: str) -> None:
    def without_end(body: Any) -> None:
        body["data"][1]["status"] = status
        del body["data"][1]["endedAt"]

    run = client(Server(changed("v2-runs.app", without_end))).list_runs(include_output=True).runs[1]
    assert (run.status, run.ended_at) == (JobStatus.RUNNING, None)


def test_trap_4_the_queue_time_of_a_list_is_not_taken_for_the_start() -> None:
    name = "v2-event-runs.COMPLETED.ok"  # a list row of the very run that has a recorded trace
    raw, root = recording(name)["body"]["data"][0], recording("v2-trace.COMPLETED.ok")["body"]["data"]["rootSpan"]
    assert raw["startedAt"] < root["startedAt"]
    assert int(raw["durationMs"]) > int(root["durationMs"])
    assert "started_at" not in {f.name for f in dataclasses.fields(Run)}
    trace = client(Server("v2-trace.COMPLETED.ok")).get_trace(raw["id"])
    assert trace.started_at is not None
    assert trace.ended_at is not None
    assert trace.ended_at - trace.started_at == timedelta(milliseconds=int(root["durationMs"]))


def test_trap_4_a_queued_run_has_not_started() -> None:
    assert "startedAt" in recording("v2-run.QUEUED.batch-ok")["body"]["data"]
    trace = client(Server("v2-trace.QUEUED.batch-ok")).get_trace("01M84RCZ44B75SGBHQMWJDEQM7")
    assert (trace.status, trace.started_at, trace.attempts) == (JobStatus.QUEUED, None, ())


@pytest.mark.parametrize("behaviour", ["fail", "html", "nonretriable", "stepfail", "trace"])
def test_trap_5_wrapped_and_bare_errors_are_the_same_error(behaviour: str) -> None:
    listed = client(Server(f"v2-event-runs.FAILED.{behaviour}")).list_runs(include_output=True).runs[0].error
    single = client(Server(f"v2-run.FAILED.{behaviour}")).get_run("01M84RCZBNGEQP6RQ9VDHQDZRZ").error
    traced = client(Server(f"v2-trace.FAILED.{behaviour}")).get_trace("01M84RCZBNGEQP6RQ9VDHQDZRZ").error
    assert listed is not None
    assert listed.message
    assert listed == single == traced


@pytest.mark.parametrize("output", [7, "done", [1, 2], None, True, {"data": {"kept": 1}}, {"data": 1, "more": 2}])
def test_trap_5_the_output_of_a_success_may_be_any_json(output: Any) -> None:
    wrapped = output if isinstance(output, dict) else {"data": output}

    def put(body: Any) -> None:
        body["data"]["rootSpan"]["output"] = wrapped

    assert client(Server(changed("v2-trace.COMPLETED.ok", put))).get_trace("01").output == output


def test_trap_5_a_cancelled_run_has_no_error() -> None:
    assert client(Server("v2-run.CANCELLED.cancel")).get_run("01").error is None
    assert client(Server("v2-trace.CANCELLED.cancel")).get_trace("01").error is None


def test_trap_6_error_text_of_any_length_and_kind_is_kept_as_it_is() -> None:
    text = "Zeile 1\n<script>alert(1)</script> **bold** " + "x" * 200_000

    def put(body: Any) -> None:
        body["data"][0]["output"]["error"]["message"] = text

    error = client(Server(changed("v2-runs.failed-output", put))).list_runs(include_output=True).runs[0].error
    assert error is not None
    assert error.message == text
    assert error.first_line == "ValueError: Zeile 1"


def events(count: int) -> httpx.Response:
    """The recorded page of 51 was cut for storage; this makes it whole again."""
    raw = recording("v1-events.limit200")
    assert raw["body"].pop("_truncated_from") == EVENT_PAGE
    rows = [{**raw["body"]["data"][0], "internal_id": f"01M84RD44BR73AFYRZ4M5Z{n:04}"} for n in range(count, 0, -1)]
    return httpx.Response(200, json={**raw["body"], "data": rows})


def test_trap_7_a_full_page_of_events_means_there_may_be_more() -> None:
    server = Server(events(EVENT_PAGE), events(EVENT_PAGE - 1))
    inngest = client(server)
    first = inngest.list_events(received_after=LONG_AGO)
    assert first.cursor == first.events[-1].id == "01M84RD44BR73AFYRZ4M5Z0001"
    assert inngest.list_events(received_after=LONG_AGO, cursor=first.cursor).cursor is None
    assert server.requests[1].url.params["cursor"] == first.cursor


def test_trap_7_the_window_and_the_limit_are_always_said() -> None:
    client(server := Server("v1-events.default")).list_events(received_after=LONG_AGO)
    assert server.requests[0].url.params["received_after"] == "2026-11-22T00:00:00.000000Z"
    assert server.requests[0].url.params["limit"] == "51"


def test_trap_8_runs_are_read_from_v2_which_is_not_cached() -> None:
    assert "cached_until" in recording("v1-run.FAILED.fail")["body"]["metadata"]
    for name in ("v2-run.FAILED.fail", "v2-runs.default", "v2-trace.FAILED.fail"):
        assert "cached_until" not in recording(name)["body"]["metadata"]
    inngest = client(server := Server("v2-runs.default", "v2-run.FAILED.fail", "v2-trace.FAILED.fail"))
    inngest.list_runs()
    inngest.get_run("01")
    inngest.get_trace("01")
    assert all(target.startswith("/v2/") for target in server.targets)


def test_trap_9_a_filter_that_the_server_would_ignore_is_refused_here() -> None:
    assert len(recording("v2-runs.badparam")["body"]["data"]) == 20  # `bogus=1` returned everything
    inngest = client(server := Server("v2-runs.default"))
    with pytest.raises(ValueError, match="time_field"):
        inngest.list_runs(time_field="ended_at")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown"):
        inngest.list_runs(statuses=[JobStatus.UNKNOWN])
    with pytest.raises(ValueError, match="limit"):
        inngest.list_runs(limit=101)
    with pytest.raises(ValueError, match="zone"):
        inngest.list_runs(since=datetime(2026, 11, 22))  # noqa: DTZ001
    assert server.requests == []


@pytest.mark.parametrize("name", ["v1-events.sys-failed", "v1-events.sys-cancelled", "v1-events.sys-finished"])
def test_trap_10_system_events_are_not_there_and_that_is_no_error(name: str) -> None:
    assert client(Server(name)).list_events(received_after=LONG_AGO, name="inngest/function.failed").events == ()


def test_trap_11_a_crash_of_the_server_is_not_an_answer() -> None:
    with pytest.raises(VendorDown):
        client(Server("v1-cancellations.get")).list_events(received_after=LONG_AGO)


def test_trap_12_a_skipped_run_is_recognised_by_its_trace() -> None:
    assert client(Server("skipped.v2-event-runs")).list_runs().runs == ()
    assert client(Server("skipped.v2-run")).get_run("01M84RD4CQ6F176PT6A0R1D1DM").status is JobStatus.QUEUED
    trace = client(Server("skipped.v2-trace")).get_trace("01M84RD4CQ6F176PT6A0R1D1DM")
    assert (trace.skipped, trace.attempts, trace.retry_count) == (True, (), 0)


def test_trap_12_a_failure_handler_is_a_function_of_its_own() -> None:
    types = JobTypes.of(settings())
    assert types.type_of("generate-statement-pdf-failure") == "generate-statement-pdf-failure"
    assert types.type_of("generate-statement-pdf") == "pdf-generation"


def test_trap_13_both_ends_of_a_cancelled_run_are_read() -> None:
    listed = client(Server("v2-event-runs.CANCELLED.cancel")).list_runs().runs[0]
    single = client(Server("v2-run.CANCELLED.cancel")).get_run(listed.id)
    assert listed.id == single.id
    assert listed.status is single.status is JobStatus.CANCELLED
    assert listed.ended_at is not None
    assert single.ended_at is not None
    assert listed.ended_at != single.ended_at


def test_trap_14_neither_graphql_nor_the_key_listing_is_ever_asked() -> None:
    inngest = client(server := Server(httpx.Response(404)))
    for call in (
        inngest.list_runs,
        inngest.list_functions,
        lambda: inngest.get_run("01"),
        lambda: inngest.get_trace("01"),
        lambda: inngest.next_attempt("01"),
        lambda: inngest.list_events(received_after=LONG_AGO),
    ):
        with pytest.raises(InngestError):
            call()
    assert len(server.targets) == 6
    assert not [t for t in server.targets if "gql" in t or "keys" in t or not t.startswith(("/v1/", "/v2/"))]
    assert {request.method for request in server.requests} == {"GET"}


def test_trap_15_an_api_key_reads_runs_but_not_events() -> None:
    inngest = client(server := Server("v2-runs.default"), **API_KEY)
    assert inngest.list_runs().runs
    assert inngest.can_read_events is False
    for call in (lambda: inngest.list_events(received_after=LONG_AGO), lambda: inngest.next_attempt("01")):
        with pytest.raises(NeedsSigningKey) as caught:
            call()
        assert caught.value.setting == "INNGEST_SIGNING_KEY"
    assert len(server.requests) == 1
    assert server.requests[0].headers["authorization"] == "Bearer sk-inn-api-0123456789"


@pytest.mark.parametrize(
    ("signing", "api", "readable"),
    [
        ("sk-inn-api-1", "", False),
        ("", "signkey-prod-1", True),
        ("signkey-prod-1", "sk-inn-api-1", True),
        ("plain", "", True),
        ("", "plain", False),
        ("", "", True),
    ],
)
def test_trap_15_a_key_is_known_by_its_prefix_and_else_by_its_variable(signing: str, api: str, readable: bool) -> None:
    inngest = client(server := Server("v2-runs.default"), INNGEST_SIGNING_KEY=signing, INNGEST_API_KEY=api)
    assert inngest.can_read_events is readable
    inngest.list_runs()
    assert server.requests[0].headers.get("authorization", "") == (f"Bearer {signing or api}" if signing or api else "")


def test_trap_15_the_tenant_of_a_run_is_in_its_trace_too() -> None:
    trace: Trace = client(Server("v2-trace.COMPLETED.ok"), **API_KEY).get_trace("01")
    assert isinstance(trace.input, dict)
    assert tenant_of(trace.input) == "tenant-06"


def test_trap_16_a_server_that_is_not_cloud_may_be_asked_without_a_key() -> None:
    inngest: InngestClient = client(server := Server("v2-runs.default", "v1-events.default"), INNGEST_SIGNING_KEY="")
    assert inngest.list_runs().runs
    assert inngest.can_read_events
    assert inngest.list_events(received_after=LONG_AGO).events
    assert "authorization" not in server.requests[0].headers


def test_trap_16_triggers_come_from_v2() -> None:
    client(server := Server("v2-functions")).list_functions()
    assert server.targets == ["/v2/apps/salina-erp/functions?limit=100"]


def test_trap_17_a_run_without_a_listable_event_is_read_without_a_tenant() -> None:
    def cron(body: Any) -> None:
        body["data"][1]["trigger"] = {"cronSchedule": "0 3 * * *"}

    run = client(Server(changed("v2-runs.app", cron))).list_runs().runs[1]
    assert (run.event_ids, run.cron_schedule) == ((), "0 3 * * *")
    assert tenant_of({}) is None
