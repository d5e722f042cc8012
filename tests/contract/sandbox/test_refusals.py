"""What the recorded server refused, the sandbox refuses word for word; what no recording has, it refuses as well."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from salina_monitor.sandbox import seen
from tests.contract.sandbox.scene import Scene
from tests.contract.sandbox.shapes import all_recordings, recording, request_of, shape

WORD_FOR_WORD = [
    "v2-runs.limit101", "v2-runs.badcursor", "v2-runs.badfrom", "v2-runs.fn-only", "v2-runs.status-comma",
    "v2-runs.status-SKIPPED", "v2-run.badid", "v2-run.unknown", "v2-trace.unknown", "v2-cancel.unknown",
    "v2-rerun.unknown", "v2-nope", "v1-events.badcursor", "v1-events.badtime", "v1-run-jobs.unknown",
    "v1-app-functions.unknown", "v1-apps", "v1-functions", "v1-runs-list", "health_health", "health_v1_health", "health_dev",
]  # fmt: skip
WITHOUT_KEY = ["v2-runs.noauth", "v1-events.noauth", "health_v2_health.noauth", "health_health.noauth", "health_dev.noauth",
               "health_v1_health.noauth"]  # fmt: skip


@pytest.mark.parametrize("name", WORD_FOR_WORD)
def test_it_refuses_in_the_recorded_words(name: str) -> None:
    recorded = recording(name)
    method, path, query = request_of(recorded)
    answer = Scene().client.request(method, path, params=query)
    assert answer.status_code == recorded["_status"]
    assert answer.headers["content-type"] == recorded["_headers"]["content-type"]
    got = answer.json() if "json" in answer.headers["content-type"] else answer.text
    assert got == recorded["body"]


@pytest.mark.parametrize("name", WITHOUT_KEY)
@pytest.mark.parametrize("headers", [{"authorization": ""}, {"authorization": "Bearer signkey-other"}])
def test_it_answers_a_bad_key_as_recorded(name: str, headers: dict[str, str]) -> None:
    recorded = recording(name)
    method, path, query = request_of(recorded)
    answer = Scene().client.request(method, path, params=query, headers=headers)
    assert answer.status_code == recorded["_status"]
    assert answer.headers["content-type"] == recorded["_headers"]["content-type"]
    assert answer.text == (recorded["body"] if isinstance(recorded["body"], str) else answer.text)


def test_an_error_of_v1_comes_as_http_200() -> None:
    answer = Scene().client.get("/v1/runs/xyz/jobs")
    assert answer.status_code == 200
    assert answer.json() == {"error": "Invalid run ID: xyz", "data": None, "status": 400}
    assert shape(answer.json()) == shape(recording("v1-run.badid")["body"])


def test_the_table_of_calls_is_the_recordings() -> None:
    recorded: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in all_recordings():
        method, path, query = request_of(one)
        recorded[method, seen.template(path)] |= {name for name, _ in query}
    for call, parameters in seen.SEEN.items():
        assert call in recorded, f"no recording has {call}"
        assert parameters == recorded[call] - seen.SILENTLY_IGNORED, call


def test_what_the_table_has_beyond_that_the_server_itself_names() -> None:
    operations = {
        ("GET", "/v2" + re.sub(r"\{\w+\}", "{id}", told["http"]["path"])): told["mcp"]["inputSchema"]["properties"]
        for told in recording("v2-operations")["body"]["data"]["operations"]
        if told.get("http", {}).get("method") == "GET" and "mcp" in told
    }
    for call, parameters in seen.TOLD.items():
        assert not parameters & seen.SEEN[call]
        assert parameters <= set(operations[call]), call


@pytest.mark.parametrize("parameter", ["bogus", "query", "include_output", "time_field", "Limit", "appID", "sort"])
def test_it_refuses_a_parameter_that_the_server_would_silently_ignore(parameter: str) -> None:
    answer = Scene().client.get("/v2/runs", params={parameter: "1"})
    assert answer.status_code == 400
    assert f"parameter {parameter}:" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/keys/signing"),
        ("POST", "/v0/gql"),
        ("GET", "/v2/jobs"),
        ("GET", "/v1/events/x/y"),
        ("DELETE", "/v2/runs"),
    ],
)
def test_it_refuses_a_path_no_recording_has(method: str, path: str) -> None:
    answer = Scene().client.request(method, path)
    assert answer.status_code == 400
    assert path in answer.json()["errors"][0]["message"]


def test_it_refuses_a_header_no_recording_has() -> None:
    answer = Scene().client.get("/v2/runs", headers={"x-inngest-limit": "5"})
    assert answer.status_code == 400
    assert "x-inngest-limit" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=ten",
        "order=asc",
        "timeField=createdAt",
        "includeOutput=yes",
        "limit=2&limit=3",
        "from=2026-11-23",
    ],
)
def test_it_refuses_a_value_no_recording_has(query: str) -> None:
    assert Scene().client.get(f"/v2/runs?{query}").status_code == 400


def test_it_refuses_a_body_it_never_saw() -> None:
    scene = Scene()
    run = scene.queue()
    assert scene.client.post(f"/v2/runs/{run.id}/rerun", json={"fromStep": "x"}).status_code == 400
    assert scene.client.post(f"/v2/runs/{run.id}/rerun", json={}).status_code == 200


def test_every_ordinary_call_of_the_recordings_is_allowed() -> None:
    """Turned round: nothing the recordings show a client doing on these endpoints is refused by the sandbox itself."""
    client = Scene().client
    for one in all_recordings():
        method, path, query = request_of(one)
        asked = {name for name, _ in query}
        if (method, seen.template(path)) in seen.SEEN and not asked & seen.SILENTLY_IGNORED:
            assert "sandbox refuses" not in client.request(method, path, params=query).text, one["_request"]


@pytest.mark.parametrize("path", ["/", "/run?runID=01M84RCZDMJ43RQF8QXYVEA13D", "/runs"])
def test_links_for_people_lead_to_a_page(path: str) -> None:
    answer = Scene().client.get(path, headers={"authorization": "", "sec-fetch-mode": "navigate"})
    assert answer.status_code == recording("health_")["_status"]
    assert answer.headers["content-type"] == recording("health_")["_headers"]["content-type"]
    assert "script" not in answer.text
