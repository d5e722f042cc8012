"""The page of one job through AppTest: every state, with a source of the test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import NextAttempt, Unreachable
from salina_monitor.models import Attempt, JobError, JobStatus, Role, Step, StepKind, Trace
from salina_monitor.server import ROOT
from salina_monitor.ui.session import TOKEN
from tests.support.fake_client import error, run
from tests.ui.stage import NASTY, Stage, texts

S = JobStatus


def put(stage: Stage, number: int, status: JobStatus, *, ago_m: int = 10, took_s: float = 30, **data: str) -> str:
    job = run(number, status, queued=stage.client.now - timedelta(minutes=ago_m), took_s=took_s)
    stage.client.put(job)
    stage.client.events[-1].data.update(data)  # type: ignore[attr-defined]
    return job.id


def page(stage: Stage, job_id: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "job.py"), default_timeout=20)
    app.session_state[TOKEN] = stage.token
    app.query_params["id"] = job_id
    app.run()
    assert not app.exception
    return app


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
    assert f"{made[:6]}…{made[-6:]}" in str([link.proto.label for link in app.get("link_button")])
    (picture,) = [html.proto.body for html in app.get("html") if 'role="list"' in html.proto.body]
    assert "Attempt 3" in picture
    assert "<img" not in picture


def test_the_same_error_each_time_is_shown_once(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED)
    stage.client.runs[job_id] = replace(stage.client.runs[job_id], error=JobError("E", "S3 503 after 9 s"))
    trace(stage, job_id, "S3 503 after 3 s", "S3 503 after 4 s")
    stage.read()
    app = page(stage, job_id)
    assert "The same error each time." in texts(app)
    assert len([code for code in app.code if "S3 503" in code.value]) == 1


def test_a_document_that_was_never_made_says_so(stage: Stage) -> None:
    job_id = put(stage, 1, S.FAILED, statementId="st_1")
    trace(stage, job_id, "S3 503")
    stage.read()
    assert "No later job of this document has completed." in texts(page(stage, job_id))


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
