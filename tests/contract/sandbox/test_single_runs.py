"""One run, its trace, its jobs, cancel and re-run, against the recordings, key by key and type by type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from salina_monitor.sandbox.catalogue import CHANNEL, CLEANUP, NOTIFY, PDF, ROYALTY_FEED
from salina_monitor.sandbox.mishaps import Kind
from salina_monitor.sandbox.moments import MS, parse_time, ulid_ms
from salina_monitor.sandbox.runs import Fate, PlayedRun
from tests.contract.sandbox.scene import SECOND, START, Scene
from tests.contract.sandbox.shapes import body_of, recording, shape

Made = Callable[[Scene], PlayedRun]


def completed(scene: Scene) -> PlayedRun:
    run = scene.queue(PDF)
    scene.until(lambda: run.listed_end is not None)
    return run


def failed(kind: Kind) -> Made:
    def make(scene: Scene) -> PlayedRun:
        run = scene.queue(CHANNEL, Fate(kind, 4))
        scene.until(lambda: run.listed_end is not None)
        return run

    return make


def failed_in_step(scene: Scene) -> PlayedRun:
    scene.simulation.set_faults({"s3": "error"})
    run = scene.queue(PDF)
    scene.until(lambda: run.listed_end is not None)
    scene.simulation.set_faults({})
    return run


def flaky(scene: Scene) -> PlayedRun:
    run = scene.queue(PDF, Fate(Kind.LEDGER, 1))
    scene.until(lambda: run.listed_end is not None)
    return run


def cancelled(scene: Scene) -> PlayedRun:
    run = scene.queue(ROYALTY_FEED, Fate(sleeps=3600 * SECOND, cancelled_after=3 * SECOND))
    scene.until(lambda: run.listed_end is not None)
    return run


def queued(scene: Scene) -> PlayedRun:
    return scene.burst(PDF.concurrency + 1)[-1]


def cancelled_while_queued(scene: Scene) -> PlayedRun:
    run = queued(scene)
    scene.simulation.cancel(run, scene.now + SECOND // 2)
    scene.until(lambda: run.listed_end is not None)
    return run


def executing(scene: Scene) -> PlayedRun:
    run = scene.queue(PDF)
    scene.until(lambda: run.started is not None)
    return run


def between_attempts(scene: Scene) -> PlayedRun:
    run = scene.queue(CHANNEL, Fate(Kind.LEDGER, 4))
    scene.until(lambda: run.next_attempt is not None)
    return run


def between_attempts_of_a_step(scene: Scene) -> PlayedRun:
    scene.simulation.set_faults({"s3": "error"})
    run = scene.queue(PDF)
    scene.until(lambda: run.next_attempt is not None)
    return run


def sleeping(scene: Scene) -> PlayedRun:
    run = scene.queue(ROYALTY_FEED, Fate(sleeps=3600 * SECOND))
    scene.until(lambda: run.sleeping_since is not None)
    return run


SINGLE = [
    ("v2-run.COMPLETED.ok", completed), ("v2-run.COMPLETED.flaky", flaky), ("v2-run.CANCELLED.cancel", cancelled),
    ("v2-run.FAILED.fail", failed(Kind.LEDGER)), ("v2-run.FAILED.nonretriable", failed(Kind.REFUSED)),
    ("v2-run.FAILED.html", failed(Kind.HOSTILE)), ("v2-run.FAILED.stepfail", failed_in_step),
    ("v2-run.FAILED.trace", failed(Kind.TEMPLATE)), ("v2-run.QUEUED.batch-ok", queued),
    ("v2-run.RUNNING.long", sleeping), ("v2-run.RUNNING.batch-fail", between_attempts_of_a_step),
    ("midretry.v2-run", between_attempts), ("edge.v2-run.executing", executing),
    ("edge.v2-run.cancelled-from-queued", cancelled_while_queued),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make"), SINGLE, ids=[name for name, _ in SINGLE])
def test_a_single_run_is_as_recorded(name: str, make: Made) -> None:
    scene, recorded = Scene(), recording(name)
    run = make(scene)
    answer = scene.client.get(f"/v2/runs/{run.id}", params={"includeOutput": "true"})
    assert answer.headers["content-type"] == recorded["_headers"]["content-type"]
    free = frozenset({"output"}) if "COMPLETED" in name else frozenset()
    assert shape(answer.json(), free) == shape(body_of(recorded), free)
    assert answer.json()["data"]["status"] == body_of(recorded)["data"]["status"]


def test_between_attempts_the_single_run_misleads_and_the_list_does_not() -> None:
    """Trap 3."""
    scene = Scene()
    run = between_attempts(scene)
    single = scene.ask(f"/v2/runs/{run.id}")["data"]
    assert single["status"] == "FAILED"
    assert "endedAt" not in single
    assert [row["status"] for row in scene.ask("/v2/runs")["data"]] == ["RUNNING"]


def test_the_single_run_starts_later_than_its_list_row_says() -> None:
    """Trap 4: the list's duration includes the wait."""
    scene = Scene()
    run = queued(scene)
    scene.until(lambda: run.listed_end is not None)
    row = next(r for r in scene.ask("/v2/runs", limit=100)["data"] if r["id"] == run.id)
    single = scene.ask(f"/v2/runs/{run.id}")["data"]
    assert single["startedAt"] > row["startedAt"]
    assert int(single["durationMs"]) < int(row["durationMs"])


def test_a_cancelled_run_ends_later_in_the_list() -> None:
    """Trap 13."""
    scene = Scene()
    run = cancelled(scene)
    row = next(r for r in scene.ask("/v2/runs", status="CANCELLED")["data"] if r["id"] == run.id)
    single = scene.ask(f"/v2/runs/{run.id}")["data"]
    assert (parse_time(row["endedAt"]) or 0) - (parse_time(single["endedAt"]) or 0) > SECOND // 2


def test_an_output_that_is_no_object_is_wrapped() -> None:
    scene = Scene()
    for function in (NOTIFY, CLEANUP):
        run = scene.queue(function)
        scene.until(lambda run=run: run.listed_end is not None)
        assert set(scene.ask(f"/v2/runs/{run.id}", includeOutput="true")["data"]["output"]) == {"data"}


TRACES = [
    ("v2-trace.COMPLETED.ok", completed), ("v2-trace.COMPLETED.flaky", flaky), ("v2-trace.CANCELLED.cancel", cancelled),
    ("v2-trace.FAILED.fail", failed(Kind.LEDGER)), ("v2-trace.FAILED.nonretriable", failed(Kind.REFUSED)),
    ("v2-trace.FAILED.stepfail", failed_in_step), ("v2-trace.QUEUED.batch-ok", queued),
    ("v2-trace.RUNNING.long", sleeping), ("v2-trace.RUNNING.batch-fail", between_attempts_of_a_step),
    ("midretry.v2-trace", between_attempts),
]  # fmt: skip
_NAMES = ("Run", "Finalization", "executor.nonstep", "executor.run")
FREE = frozenset({"children", "data", "output", "values"})


def spans(span: dict[str, Any], parent: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every span with its kind: its own name if the server gave it, else what it is."""
    kind = span["name"] if span["name"] in _NAMES else "attempt" if span["name"].startswith("Attempt ") else "step"
    yield f"{parent}/{kind}", span
    for child in span.get("children", []):
        yield from spans(child, kind)


def kinds_of(body: Any) -> list[tuple[str, str, Any]]:
    found = []
    for kind, span in spans(body["data"]["rootSpan"]):
        children = {"children": "free"} if "children" in span else {}
        found.append((kind, span["status"], {**shape(span, FREE), **children}))
    return found


def known_spans() -> list[tuple[str, str, Any]]:
    names = [name for name, _ in TRACES] + ["v2-trace.COMPLETED.batch-ok", "v2-trace.RUNNING.batch-ok"]
    return [span for name in names for span in kinds_of(body_of(recording(name)))]


@pytest.mark.parametrize(("name", "make"), TRACES, ids=[name for name, _ in TRACES])
def test_every_span_of_a_trace_has_a_recorded_shape(name: str, make: Made) -> None:
    scene, recorded = Scene(), recording(name)
    run = make(scene)
    answer = scene.client.get(f"/v2/runs/{run.id}/trace", params={"includeOutput": "true"})
    got, known = answer.json(), known_spans()
    assert answer.headers["content-type"] == recorded["_headers"]["content-type"]
    assert shape({**got, "data": None}) == shape({**body_of(recorded), "data": None})
    assert set(got["data"]) == set(body_of(recorded)["data"])
    assert got["data"]["rootSpan"]["status"] == body_of(recorded)["data"]["rootSpan"]["status"]
    strange = [span for span in kinds_of(got) if span not in known]
    assert not strange


def test_the_metadata_of_spans_has_the_recorded_values() -> None:
    def values(body: Any) -> dict[str, Any]:
        return {
            note["kind"]: shape(note)
            for _, span in spans(body["data"]["rootSpan"])
            for note in span.get("metadata", [])
        }

    scene = Scene()
    run = failed(Kind.LEDGER)(scene)
    got = values(scene.ask(f"/v2/runs/{run.id}/trace", includeOutput="true"))
    assert got == values(body_of(recording("v2-trace.FAILED.fail")))


def test_attempts_count_from_zero_and_each_has_its_own_error() -> None:
    def attempts(body: Any) -> list[tuple[str, str]]:
        tree = spans(body["data"]["rootSpan"])
        return [(s["name"], s["output"]["message"].partition("(")[2]) for kind, s in tree if "attempt" in kind]

    recorded = body_of(recording("v2-trace.FAILED.fail"))
    assert attempts(recorded) == [(f"Attempt {n}", f"attempt {n})") for n in range(3)]
    scene = Scene()
    run = failed(Kind.LEDGER)(scene)
    played = scene.ask(f"/v2/runs/{run.id}/trace", includeOutput="true")
    assert attempts(played) == [(f"Attempt {n}", f"attempt {n})") for n in range(4)]


def test_a_run_that_never_failed_has_no_attempt_span() -> None:
    scene = Scene()
    run = completed(scene)
    trace = scene.ask(f"/v2/runs/{run.id}/trace", includeOutput="true")
    assert not [kind for kind, _ in spans(trace["data"]["rootSpan"]) if "attempt" in kind]


def test_the_input_of_a_trace_is_the_event() -> None:
    scene = Scene()
    run = completed(scene)
    [event] = scene.ask("/v1/events", name="statements/pdf.generate")["data"]
    [given] = scene.ask(f"/v2/runs/{run.id}/trace", includeOutput="true")["data"]["rootSpan"]["input"]["data"]
    assert given == {key: event[key] for key in ("data", "id", "name", "ts")}
    assert scene.ask("/v2/runs")["data"][-1]["trigger"]["eventIds"] == [event["internal_id"]]


JOBS = [
    ("midretry.v1-run-jobs", between_attempts), ("v1-run-jobs.QUEUED.batch-ok", queued),
    ("v1-run-jobs.RUNNING.long", sleeping), ("v1-run-jobs.RUNNING.batch-fail", between_attempts_of_a_step),
    ("v1-run-jobs.COMPLETED.ok", completed), ("v1-run-jobs.FAILED.fail", failed(Kind.LEDGER)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make"), JOBS, ids=[name for name, _ in JOBS])
def test_the_jobs_of_a_run_are_as_recorded(name: str, make: Made) -> None:
    scene, recorded = Scene(), recording(name)
    run = make(scene)
    answer = scene.client.get(f"/v1/runs/{run.id}/jobs")
    assert answer.headers["content-type"] == recorded["_headers"]["content-type"]
    assert answer.headers["cache-control"] == recorded["_headers"]["cache-control"]
    assert shape(answer.json()) == shape(body_of(recorded))
    facts = [(job["kind"], job["attempt"]) for job in answer.json()["data"]]
    assert facts == [(job["kind"], job["attempt"]) for job in body_of(recorded)["data"]]


def test_cancel_answers_as_recorded_three_times() -> None:
    scene = Scene()
    run = executing(scene)
    for name in ("v2-cancel", "v2-cancel.again"):
        recorded = recording(name)
        answer = scene.client.post(f"/v2/runs/{run.id}/cancel")
        assert (answer.status_code, shape(answer.json())) == (recorded["_status"], shape(recorded["body"]))
    assert answer.json() == recorded["body"]
    ended, recorded = completed(Scene()), recording("v2-cancel.ended")
    scene.simulation.runs[ended.id] = ended
    answer = scene.client.post(f"/v2/runs/{ended.id}/cancel")
    assert (answer.status_code, answer.json()) == (recorded["_status"], recorded["body"])


def test_a_cancelled_run_turns_cancelled_in_the_list() -> None:
    scene = Scene()
    run = executing(scene)
    scene.client.post(f"/v2/runs/{run.id}/cancel", json={})
    scene.pass_(4)
    assert [(row["id"], row["status"]) for row in scene.ask("/v2/runs")["data"]] == [(run.id, "CANCELLED")]


def test_rerun_makes_a_new_run_of_the_same_event() -> None:
    scene, recorded = Scene(), recording("v2-rerun")
    run = failed(Kind.REFUSED)(scene)
    answer = scene.client.post(f"/v2/runs/{run.id}/rerun", json={})
    assert (answer.status_code, shape(answer.json())) == (recorded["_status"], shape(recorded["body"]))
    again = scene.ask(f"/v2/runs/{answer.json()['data']['runId']}")["data"]
    assert again["id"] != run.id
    assert again["trigger"]["eventIds"] == [run.event.id]


def test_rerun_of_a_cron_run_is_not_implemented() -> None:
    scene = Scene()
    run = scene.queue(CLEANUP, tenant=None)
    assert scene.ask("/v2/runs")["data"][0]["trigger"]["cronSchedule"] == "0 3 * * *"
    assert scene.client.post(f"/v2/runs/{run.id}/rerun", json={}).status_code == 501


def test_ids_are_ulids_of_their_moment() -> None:
    run = Scene().queue()
    assert abs(ulid_ms(run.id) - START // MS) < 100
    assert abs(ulid_ms(run.event.id) - START // MS) < 100
