"""The System and Job pages through AppTest: every state, on a real store, with a source and probes of the test."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from salina_monitor import runtime
from salina_monitor.inngest import Unreachable
from salina_monitor.models import JobStatus, Role, Service
from tests.support.fake_client import error, run
from tests.ui.stage import NASTY, Stage, links, metrics, table, texts

S = JobStatus


def test_before_anything_was_read_nothing_is_zero_and_nothing_is_green(stage: Stage) -> None:
    def away(question: str) -> None:
        raise error(Unreachable, "refused")

    stage.client.before = away
    app = stage.open()
    assert set(metrics(app).values()) == {"…"}
    said = texts(app)
    assert "No job has been read from Inngest yet" in said
    assert "Own words for a test." in said
    assert "All well" not in said
    assert len(app.dataframe) == 0


def test_an_empty_source_says_that_there_is_nothing(stage: Stage) -> None:
    stage.read()
    app = stage.open()
    assert set(metrics(app).values()) == {"0"}
    assert "0 jobs in the last 24 h" in texts(app)


def test_one_failed_job_is_told_in_the_singular(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    assert metrics(app)["Failed, 24 h"] == "1"
    assert "1–1 of 1 job · newest first" in texts(app)
    assert table(app)["Error"].tolist() == ["ValueError: boom"]
    assert "1 of 1 ended jobs failed" in texts(app)


def test_an_expander_says_attempts_retries_error_and_stack(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    stage.monitor.mirror.want_traces([run(1).id])
    stage.monitor.mirror.wait_for_traces([run(1).id], 5)
    app = stage.open({"status": "failed"})
    assert app.expander[1].label == "PDF generation · R00000…000001 · failed after 4 attempts (3 retries)"
    app.session_state[f"job_error_{run(1).id}"] = True
    app.run()
    said = texts(app)
    for part in ("ValueError: boom", "Traceback …", "northwind-press", run(1).id, "5.0 s", "25 s"):
        assert part in said, part


def test_many_jobs_make_pages_and_the_second_is_reached_by_its_address(stage: Stage) -> None:
    for n in range(45):
        stage.put(n, S.COMPLETED)
    stage.read()
    first, third = stage.open({"status": "completed"}), stage.open({"page": "3"})
    assert "1–20 of 45 completed jobs" in texts(first)
    assert "41–45 of 45 jobs" in texts(third)
    assert (len(table(first)), len(table(third))) == (20, 5)
    assert not set(table(first)["ID"]) & set(table(third)["ID"])


@pytest.mark.parametrize("code", ["timeout", "bad_key"])
def test_an_unhealthy_service_is_red_in_words_and_in_the_verdict(stage: Stage, code: str) -> None:
    stage.codes[Service.S3] = code
    stage.read()
    app = stage.open()
    said = texts(app)
    assert "Unhealthy" in said
    assert "S3 is unhealthy" in said
    assert "Trouble" in said


def test_a_service_without_settings_is_grey_and_names_the_variable(stage: Stage) -> None:
    stage.codes[Service.CLERK] = "not_configured"
    stage.read()
    said = texts(stage.open())
    assert "Not configured" in said
    assert "CLERK_SECRET_KEY" in said
    assert "All well" not in said


def test_foreign_text_never_reaches_an_element_that_renders_markdown(stage: Stage) -> None:
    stage.client.put(
        replace(run(1, S.FAILED, queued=stage.client.now - timedelta(minutes=5), message=NASTY), function_name=NASTY, function_id="x"),
        tenant=NASTY,
    )  # fmt: skip
    stage.read()
    app = stage.open({"status": "failed"})
    app.session_state[f"job_error_{run(1).id}"] = True
    app.run()
    rendering = ("markdown", "caption", "error", "warning", "info", "success", "title", "header", "subheader")
    spoken = [str(e.value) for kind in rendering for e in app.get(kind)]
    spoken += [e.label for e in (*app.expander, *app.metric, *app.button)]
    spoken += [e.help or "" for e in (*app.metric, *app.button)]
    for part in ("<img", "evil.example", "![", "javascript:", ":red[no]", "$"):
        assert not [text for text in spoken if part in text], part
    assert any(NASTY in code.value for code in app.code)


def test_stale_data_never_looks_live(stage: Stage) -> None:
    stage.put(1)
    stage.read()

    def away(question: str) -> None:
        raise error(Unreachable, "refused", setting="INNGEST_API_URL")

    stage.client.before = away
    said = texts(stage.open())
    assert "Stale" in said
    assert "Inngest last answered" in said
    assert "All well" not in said
    assert "1–1 of 1 job" in said


def test_a_demoted_owner_sees_nothing_at_the_next_run(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    accounts = runtime.get().accounts
    accounts.users.add("second", Role.OWNER, "correct horse battery")
    accounts.users.set_role("owner", Role.EDITOR)
    app.run()
    assert "System monitoring is for owners and admins" in texts(app)
    assert len(app.dataframe) == 0
    assert not app.metric


def test_a_card_shows_its_list_and_forgets_other_filters(stage: Stage) -> None:
    stage.put(1)
    stage.put(2, S.COMPLETED)
    stage.read()
    app = stage.open({"q": "nothing-like-this", "range": "7d"})
    assert "No job matches these filters" in texts(app)
    app.button(key="card_failed_open").click().run()
    app.run()
    assert "1–1 of 1 failed job" in texts(app)
    assert dict(app.query_params) == {"status": "failed"}


def test_unknown_parameters_are_named_and_dropped(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open({"status": "burnt", "tenants": "x"})
    said = texts(app)
    assert "Ignored in the address: status “burnt” is none of" in said
    assert "“tenants” is not a filter" in said
    assert "1–1 of 1 job" in said


def test_a_stuck_job_has_one_number_in_card_view_and_verdict(stage: Stage) -> None:
    stage.put(1, S.RUNNING, ago_m=90)
    stage.put(2, S.RUNNING, ago_m=3)
    stage.read()
    app = stage.open()
    said = texts(app)
    assert "1 longer than usual" in said
    assert "1 job runs longer than usual for its type" in said
    assert "Next: Open them and look at the step in which they hang." in said
    assert links(app)["Stuck"] == "/admin/system?stuck=1"
    app = stage.open({"stuck": "1"})
    assert "1–1 of 1 job" in texts(app)
    assert "Longer than usual only" in texts(app)
    assert dict(app.query_params) == {"stuck": "1"}
    app.button(key="clear_group").click().run()
    assert "1–2 of 2 jobs" in texts(app)


def test_ready_made_views_are_addresses(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    assert links(app) | {
        "Failing now": "/admin/system?status=failed&range=1h",
        "Last night's batch": "/admin/system?type=batch-statements",
    } == links(app)


def test_new_rows_announce_themselves_and_come_in_on_a_click(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    assert "1–1 of 1 job" in texts(app)
    stage.put(7, ago_m=1)
    stage.put(14, ago_m=1)
    stage.read()  # somebody else pressed Refresh
    app.run()
    assert "1–1 of 1 job" in texts(app)
    (new,) = [button for button in app.button if button.key == "new_jobs"]
    assert new.label == "+2 new"
    new.click().run()
    assert "1–3 of 3 jobs" in texts(app)
    assert "new_jobs" not in [button.key for button in app.button]


def test_what_is_new_but_filtered_out_is_not_announced(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open({"status": "failed"})
    stage.put(7, S.COMPLETED, ago_m=1)
    stage.read()
    app.run()
    assert "new_jobs" not in [button.key for button in app.button]


def test_a_search_that_finds_nothing_in_its_time_offers_all_that_is_remembered(stage: Stage) -> None:
    stage.put(1, message="no such bucket", ago_m=180)
    stage.read()
    app = stage.open({"q": "bucket", "range": "1h"})
    assert "No job matches these filters." in texts(app)
    app.button(key="search_all").click().run()
    assert "1–1 of 1 job" in texts(app)
    assert dict(app.query_params) == {"q": "bucket", "range": "all"}
    app = stage.open({"q": "nothing", "range": "all"})
    assert "search_all" not in [button.key for button in app.button]


def test_a_search_says_what_it_looked_at(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    said = texts(stage.open({"q": "nothing-like-this", "range": "7d"}))
    assert "Searched the last 7d: ids of runs and events" in said
    assert "of long inputs the first 2,000 values, and of their texts the first 150 words" in said
    assert "Searched" not in texts(stage.open())


def test_refreshing_by_itself_is_a_choice_and_off(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    (menu,) = [box for box in app.selectbox if box.key == "auto_refresh"]
    assert menu.value == 0
    assert menu.options == ["Auto: off", "Auto: 15 s", "Auto: 30 s", "Auto: 60 s"]
    menu.set_value(15).run()
    assert not app.exception


def test_a_tab_left_open_says_that_it_is_old_though_others_keep_reading(stage: Stage) -> None:
    stage.put(1, S.COMPLETED)
    stage.read()
    app = stage.open()
    assert "newer data is here" not in texts(app)
    live = app.session_state["_live"]
    live.as_of = replace(live.as_of, at=live.as_of.at - timedelta(minutes=6))
    app.run()
    said = texts(app)
    assert "newer data is here: press Refresh" in said
    assert "Job data on this page is old; press Refresh." in said
    assert "All well" not in said


def test_what_waits_says_for_how_long(stage: Stage) -> None:
    stage.put(1, S.QUEUED, ago_m=30)
    stage.read()
    assert re.fullmatch(r"(⚠ )?3\d min \d\d s so far", table(stage.open())["Wait"][0])
