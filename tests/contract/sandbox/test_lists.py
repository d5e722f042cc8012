"""Lists of runs and events against the recordings, key by key and type by type."""

from __future__ import annotations

from typing import Any

import pytest

from salina_monitor.sandbox.catalogue import BATCH, CHANNEL, PDF
from salina_monitor.sandbox.mishaps import Kind
from salina_monitor.sandbox.moments import parse_time, proto_time
from salina_monitor.sandbox.runs import Fate
from tests.contract.sandbox.scene import DAY, MINUTE, SECOND, Scene
from tests.contract.sandbox.shapes import body_of, recording, request_of, shape

OUTPUT, DATA = frozenset({"output"}), frozenset({"data"})


@pytest.fixture(scope="module")
def lived() -> Scene:
    """A scene with runs of every status: ended ones, a burst in progress, one between two attempts."""
    scene = Scene()
    for n in range(12):
        scene.queue((PDF, BATCH)[n % 2], Fate(Kind.TEMPLATE, 4) if n % 4 == 0 else Fate(cancelled_after=n % 3))
    scene.pass_(900)
    scene.burst(30)
    retrying = scene.queue(CHANNEL, Fate(Kind.LEDGER, 3))
    scene.until(lambda: retrying.next_attempt is not None)
    return scene


@pytest.mark.parametrize(
    "name",
    ["v2-runs.failed-output", "v2-runs.completed-output", "v2-runs.status-CANCELLED", "v2-runs.status-FAILED",
     "v2-runs.status-Failed", "v2-runs.status-COMPLETED", "v2-runs.status-RUNNING", "v2-runs.status-multi",
     "v2-runs.page1", "v2-runs.app-unknown"],
)  # fmt: skip
def test_a_list_has_the_recorded_shape(lived: Scene, name: str) -> None:
    recorded = recording(name)
    _, path, query = request_of(recorded)
    now = [(k, proto_time(lived.now - DAY)) if k == "from" else (k, v) for k, v in query]
    answer = lived.client.get(path, params=now)
    assert answer.headers["content-type"] == recorded["_headers"]["content-type"]
    free = OUTPUT if "completed" in name else frozenset()
    got, known = shape(answer.json(), free), shape(body_of(recorded), free)
    assert set(got) == set(known)
    assert all(row in rows_by_status(free) for row in got.get("data", []))
    got.pop("data", None), known.pop("data", None)
    # whether there is one more page depends on how many runs there are
    assert {**got["page"], "cursor": "text", "hasMore": "bool"} == {
        **known["page"],
        "cursor": "text",
        "hasMore": "bool",
    }
    assert got["metadata"] == known["metadata"]


def rows_by_status(free: frozenset[str]) -> list[Any]:
    """Shapes of all recorded list rows."""
    names = ("failed-output", "completed-output", "status-CANCELLED", "status-multi", "default", "limit100",
             "status-FAILED", "status-COMPLETED", "status-RUNNING", "status-QUEUED")  # fmt: skip
    return [row for name in names for row in shape(body_of(recording(f"v2-runs.{name}")).get("data", []), free)]


def test_a_list_between_two_times_names_them(lived: Scene) -> None:
    recorded = recording("v2-runs.endedAt")
    window = {"from": proto_time(lived.now - DAY), "until": proto_time(lived.now)}
    answer = lived.ask("/v2/runs", limit=2, timeField="endedAt", **window)
    assert shape(answer["metadata"]) == shape(body_of(recorded)["metadata"])
    assert answer["metadata"]["timeRange"] == window
    assert shape(answer["page"]) == shape(body_of(recorded)["page"])
    assert set(answer) == set(body_of(recorded))


def test_an_empty_list_has_no_data_key(lived: Scene) -> None:
    answer = lived.ask("/v2/runs", appId="salina-erp", functionId="nightly-cleanup")
    assert set(answer) == set(body_of(recording("v2-runs.app-unknown"))) == {"page", "metadata"}


def test_the_last_page_says_nothing_of_more(lived: Scene) -> None:
    page = lived.ask("/v2/runs", status="CANCELLED", limit=100)["page"]
    assert page == {"limit": 100} == body_of(recording("v2-runs.status-CANCELLED"))["page"]


def test_a_status_may_be_repeated_and_written_in_any_case(lived: Scene) -> None:
    rows = lived.ask("/v2/runs", status=["Queued", "RUNNING"], limit=100)["data"]
    assert {row["status"] for row in rows} == {"QUEUED", "RUNNING"}
    assert all("endedAt" not in row and "durationMs" not in row for row in rows)


def test_the_start_in_a_list_is_the_queue_time(lived: Scene) -> None:
    """Trap 4, checked on the recordings first."""
    for rows in (body_of(recording("v2-runs.limit100"))["data"], lived.ask("/v2/runs", limit=100)["data"]):
        for row in rows:
            lag = (parse_time(row["startedAt"]) or 0) - (parse_time(row["queuedAt"]) or 0)
            assert 0 <= lag < SECOND // 10


def test_output_comes_only_when_asked_for(lived: Scene) -> None:
    assert all("output" not in row for row in lived.ask("/v2/runs", limit=100)["data"])
    failed = lived.ask("/v2/runs", status="FAILED", includeOutput="true")["data"]
    assert all(set(row["output"]) == {"error"} for row in failed)


@pytest.mark.parametrize("time_field", ["queuedAt", "startedAt", "endedAt"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_pages_hold_every_run_once_and_in_order(lived: Scene, time_field: str, order: str) -> None:
    paged: list[Any] = []
    query = {"limit": 7, "timeField": time_field, "order": order}
    while True:
        answer = lived.ask("/v2/runs", **query)
        paged += answer["data"]
        if not answer["page"].get("hasMore"):
            break
        query["cursor"] = answer["page"]["cursor"]
    expected = [r.id for r in lived.simulation.runs.values() if time_field != "endedAt" or r.listed_end]
    assert sorted(row["id"] for row in paged) == sorted(expected)
    sign = 1 if order == "ASC" else -1
    keys = [(sign * ((parse_time(row[time_field]) or 0) // 1000), row["id"]) for row in paged]
    assert keys == sorted(keys)  # rows of the same time by ascending id in both orders


def test_both_bounds_are_inclusive(lived: Scene) -> None:
    """The server's own words in `v2-operations`."""
    [row] = lived.ask("/v2/runs", timeField="endedAt", limit=1)["data"]
    ended = parse_time(row["endedAt"]) or 0
    for since, until, found in ((ended, ended, True), (ended + 1000, ended + 2000, False), (1, ended - 1000, False)):
        bounds = {"from": proto_time(since), "until": proto_time(until)}
        rows = lived.ask("/v2/runs", timeField="endedAt", limit=100, **bounds).get("data", [])
        assert (row["id"] in [r["id"] for r in rows]) is found


def test_the_cursor_has_the_recorded_shape(lived: Scene) -> None:
    import base64
    import json

    def inside(cursor: str) -> Any:
        return shape(json.loads(base64.b64decode(cursor)))

    mine = lived.ask("/v2/runs", limit=2)["page"]["cursor"]
    assert inside(mine) == inside(recording("v2-runs.page1")["body"]["page"]["cursor"])
    mine = lived.ask("/v2/runs", limit=2, timeField="endedAt")["page"]["cursor"]
    assert inside(mine) == inside(recording("v2-runs.endedAt")["body"]["page"]["cursor"])


def test_events_have_the_recorded_shape(lived: Scene) -> None:
    recorded = recording("v1-events.name")
    got = lived.ask("/v1/events", name="statements/pdf.generate", limit=5, received_after=proto_time(lived.now - DAY))
    want = shape(body_of(recorded)["data"], DATA)
    assert shape(got["data"], DATA) == want
    assert shape(got["metadata"]) == shape(body_of(recorded)["metadata"])


def test_events_are_capped_at_51_without_a_word() -> None:
    assert recording("v1-events.limit200")["body"]["_truncated_from"] == 51
    scene = Scene()
    scene.burst(70)
    assert len(scene.ask("/v1/events", limit=200)["data"]) == 51


def test_events_follow_the_cursor_from_newest_to_oldest() -> None:
    scene = Scene()
    scene.burst(70)
    first = scene.ask("/v1/events", limit=51)["data"]
    rest = scene.ask("/v1/events", limit=51, cursor=first[-1]["internal_id"])["data"]
    ids = [event["internal_id"] for event in first + rest]
    assert len(ids) == len(set(ids)) == 70
    assert ids == sorted(ids, reverse=True)


def test_events_of_the_last_hour_are_the_default() -> None:
    scene = Scene()
    scene.queue()
    scene.pass_(61 * 60)
    assert scene.ask("/v1/events")["data"] == []
    assert len(scene.ask("/v1/events", received_after=proto_time(scene.now - 62 * MINUTE))["data"]) == 1


def test_system_events_are_not_listed() -> None:
    assert recording("v1-events.sys-failed")["body"]["data"] == []
    scene = Scene()
    scene.queue(PDF, Fate(Kind.REFUSED, 1))
    scene.pass_(120)
    runs = scene.ask("/v2/runs", functionId="generate-statement-pdf-failure", appId="salina-erp")["data"]
    assert len(runs) == 1
    assert scene.ask("/v1/events", name="inngest/function.failed")["data"] == []


def test_functions_have_the_recorded_shape(lived: Scene) -> None:
    got = lived.ask("/v2/apps/salina-erp/functions")
    known = body_of(recording("v2-functions"))
    batch = next(f for f in known["data"] if f["id"] == "batch-statements")
    mine = next(f for f in got["data"] if f["id"] == BATCH.id)
    assert shape(mine) == shape(batch)
    assert (set(got), shape(got["page"])) == (set(known), shape(known["page"]))


def test_functions_of_v1_have_the_recorded_shape(lived: Scene) -> None:
    batch = next(f for f in recording("v1-app-functions")["body"] if f["name"] == "Batch statements")
    mine = next(f for f in lived.ask("/v1/apps/salina-erp/functions") if f["name"] == BATCH.name)
    assert shape(mine) == shape(batch)
