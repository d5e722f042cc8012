"""Every recording, with places dropped and replaced by what no server should send: read, or refused in our own words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salina_monitor.checks import clerk, inngest, resend
from salina_monitor.checks.outcomes import OUTCOMES, Finding
from salina_monitor.inngest import InngestClient
from salina_monitor.mirror.rows import event_rows, run_rows
from salina_monitor.models import JobStatus, utcnow
from salina_monitor.settings import Settings
from salina_monitor.wire import Answer
from tests.unit.inngest.test_rows import DROP, RECORDINGS, asked, assert_sound, body, odd_values, paths


def deep(levels: int) -> Any:
    """Nulls within lists within objects."""
    value: Any = None
    for level in range(levels):
        value = [value, None] if level % 2 else {"a": value, "error": None}
    return value


monsters: st.SearchStrategy[Any] = odd_values | st.sampled_from(
    ["x" * 1_000_000, "é\u202e" * 20_000, "a\x00\ud800" * 1_000, 10**400, -1, 1e308, deep(90), deep(400), [None] * 5_000,
     {"message": deep(60)}, {str(n): None for n in range(2_000)}, "9" * 5_000, "2026-02-30T00:00:00Z", "+010000-01-01T00:00:00Z"]
)  # fmt: skip


@st.composite
def ruined(draw: st.DrawFn, name: str) -> Any:
    """The recorded body with one to five places dropped or replaced, at any depth."""
    value = {"body": copy.deepcopy(body(name))}
    for _ in range(draw(st.integers(1, 5))):
        places = paths(value)[1:]
        place = draw(st.sampled_from(places))
        node = value
        for key in place[:-1]:
            node = node[key]
        change = draw(st.just(DROP) | monsters)
        if change is DROP and place != ("body",):
            del node[place[-1]]
        else:
            node[place[-1]] = copy.deepcopy(None if change is DROP else change)
        if len(paths(value)) > 3_000 or not paths(value["body"])[1:]:
            break
    return value["body"]


def names(*starts: str) -> list[str]:
    found = sorted(path.stem for path in RECORDINGS.glob("*.json"))
    return [name for name in found if name.startswith(starts) and isinstance(body(name), dict)]


Question = Callable[[InngestClient], Any]
QUESTIONS: list[tuple[Question, list[str]]] = [
    (lambda client: client.list_runs(include_output=True), names("v2-runs", "v2-event-runs")),
    (lambda client: client.get_run("01"), names("v2-run.", "midretry.v2-run", "edge.v2-run", "skipped.v2-run")),
    (lambda client: client.get_trace("01"), names("v2-trace", "midretry.v2-trace", "skipped.v2-trace")),
    (lambda client: client.list_events(received_after=utcnow()), names("v1-events")),
    (lambda client: client.list_functions(), names("v2-functions")),
    (lambda client: client.next_attempt("01"), names("v1-run-jobs", "midretry.v1-run-jobs")),
]
CASES = [pytest.param(question, name, id=name) for question, all_ in QUESTIONS for name in all_]


def test_every_question_has_recordings() -> None:
    assert all(found for _, found in QUESTIONS)
    assert len(CASES) > 40


@pytest.mark.parametrize(("question", "name"), CASES)
@settings(max_examples=12)
@given(data=st.data())
def test_no_ruined_answer_breaks_the_client_or_ends_a_run(question: Question, name: str, data: st.DataObject) -> None:
    answer = data.draw(ruined(name))
    found = asked(answer, question)  # anything but an InngestError fails the test
    for run in getattr(found, "runs", [found] if hasattr(found, "raw_status") else []):
        assert_sound(run)
        known = run.raw_status.upper() in {"QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"}
        assert known or run.status is JobStatus.UNKNOWN
        assert run.status is not JobStatus.FAILED or run.ended_at is not None
    json.dumps(run_rows(getattr(found, "runs", ())).obj).encode()
    if hasattr(found, "events"):
        json.dumps(event_rows(found.events).obj, allow_nan=False).encode()


VENDORS: dict[str, tuple[Any, Any]] = {
    "clerk": (clerk, {"object": "total_count", "total_count": 3}),
    "resend": (
        resend,
        {"name": "restricted_api_key", "message": "only send", "data": [{"id": "1"}], "statusCode": 401},
    ),
    "inngest": (inngest, {"data": {"status": "ok"}, "error": "no", "status": 401}),
}
SETTINGS = Settings.load(
    {"CLERK_SECRET_KEY": "sk_live_0", "RESEND_API_KEY": "re_0", "INNGEST_SIGNING_KEY": "signkey-prod-00",
     "INNGEST_API_URL": "http://127.0.0.1:1"}
)  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=150)
@given(data=st.data())
def test_no_ruined_answer_breaks_a_check(vendor: str, data: st.DataObject) -> None:
    """It is healthy only when the answer is what it should be, whatever else is in it."""
    room, good = VENDORS[vendor]
    value = copy.deepcopy(good)
    for key in data.draw(st.lists(st.sampled_from(sorted(value)), max_size=3, unique=True)):
        change = data.draw(st.just(DROP) | monsters)
        if change is DROP:
            del value[key]
        else:
            value[key] = change
    status = data.draw(st.sampled_from([200, 200, 204, 400, 401, 403, 404, 429, 500, 503]))
    headers = {"retry-after": data.draw(st.text(st.characters(codec="ascii"), max_size=20))}
    raw = json.dumps(value).encode()[:65536]
    answer = Answer(status, httpx.Headers(headers), raw, 12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("salina_monitor.checks.http.ask", lambda *args, **more: answer)
        finding: Finding = room.probe(SETTINGS, 1.0)
    assert set(finding.facts) == set(OUTCOMES[finding.code].facts)
    if finding.code == "ok":
        assert status in (200, 401)
        json.loads(raw)
