"""The Failures page through AppTest: groups, decisions, what is set apart."""

from __future__ import annotations

from datetime import timedelta

from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.models import JobStatus, Role
from salina_monitor.queries import get_failure_groups
from salina_monitor.server import ROOT
from salina_monitor.ui.session import TOKEN
from tests.support.fake_client import run
from tests.ui.stage import NASTY, Stage, texts

S = JobStatus


def put(stage: Stage, number: int, message: str, *, ago_m: int = 10, status: JobStatus = S.FAILED, **data: str) -> None:
    stage.client.put(run(number, status, queued=stage.client.now - timedelta(minutes=ago_m), message=message, took_s=5))
    stage.client.events[-1].data.update(data)  # type: ignore[attr-defined]


def page(stage: Stage, token: str | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "failures.py"), default_timeout=20)
    app.session_state[TOKEN] = token or stage.token
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def keys(stage: Stage) -> list[str]:
    return [group.fingerprint for group in get_failure_groups(source=stage.monitor._everything)]


def decisions() -> list[tuple[str, str, str]]:
    rows = runtime.get().accounts.activity.rows(ActivityFilters())
    return [(row.who, row.kind, row.why) for row in rows if row.kind.startswith("failure_")]


def test_before_anything_was_read_nothing_is_said_to_be_well(stage: Stage) -> None:
    said = texts(page(stage))
    assert "No job has been read from Inngest yet" in said
    assert "No job failed" not in said


def test_without_failures_it_says_so(stage: Stage) -> None:
    put(stage, 1, "", status=S.COMPLETED)
    stage.read()
    assert "No job failed in the last 24 h." in texts(page(stage))


def test_groups_say_what_how_often_and_whom(stage: Stage) -> None:
    for number in range(3):
        put(stage, number, f"S3 503 for s3://b/{number}.pdf")
    put(stage, 9, "template is missing")
    stage.read()
    app = page(stage)
    said = texts(app)
    assert "Needs attention: 2 causes, 4 failed jobs" in said
    assert "ValueError: S3 <n> for <url>" in said
    assert "3 failures · PDF generation · hits 1 tenant: northwind-press (3)" in said
    links = [link.proto.url for link in app.get("link_button")]
    assert f"/admin/system?status=failed&group={keys(stage)[0]}" in links
    assert any(
        "- tenants hit: 1: northwind\\-press" in code.value or "tenants hit: 1" in code.value for code in app.code
    )


def test_a_resolved_group_goes_apart_and_comes_back_when_it_fails_again(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    app = page(stage)
    (key,) = keys(stage)
    app.text_input(key=f"resolve_why_{key}").set_value("bucket is back")
    app.button(key=f"resolve_{key}").click().run()
    assert "No failure needs attention" in texts(app)
    assert "Resolved: 1 cause" in [expander.label for expander in app.expander]
    assert decisions() == [("owner", "failure_resolved", "bucket is back")]
    stage.client.now += timedelta(minutes=1)
    put(stage, 2, "S3 503", ago_m=0)
    stage.client.runs[f"R{2:025d}"] = run(
        2, S.FAILED, queued=stage.client.now - timedelta(seconds=9), message="S3 503", took_s=5
    )
    stage.read()
    said = texts(page(stage))
    assert "Came back" in said
    assert "Came back 1 times since owner resolved it: bucket is back" in said


def test_an_ignored_group_stays_apart_until_it_came_often_enough(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    app = page(stage)
    (key,) = keys(stage)
    app.number_input(key=f"ignore_count_{key}").set_value(2)
    app.button(key=f"ignore_{key}").click().run()
    assert "Ignored: 1 cause" in [expander.label for expander in app.expander]
    assert decisions() == [("owner", "failure_ignored", "")]


def test_what_was_made_later_is_set_apart_by_itself(stage: Stage) -> None:
    put(stage, 1, "S3 503", ago_m=60, statementId="st_1")
    put(stage, 2, "", ago_m=20, status=S.COMPLETED, statementId="st_1")
    stage.read()
    app = page(stage)
    assert "No failure needs attention" in texts(app)
    assert "Made good later: 1 cause" in [expander.label for expander in app.expander]


def test_foreign_text_stays_text(stage: Stage) -> None:
    put(stage, 1, NASTY)
    stage.read()
    app = page(stage)
    spoken = "\n".join(str(e.value) for kind in ("markdown", "caption") for e in app.get(kind))
    for part in ("<img", "evil.example", "![", "javascript:"):
        assert part not in spoken


def test_a_range_comes_from_the_address_and_others_are_named(stage: Stage) -> None:
    put(stage, 1, "S3 503", ago_m=60 * 20)
    stage.read()
    assert "Ignored in the address: range “99y” is none of" in texts(page(stage, range="99y"))
    assert "Needs attention" in texts(page(stage, range="7d"))


def test_a_limited_user_sees_the_own_groups_and_decides_nothing(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    accounts = runtime.get().accounts
    accounts.users.add("eve", Role.ADMIN, "correct horse battery", tenant="northwind-press")
    token = accounts.sessions.start("eve", address="x", agent="")
    app = page(stage, token)
    assert "Only jobs of northwind-press are counted." in texts(app)
    assert not [button for button in app.button if button.label in ("Resolve", "Ignore")]


def test_a_demoted_user_decides_nothing_with_a_page_still_open(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    app = page(stage)
    (key,) = keys(stage)
    accounts = runtime.get().accounts
    accounts.users.add("second", Role.OWNER, "correct horse battery")
    accounts.users.set_role("owner", Role.AUTHOR)
    app.button(key=f"resolve_{key}").click().run()
    assert decisions() == []
    with stage.monitor.store.connection() as conn:
        assert conn.execute("select count(*) as n from failure_marks").fetchone() == {"n": 0}


def test_the_list_of_one_group_says_so_and_leads_back(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    put(stage, 2, "template is missing")
    stage.read()
    key = keys(stage)[0]
    app = stage.open({"status": "failed", "group": key})
    assert "1–1 of 1 failed job" in texts(app)
    assert "One cause only" in texts(app)
    app.button(key="clear_group").click().run()
    assert "1–2 of 2 failed jobs" in texts(app)
