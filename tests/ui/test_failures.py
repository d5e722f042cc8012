"""The Failures page through AppTest: groups, decisions, what is set apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.models import JobError, JobStatus, Role
from salina_monitor.queries import get_failure_groups
from salina_monitor.store import StoreUnavailable
from tests.support.fake_client import run
from tests.ui.stage import NASTY, Stage, every_link, opened, texts

S = JobStatus


def put(stage: Stage, number: int, message: str, *, ago_m: int = 10, status: JobStatus = S.FAILED, **data: str) -> None:
    stage.client.put(run(number, status, queued=stage.client.now - timedelta(minutes=ago_m), message=message, took_s=5))
    stage.client.events[-1].data.update(data)  # type: ignore[attr-defined]


def page(stage: Stage, token: str | None = None, **query: str) -> AppTest:
    return opened("failures", token or stage.token, **query)


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
    assert ("Show jobs", f"/admin/system?status=failed&group={keys(stage)[0]}") in every_link(app)
    assert any(
        "- tenants hit: 1: northwind\\-press" in code.value or "tenants hit: 1" in code.value for code in app.code
    )


def test_the_heading_of_a_cause_holds_no_value_of_one_failure_and_an_example_does(stage: Stage) -> None:
    put(stage, 1, 'Font "Garamond" is missing')
    put(stage, 2, 'Font "Helvetica" is missing', ago_m=5)
    put(stage, 3, "template is missing", ago_m=5)
    stage.read()
    app = page(stage)
    texts_of = [text.value for text in app.text]
    assert "ValueError: Font <value> is missing" in texts_of
    assert [text for text in texts_of if text.startswith("e.g.")] == ['e.g. ValueError: Font "Helvetica" is missing']
    assert "- e.g. ValueError: Font" in "\n".join(code.value for code in app.code)


@pytest.mark.parametrize(
    ("cap", "said"),
    [
        ("FAILURE_CAP", "Only the newest 2 failures are counted; choose a shorter time to see all of it."),
        ("MOST_GROUPS", "Only the 2 largest causes of the newest 20,000 failures are listed."),
    ],
)
def test_what_is_left_out_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch, cap: str, said: str) -> None:
    for number in range(3):
        put(stage, number, "abc"[number])
    stage.read()
    assert "Only the" not in texts(page(stage))
    monkeypatch.setattr(f"salina_monitor.queries.failures.{cap}", 2)
    assert said in texts(page(stage))


def test_what_was_not_looked_at_is_said_also_when_nothing_needs_attention(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        put(stage, number, "S3 503", ago_m=60, statementId=f"st_{number}")
        put(stage, 10 + number, "", ago_m=20, status=S.COMPLETED, statementId=f"st_{number}")
    put(stage, 20, "template is missing", ago_m=50)
    stage.read()
    monkeypatch.setattr("salina_monitor.queries.failures.MOST_GROUPS", 1)
    said = texts(page(stage))
    assert "None of the failures looked at needs attention" in said
    assert "No failure needs attention" not in said
    assert "Only the 1 largest causes of the newest 20,000 failures are listed." in said


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
    assert "Came back 1 time since owner resolved it at " in said


def test_an_ignored_group_stays_apart_until_it_came_often_enough(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    app = page(stage)
    (key,) = keys(stage)
    app.number_input(key=f"ignore_count_{key}").set_value(2)
    app.button(key=f"ignore_{key}").click().run()
    assert "Ignored: 1 cause" in [expander.label for expander in app.expander]
    assert decisions() == [("owner", "failure_ignored", "")]


def test_a_group_is_ignored_until_a_rate(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    app = page(stage)
    (key,) = keys(stage)
    app.number_input(key=f"ignore_rate_{key}").set_value(50)
    app.button(key=f"ignore_{key}").click().run()
    assert "Ignored: 1 cause" in [expander.label for expander in app.expander]
    (group,) = get_failure_groups(source=stage.monitor._everything)
    assert group.mark is not None
    assert (group.mark.until_per_hour, group.mark.until_count, group.mark.until_at) == (50, None, None)


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


LONG = "the bucket said 503 and " * 420  # 10 kB


def test_a_long_error_and_stack_are_one_bounded_title(stage: Stage) -> None:
    stage.client.put(
        replace(
            run(1, S.FAILED, queued=stage.client.now - timedelta(minutes=9)),
            error=JobError("E" * 10_000, LONG, "  at render (/srv/app.js:1:1)\n" * 350),
        )
    )
    stage.read()
    app = page(stage)
    assert "Needs attention: 1 cause, 1 failed job" in texts(app)
    assert max(len(str(text.value)) for text in app.text) <= 300
    assert max(len(code.value) for code in app.code) <= 1_500


def test_a_cause_that_hits_thousands_of_tenants_names_the_most_hit_only(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    stage.read()
    with stage.monitor.store.connection() as conn:
        row = conn.execute("select * from runs").fetchone()
        assert row is not None
        columns = ", ".join(name for name in row if name not in ("id", "tenant_id"))
        conn.execute(
            f"insert into runs (id, tenant_id, {columns}) select 'X' || n, repeat('t', 400) || n, {columns}"  # type: ignore[arg-type]
            " from runs, generate_series(1, 4999) as n"
        )
    (group,) = get_failure_groups(source=stage.monitor._everything)
    assert (group.count, group.tenant_count, len(group.tenants)) == (5_000, 5_000, 5)
    app = page(stage)
    assert "hits 5,000 tenants: northwind-press (1)" in texts(app)
    assert max(len(str(text.value)) for text in app.text) < 700
    assert max(len(code.value) for code in app.code) < 1_500
    (code,) = [code.value for code in app.code if "tenants hit" in code.value]
    assert "- tenants hit: 5000: " in code


def test_the_trend_is_told_in_words(stage: Stage) -> None:
    put(stage, 1, "S3 503")
    put(stage, 2, "S3 503", ago_m=600)
    stage.read()
    (picture,) = [html.proto.body for html in page(stage).get("html") if 'role="img"' in html.proto.body]
    assert 'aria-label="Failures over 24h: 2 jobs, at most 1 in one of 24 parts"' in picture


def test_a_store_that_fails_is_said_where_the_groups_would_be(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    put(stage, 1, "S3 503")
    stage.read()

    def away(*args: object, **more: object) -> None:
        raise StoreUnavailable("store_slow", "words of the store, with its address")

    with monkeypatch.context() as patched:
        patched.setattr("salina_monitor.ui.failures_page.get_failure_groups", away)
        app = page(stage, range="7d")
    said = texts(app)
    assert "The failures could not be read from the monitor's database. Press Refresh" in said
    assert "with its address" not in said
    assert "No job failed" not in said
    assert "Failed jobs by cause" in said
    assert "as of" in said
    assert app.button(key="refresh")
    app.run()
    assert "Needs attention: 1 cause" in texts(app)
