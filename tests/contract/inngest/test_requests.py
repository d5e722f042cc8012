"""What goes over the line: addresses, parameters and headers, to the letter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from salina_monitor.inngest import BadAnswer, NotFound
from salina_monitor.models import JobStatus
from tests.contract.inngest.replay import KEY, Server, client, recording

NOON = datetime(2026, 11, 22, 12, 0, 0, 768542, tzinfo=UTC)
CLOUD = "https://api.inngest.com"


def test_it_asks_for_the_app_even_without_any_filter() -> None:
    client(server := Server("v2-runs.default")).list_runs()
    assert server.targets == ["/v2/runs?limit=100&appId=salina-erp"]


def test_it_repeats_the_status_and_writes_times_with_z() -> None:
    client(server := Server("v2-runs.default")).list_runs(
        statuses=[JobStatus.COMPLETED, JobStatus.CANCELLED],
        time_field="endedAt",
        since=NOON.astimezone(timezone(timedelta(hours=1))),
        until=NOON + timedelta(days=1),
        ascending=True,
        include_output=True,
        limit=2,
        cursor="eyJp+Z/Q==",
    )
    assert server.targets == [
        "/v2/runs?limit=2&appId=salina-erp&status=COMPLETED&status=CANCELLED&timeField=endedAt"
        "&from=2026-11-22T12%3A00%3A00.768542Z&until=2026-11-23T12%3A00%3A00.768542Z"
        "&order=ASC&includeOutput=true&cursor=eyJp%2BZ%2FQ%3D%3D"
    ]


def test_it_follows_the_recorded_cursor_as_it_was_recorded() -> None:
    server = Server("v2-runs.page1", "v2-runs.page2")
    inngest = client(server)
    first = inngest.list_runs(limit=2)
    second = inngest.list_runs(limit=2, cursor=first.cursor)
    assert recording("v2-runs.page2")["_request"].partition("cursor=")[2] == server.targets[1].partition("cursor=")[2]
    assert not {run.id for run in first.runs} & {run.id for run in second.runs}


def test_it_asks_for_events_by_name_and_place() -> None:
    client(server := Server("v1-events.cursor")).list_events(
        received_after=NOON, name="statements/generate.batch x+y", cursor="01M84RCY64QBRENKEF7EZ6ZA0P"
    )
    assert server.targets == [
        "/v1/events?limit=51&received_after=2026-11-22T12%3A00%3A00.768542Z"
        "&name=statements%2Fgenerate.batch%20x%2By&cursor=01M84RCY64QBRENKEF7EZ6ZA0P"
    ]


@pytest.mark.parametrize(
    ("run_id", "path"),
    [
        ("01M84RCYDTFRS5K3RNVT5QH14J", "01M84RCYDTFRS5K3RNVT5QH14J"),
        ("a/b", "a%2Fb"),
        ("../keys/signing", "..%2Fkeys%2Fsigning"),
        ("a?b#c&d e", "a%3Fb%23c%26d%20e"),
        ("ä%2F", "%C3%A4%252F"),
    ],
)
def test_it_quotes_ids_in_paths(run_id: str, path: str) -> None:
    inngest = client(server := Server("v2-run.COMPLETED.ok", "v2-trace.COMPLETED.ok", "v1-run-jobs.COMPLETED.ok"))
    inngest.get_run(run_id)
    inngest.get_trace(run_id)
    inngest.next_attempt(run_id)
    assert server.targets == [
        f"/v2/runs/{path}?includeOutput=true",
        f"/v2/runs/{path}/trace?includeOutput=true",
        f"/v1/runs/{path}/jobs",
    ]


@pytest.mark.parametrize("run_id", ["", ".", ".."])
def test_it_does_not_ask_for_an_id_that_would_change_the_path(run_id: str) -> None:
    inngest = client(server := Server("v2-run.COMPLETED.ok"))
    for ask in (inngest.get_run, inngest.get_trace, inngest.next_attempt):
        with pytest.raises(NotFound):
            ask(run_id)
    assert server.requests == []


def test_it_quotes_the_app_and_keeps_a_path_in_the_base_address() -> None:
    client(
        server := Server("v2-functions"), INNGEST_APP_ID="my/app", INNGEST_API_URL="http://127.0.0.1:1/inngest/"
    ).list_functions()
    assert str(server.requests[0].url) == "http://127.0.0.1:1/inngest/v2/apps/my%2Fapp/functions?limit=100"


def test_it_leaves_the_output_out_when_it_is_not_wanted() -> None:
    client(server := Server("v2-trace.COMPLETED.ok")).get_trace("01", include_output=False)
    assert server.targets == ["/v2/runs/01/trace"]


def test_it_reads_functions_page_by_page() -> None:
    body = recording("v2-functions")["body"]
    first = {**body, "data": body["data"][:2], "page": {"limit": 2, "hasMore": True, "cursor": "next"}}
    second = {**body, "data": body["data"][2:]}
    server = Server(httpx.Response(200, json=first), httpx.Response(200, json=second))
    assert len(client(server).list_functions()) == 3
    assert server.targets[1].endswith("?limit=100&cursor=next")


@pytest.mark.parametrize("page", [{"hasMore": True}, {"hasMore": True, "cursor": ""}, {"hasMore": True, "cursor": "c"}])
def test_it_does_not_go_round_in_circles(page: dict[str, object]) -> None:
    lying = httpx.Response(200, json={"data": [], "page": page})
    with pytest.raises(BadAnswer):
        client(Server(lying)).list_runs(cursor="c")


def test_its_list_of_functions_ends_even_if_the_server_never_does() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        place = int(request.url.params.get("cursor", "0"))
        return httpx.Response(200, json={"data": [], "page": {"hasMore": True, "cursor": str(place + 1)}})

    with pytest.raises(BadAnswer):
        client(server := Server(endless)).list_functions()
    assert len(server.requests) == 20


def test_it_sends_the_signing_key_and_asks_for_json() -> None:
    client(server := Server("v2-runs.default"), INNGEST_API_KEY="sk-inn-api-1").list_runs()
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert "x-inngest-env" not in headers


@pytest.mark.parametrize(
    ("env", "sent"),
    [
        ({"INNGEST_API_URL": CLOUD, "INNGEST_ENV": "branch-7"}, "branch-7"),
        ({"INNGEST_API_URL": CLOUD}, None),
        ({"INNGEST_ENV": "branch-7"}, None),
        ({"INNGEST_API_URL": "https://inngest.com.example", "INNGEST_ENV": "branch-7"}, None),
    ],
)
def test_it_names_the_environment_to_cloud_only(env: dict[str, str], sent: str | None) -> None:
    client(server := Server("v2-runs.default"), **env).list_runs()
    assert server.requests[0].headers.get("x-inngest-env") == sent
