"""The page of one job through AppTest: every state, with a source of the test."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import NextAttempt, Unreachable
from salina_monitor.inngest.steps import MOST_STEPS
from salina_monitor.models import Attempt, JobError, JobStatus, Role, Step, StepKind, Trace
from salina_monitor.store import StoreUnavailable
from tests.support.fake_client import error, run
from tests.ui.stage import NASTY, Stage, links, opened, texts

S = JobStatus


def put(stage: Stage, number: int, status: JobStatus, *, ago_m: int = 10, took_s: float = 30, **data: str) -> str:
    job = run(number, status, queued=stage.client.now - timedelta(minutes=ago_m), took_s=took_s)
    stage.client.put(job)
    stage.client.events[-1].data.update(data)  # type: ignore[attr-defined]
    return job.id


def page(stage: Stage, job_id: str) -> AppTest:
    return opened("job", stage.token, id=job_id)


def rows() -> list[tuple[str, str]]:
    found = runtime.get().accounts.activity.rows(ActivityFilters())
    return [(row.kind, row.target) for row in found if row.kind in ("input_revealed", "access_refused")]


def trace(stage: Stage, job_id: str, *errors: str, running: bool = False) -> None:
    began = stage.client.runs[job_id].queued_at
    attempts = tuple(
        Attempt(
            n + 1, S.FAILED, began + timedelta(seconds=9 * n), began + timedelta(seconds=9 * n + 3), JobError("E", text)
        )
        for n, text in enumerate(errors)
    )
    steps = tuple(
        Step(f"Attempt {a.number - 1}", StepKind.ATTEMPT, 1, a.status, a.started_at, a.started_at, a.ended_at, a.number)
        for a in attempts
    )
    whole = Step(NASTY, StepKind.STEP, 0, S.FAILED, began, began, began + timedelta(seconds=30))
    status = S.RUNNING if running else S.FAILED
    stage.client.traces[job_id] = Trace(
        job_id, status, began, began, None if running else began + timedelta(seconds=30), len(errors) - 1, attempts,
        {"tenantId": "northwind-press", "statementId": "st_1", "apiKey": "hunter2"}, {"pages": 3}, None, False,
        (whole, *steps),
    )  # fmt: skip


def test_a_failed_job_shows_timeline_attempts_and_what_belongs_to_it(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED, ago_m=50, statementId="st_1")
    made = put(stage, 2, S.COMPLETED, ago_m=20, statementId="st_1")
    trace(stage, job_id, "S3 503", "S3 503", "timeout")
    stage.read()
    app = page(stage, job_id)
    said = texts(app)
    assert "The error changed from attempt to attempt." in said
    assert [code.value for code in app.code].count("E: S3 503") == 2
    assert "statement st_1" in said
    assert "A later job completed it at" in said
    assert f"{made[:6]}…{made[-6:]}" in str(links(app))
    (picture,) = [html.proto.body for html in app.get("html") if 'role="list"' in html.proto.body]
    assert "Attempt 3" in picture
    assert "<img" not in picture


def test_run_function_and_event_are_linked_where_the_environment_is_known(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    cron = run(2, S.FAILED, queued=stage.client.now - timedelta(minutes=9), event=None)
    stage.client.put(cron)
    stage.read()
    found = links(page(stage, job_id))
    assert found["Event in Inngest"] == f"https://app.inngest.com/env/development/events/E{1:025d}"
    assert {"Run in Inngest", "Function in Inngest"} <= set(found)
    assert "Event in Inngest" not in links(page(stage, cron.id))


def test_the_same_error_each_time_is_shown_once(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.client.runs[job_id] = replace(stage.client.runs[job_id], error=JobError("E", "S3 503 after 9 s"))
    trace(stage, job_id, "S3 503 after 3 s", "S3 503 after 4 s")
    stage.read()
    app = page(stage, job_id)
    assert "The same error each time." in texts(app)
    assert len([code for code in app.code if "S3 503" in code.value]) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("request 7f3a9c21d0e4 failed", "request deadbeefcafe42 failed", True),
        ("port 5432 refused at 10:00:01", "port 6543 refused at 10:00:09", True),
        ("S3 503 SlowDown", "S3 403 AccessDenied", False),
    ],
)
def test_ids_and_numbers_alone_do_not_make_another_error(stage: Stage, one: str, other: str, same: bool) -> None:
    job_id = put(stage, 1, S.FAILED)
    trace(stage, job_id, one, other)
    stage.read()
    said = texts(page(stage, job_id))
    assert ("The same error each time." in said) is same
    assert ("The error changed from attempt to attempt." in said) is not same


def test_a_document_that_was_never_made_says_so(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED, statementId="st_1")
    trace(stage, job_id, "S3 503")
    stage.read()
    assert "No later job of this document has completed." in texts(page(stage, job_id))


def test_a_page_that_follows_a_job_keeps_nobody_signed_in(stage: Stage) -> None:
    job_id = put(stage, 1, S.RUNNING)
    stage.read()
    touched: list[bool] = []
    sessions = runtime.get().accounts.sessions
    find = type(sessions).find

    def watched(self: object, secret: str, *, touch: bool = True) -> object:
        touched.append(touch)
        return find(self, secret, touch=touch)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(sessions), "find", watched)
        page(stage, job_id)
    assert touched[0]  # the page was opened
    assert False in touched  # and looks at the job by itself


def test_a_job_between_two_attempts_says_when_the_next_one_comes(stage: Stage) -> None:
    job_id = put(stage, 1, S.RUNNING)
    trace(stage, job_id, "S3 503", running=True)
    stage.client.next_attempt = (  # type: ignore[attr-defined]
        lambda run_id, deadline=None: NextAttempt(2, stage.client.now + timedelta(minutes=4))
    )
    stage.read()
    said = texts(page(stage, job_id))
    assert "Attempt 2 comes in" in said
    assert "so far from the queue" in said


def test_input_and_trace_are_hidden_until_asked_for_masked_and_written_down(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED, statementId="st_1")
    trace(stage, job_id, "S3 503")
    stage.client.get_raw_trace = (  # type: ignore[attr-defined]
        lambda run_id, deadline=None: {"rootSpan": {"input": {"password": "hunter2", "name": NASTY}}}
    )
    stage.read()
    app = page(stage, job_id)
    assert not app.json
    app.button(key="show_input").click().run()
    assert "hunter2" not in str([json.value for json in app.json])
    assert "st_1" in str([json.value for json in app.json])
    assert "pages" in str([json.value for json in app.json])
    app.button(key="show_trace").click().run()
    assert "rootSpan" in str([json.value for json in app.json])
    assert "hunter2" not in str([json.value for json in app.json])
    assert rows() == [("input_revealed", job_id)] * 2


def test_an_input_that_cannot_be_had_now_is_not_said_to_be_empty(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.read()
    app = page(stage, job_id)

    def away(question: str) -> None:
        raise error(Unreachable, "refused")

    stage.client.before = away
    app.button(key="show_input").click().run()
    assert "could not be asked for it now" in texts(app)
    assert not app.json
    assert rows() == []


def test_a_demoted_user_reveals_nothing_with_a_page_still_open(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.read()
    app = page(stage, job_id)
    accounts = runtime.get().accounts
    accounts.users.add("second", Role.OWNER, "correct horse battery")
    accounts.users.set_role("owner", Role.EDITOR)
    app.button(key="show_input").click().run()
    assert not app.json
    assert ("access_refused", job_id) in rows()
    assert "input_revealed" not in {kind for kind, _ in rows()}


@pytest.mark.parametrize("given", ["", "x" * 65, "\u202e"])
def test_an_address_without_a_job_says_so(stage: Stage, given: str) -> None:
    assert "The address names no job" in texts(page(stage, given))


def test_an_unknown_job_says_so(stage: Stage) -> None:
    stage.read()
    assert "No job nothing-like-this is known" in texts(page(stage, "nothing-like-this"))


def test_a_failed_job_is_run_again_with_a_reason_once(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.read()
    asked: list[str] = []
    stage.client.rerun = lambda run_id, deadline=None: asked.append(run_id) or "NEWRUN"  # type: ignore[attr-defined]
    app = page(stage, job_id)
    app.button(key="rerun").click().run()
    assert "Write why" in texts(app)
    app.text_input(key=f"rerun_why_{job_id}").set_value("the bucket is back")
    app.button(key="rerun").click().run()
    assert "Started again as job NEWRUN." in texts(app)
    app.text_input(key=f"rerun_why_{job_id}").set_value("once more")
    app.button(key="rerun").click().run()
    assert "less than 10 minutes ago" in texts(app)
    assert asked == [job_id]
    assert "cancel" not in [button.key for button in app.button]


def test_a_running_job_is_cancelled(stage: Stage) -> None:
    job_id = put(stage, 1, S.RUNNING)
    stage.read()
    asked: list[str] = []
    stage.client.cancel = lambda run_id, deadline=None: asked.append(run_id)  # type: ignore[attr-defined]
    app = page(stage, job_id)
    assert "rerun" not in [button.key for button in app.button]
    app.text_input(key=f"cancel_why_{job_id}").set_value("started by mistake")
    app.button(key="cancel").click().run()
    assert "The job is being cancelled." in texts(app)
    assert asked == [job_id]


def test_a_demoted_user_acts_on_nothing_with_a_page_still_open(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.read()
    asked: list[str] = []
    stage.client.rerun = lambda run_id, deadline=None: asked.append(run_id) or "NEWRUN"  # type: ignore[attr-defined]
    app = page(stage, job_id)
    app.text_input(key=f"rerun_why_{job_id}").set_value("the bucket is back")
    accounts = runtime.get().accounts
    accounts.users.add("second", Role.OWNER, "correct horse battery")
    accounts.users.set_role("owner", Role.FINANCE)
    app.button(key="rerun").click().run()
    assert asked == []
    assert ("access_refused", job_id) in rows()


def timeline(app: AppTest) -> str:
    (picture,) = [html.proto.body for html in app.get("html") if 'role="list"' in html.proto.body]
    return str(picture)


def test_a_timeline_of_hundreds_is_cut_until_somebody_wants_all_of_it(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    trace(stage, job_id, "S3 503")
    known = stage.client.traces[job_id]
    stage.client.traces[job_id] = replace(
        known, steps=tuple(replace(known.steps[0], name=f"step {n}") for n in range(MOST_STEPS))
    )
    stage.read()
    app = page(stage, job_id)
    assert 'aria-label="Timeline: the first 200 of 500 lines over 30 s"' in timeline(app)
    assert timeline(app).count('role="listitem"') == 200
    assert "The first 200 are drawn." in texts(app)
    assert "Only the first 500 lines are read; the others are in Inngest." in texts(app)
    assert "The same document" in texts(app)
    began = time.monotonic()
    app.toggle(key=f"all_lines_{job_id}").set_value(True).run()
    assert time.monotonic() - began < 3
    assert 'aria-label="Timeline: 500 lines over 30 s"' in timeline(app)
    assert timeline(app).count('role="listitem"') == 500
    assert len(timeline(app)) < 500_000


def test_a_timeline_is_told_in_words(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    trace(stage, job_id, "S3 503")
    stage.read()
    app = page(stage, job_id)
    assert 'aria-label="Timeline: 2 lines over 30 s"' in timeline(app)
    assert 'aria-label="Attempt 1: failed 3.0 s"' in timeline(app)
    assert not app.toggle


def test_a_long_error_and_its_stack_are_whole_in_their_own_blocks(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    message, stack = ("the bucket said 503 and " * 420).strip(), ("  at render (/srv/app.js:1:1)\n" * 350).rstrip()
    stage.client.runs[job_id] = replace(stage.client.runs[job_id], error=JobError("E", message, stack))
    trace(stage, job_id, message)
    stage.read()
    app = page(stage, job_id)
    shown = {code.value: code for code in app.code}
    assert set(shown) == {f"E: {message}", stack}
    assert "The same document" in texts(app)


def away(*args: object, **more: object) -> None:
    raise StoreUnavailable("store_slow", "words of the store, with its address")


def test_a_store_that_fails_for_what_belongs_to_a_job_leaves_the_job(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = put(stage, 1, S.FAILED)
    trace(stage, job_id, "S3 503", "timeout")
    stage.read()
    monkeypatch.setattr("salina_monitor.ui.job_related.get_related_jobs", away)
    app = page(stage, job_id)
    said = texts(app)
    assert "What belongs to this job could not be read from the monitor's database. Press Refresh" in said
    assert "with its address" not in said
    assert "No other job of this document is known" not in said
    assert "The error changed from attempt to attempt." in said
    assert "Hidden, for they may hold data of people." in said
    assert timeline(app)


def test_a_store_that_fails_for_the_job_itself_leaves_the_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.read()
    monkeypatch.setattr("salina_monitor.ui.job_page.get_job_detail", away)
    app = page(stage, job_id)
    assert "This job could not be read from the monitor's database. Press Refresh" in texts(app)
    assert "No job" not in texts(app)
    assert app.button(key="refresh")


@pytest.mark.parametrize("what", ["input", "trace"])
def test_a_store_that_fails_while_an_input_is_asked_for_shows_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.read()
    app = page(stage, job_id)
    monkeypatch.setattr(f"salina_monitor.ui.job_input.reveal_{what}", away)
    app.button(key=f"show_{what}").click().run()
    assert not app.exception
    assert "The monitor cannot reach its database; ask its administrator." in texts(app)
    assert not app.json
    assert job_id in texts(app)
