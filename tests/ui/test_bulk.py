"""The page about many jobs: an address shows, a click does, and what came of it is told job by job."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import Unreachable
from salina_monitor.models import JobStatus, Role
from salina_monitor.ui import bulk_progress
from tests.support.fake_client import error
from tests.support.waiting import wait_until
from tests.ui.stage import NASTY, Stage, links, opened, texts

S = JobStatus


class Asked(list[str]):
    """Jobs that Inngest was asked to run again or to cancel; `away` makes it silent from then on."""

    away = False


@pytest.fixture
def asked(stage: Stage) -> Asked:
    done = Asked()

    def ask(run_id: str, deadline: float | None = None) -> str:
        if done.away:
            raise error(Unreachable, "unreachable")
        done.append(run_id[-2:])
        return f"NEW{run_id[3:]}"

    client: Any = stage.client
    client.rerun = client.cancel = ask
    return done


def page(stage: Stage, token: str | None = None, **query: str) -> AppTest:
    return opened("bulk", token or stage.token, **query)


def failures(stage: Stage, number: int = 3, status: JobStatus = S.FAILED, tenant: str = "acme") -> None:
    for n in range(number):
        stage.put(n, status, tenant=tenant)
    stage.read()


def begin(app: AppTest, why: str = "the bucket is back") -> AppTest:
    app.text_input[0].set_value(why).run()
    app.button(key="bulk_begin").click().run()
    assert not app.exception
    return app


def settled(stage: Stage, app: AppTest) -> AppTest:
    """What the timer does in a browser."""
    wait_until(lambda: not any(t.is_alive() for t in stage.monitor.background._threads.values()))
    app.run()
    assert not app.exception
    return app


def test_the_page_goes_on_looking_where_the_work_begins_a_moment_after_it_was_painted(
    stage: Stage, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took that nobody worked yet for the end, and stood still at "1 being asked for" for good."""
    failures(stage)
    late: list[Any] = []
    monkeypatch.setattr(stage.monitor.background, "start", lambda name, work: late.append(work))
    timers: list[object] = []
    fragment = bulk_progress.st.fragment

    def noted(function: Any, **given: Any) -> Any:
        timers.append(given["run_every"])
        return fragment(function, **given)

    monkeypatch.setattr(bulk_progress.st, "fragment", noted)
    app = begin(page(stage, what="rerun", status="failed"))
    assert len(late) == 1
    assert None not in timers
    late[0](threading.Event())
    settled(stage, app)
    assert "Finished" in texts(app)
    assert len(asked) == 3


def rows(kind: str) -> list[str]:
    found = runtime.get().accounts.activity.rows(ActivityFilters())
    return [row.target for row in found if row.kind == kind]


def test_without_anything_it_says_where_to_choose(stage: Stage, asked: Asked) -> None:
    failures(stage)
    assert "Choose jobs first" in texts(page(stage))


def test_an_address_shows_what_would_be_done_and_does_nothing(stage: Stage, asked: Asked) -> None:
    failures(stage, tenant=NASTY)
    said = texts(page(stage, what="rerun", status="failed"))
    assert "##### Run again: 3 jobs" in said
    assert "1 tenant: <img src=x onerror=alert(1)>" in said
    assert asked == []
    assert rows("bulk_begun") == []


def test_the_sample_leads_to_the_pages_of_its_jobs(stage: Stage, asked: Asked) -> None:
    failures(stage, 2)
    app = page(stage, what="rerun", status="failed")
    sample = app.dataframe[0].value
    assert list(sample["Open"]) == [f"/admin/job?id={job}" for job in sample["Job"]]
    assert "link" in app.dataframe[0].proto.columns


def test_a_click_runs_all_of_them_again_and_tells_each(stage: Stage, asked: Asked) -> None:
    failures(stage)
    app = begin(page(stage, what="rerun", status="failed"))
    assert dict(app.query_params) == {"id": "1"}
    app = settled(stage, app)
    said = texts(app)
    assert "Finished" in said
    assert "The new runs: 3 not seen yet" in said
    assert sorted(asked) == ["00", "01", "02"]
    assert [row["Result"] for _, row in app.dataframe[0].value.iterrows()] == ["Done"] * 3
    assert rows("bulk_begun") == rows("bulk_ended") == ["bulk 1"]
    assert len(rows("rerun")) == 3
    assert "bulk_begin" not in [button.key for button in app.button]


def test_running_jobs_are_cancelled(stage: Stage, asked: Asked) -> None:
    failures(stage, 2, S.RUNNING)
    app = page(stage, what="cancel", status="running")
    assert "##### Cancel: 2 jobs" in texts(app)
    settled(stage, begin(app))
    assert sorted(asked) == ["00", "01"]
    assert len(rows("cancel")) == 2


def test_without_a_reason_nothing_is_done(stage: Stage, asked: Asked) -> None:
    failures(stage)
    app = begin(page(stage, what="rerun", status="failed"), why=" ")
    assert "Write why, for those who come after you; nothing was done." in texts(app)
    assert "##### Run again: 3 jobs" in texts(app)
    assert asked == []


def test_what_arrived_after_the_preview_is_not_run_again(stage: Stage, asked: Asked) -> None:
    failures(stage)
    app = page(stage, what="rerun", status="failed")
    stage.put(9)
    stage.read()
    settled(stage, begin(app))
    assert sorted(asked) == ["00", "01", "02"]


def test_what_is_found_only_after_the_preview_is_not_run_again(stage: Stage, asked: Asked) -> None:
    failures(stage)
    with stage.monitor.store.connection() as conn:
        conn.execute("update runs set search = search || 'october'::tsvector where id like '%1'")
    app = page(stage, what="rerun", status="failed", q="october")
    assert "##### Run again: 1 job" in texts(app)
    with stage.monitor.store.connection() as conn:
        conn.execute("update runs set search = search || 'october'::tsvector")
    app = settled(stage, begin(app))
    assert asked == ["01"]


def test_whoever_is_limited_after_the_preview_sees_another_one(stage: Stage, asked: Asked) -> None:
    stage.put(1, tenant="acme")
    stage.put(2, tenant="other")
    stage.read()
    accounts = runtime.get().accounts
    accounts.users.add("lim", Role.ADMIN, "correct horse battery")
    app = page(stage, accounts.sessions.start("lim", address="local", agent=""), what="rerun", status="failed")
    assert "##### Run again: 2 jobs" in texts(app)
    accounts.users.set_tenant("lim", "acme")
    app.run()
    assert "other" not in texts(app)
    settled(stage, begin(app))
    assert asked == ["01"]


def test_a_fault_midway_pauses_and_resume_does_the_rest(
    stage: Stage, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salina_monitor.actions.bulk_work.TRIES", 1)
    failures(stage)
    asked.away = True
    app = settled(stage, begin(page(stage, what="rerun", status="failed")))
    assert "Paused" in texts(app)
    assert "Own words for a test." in texts(app)
    asked.away = False
    app.button(key="bulk_resume").click().run()
    app = settled(stage, app)
    assert "Finished" in texts(app)
    assert sorted(asked) == ["00", "01", "02"]
    assert rows("bulk_resumed") == ["bulk 1"]


def test_a_list_that_is_empty_has_nothing_to_click(stage: Stage, asked: Asked) -> None:
    failures(stage)
    app = page(stage, what="rerun", status="cancelled")
    assert "There is nothing to do." in texts(app)
    assert "bulk_begin" not in [button.key for button in app.button]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"what": "delete"}, "what “delete” is none of rerun, cancel"),
        ({"what": ""}, "what is missing"),
        ({"what": "rerun"}, "Only a list of failed or cancelled jobs can be run again as a whole"),
        ({"what": "rerun", "status": "completed"}, "Only a list of failed or cancelled jobs"),
        ({"what": "cancel", "status": "failed"}, "Only a list of running or queued jobs can be cancelled"),
        ({"what": "rerun", "status": "failed", "tenat": "acme"}, "“tenat” is not a filter"),
        ({"id": "x"}, "This address names no bulk action"),
        ({"id": ""}, "This address names no bulk action"),
        ({"id": "7"}, "There is no bulk action 7 that you may see."),
        ({"id": "-1"}, "This address names no bulk action"),
        ({"id": "9" * 40}, "This address names no bulk action"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_and_does_nothing(
    stage: Stage, asked: Asked, query: dict[str, str], said: str
) -> None:
    failures(stage)
    app = page(stage, **query)
    assert said in texts(app)
    assert "bulk_begin" not in [button.key for button in app.button]


def test_a_role_that_is_taken_away_before_the_click_does_nothing(stage: Stage, asked: Asked) -> None:
    failures(stage)
    accounts = runtime.get().accounts
    accounts.users.add("ada", Role.ADMIN, "correct horse battery")
    app = page(stage, accounts.sessions.start("ada", address="local", agent=""), what="rerun", status="failed")
    app.text_input[0].set_value("the bucket is back").run()
    accounts.users.set_role("ada", Role.EDITOR)
    app.button(key="bulk_begin").click().run()
    assert asked == []
    assert rows("bulk_begun") == []
    assert rows("access_refused") == ["bulk"]


def test_a_limited_user_acts_on_the_own_tenant_only(stage: Stage, asked: Asked) -> None:
    stage.put(1, tenant="acme")
    stage.put(2, tenant="other")
    stage.read()
    settled(stage, begin(page(stage, what="rerun", status="failed", tenant="other")))
    accounts = runtime.get().accounts
    accounts.users.add("lim", Role.ADMIN, "correct horse battery", tenant="acme")
    token = accounts.sessions.start("lim", address="local", agent="")
    app = page(stage, token, what="rerun", status="failed")
    assert "##### Run again: 1 job" in texts(app)
    assert "other" not in texts(app)
    assert "There is no bulk action 1 that you may see." in texts(page(stage, token, id="1"))


def test_lists_and_causes_lead_here(stage: Stage, asked: Asked) -> None:
    failures(stage)
    found = links(stage.open({"status": "failed"}))
    assert found["Run again these…"] == "/admin/bulk?what=rerun&status=failed"
    assert not [label for label in found if label.startswith("Cancel")]
    assert not [label for label in links(stage.open()) if label.startswith(("Run again", "Cancel"))]
