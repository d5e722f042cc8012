"""One part of a page fails: it says so in its place, with what to do, and everything around it stays."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor.models import JobStatus
from salina_monitor.store import StoreError, StoreUnavailable
from tests.ui.stage import Stage, links, metrics, opened, texts

S = JobStatus
SLOW = StoreUnavailable("store_timeout", "The store took too long to answer and was stopped. Try again.")


def fail(monkeypatch: pytest.MonkeyPatch, name: str, error: StoreError = SLOW) -> None:
    def ask(*args: Any, **kwargs: Any) -> Any:
        raise error

    monkeypatch.setattr(name, ask)


def page(stage: Stage, name: str, **query: str) -> AppTest:
    return opened(name, stage.token, **query)


@pytest.mark.parametrize(
    ("question", "lost"),
    [
        ("salina_monitor.ui.live.get_evidence", ["The verdict"]),
        ("salina_monitor.ui.live.get_job_summary", ["The verdict", "The numbers of jobs"]),
        ("salina_monitor.ui.jobs.get_recent_jobs", ["The list of jobs"]),
    ],
)
def test_a_part_of_the_system_page_fails_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, question: str, lost: list[str]
) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, question)
    app = stage.open()
    shown = texts(app)
    for part in lost:
        assert f"{part} could not be read from the monitor's database. It took too long: narrow the time" in shown
    assert shown.count("could not be read") == len(lost)
    assert ("All five services are healthy." in shown) is ("The verdict" not in lost)
    assert (metrics(app).get("Failed, 24 h") == "1") is ("The numbers of jobs" not in lost)
    assert ("1–1 of 1 job" in shown) is ("The list of jobs" not in lost)


def test_trends_fail_without_the_list(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, "salina_monitor.ui.trends.get_counts_by_status")
    app = stage.open()
    app.session_state["trends"] = True
    app.run()
    assert "The trends could not be read" in texts(app)
    assert "1–1 of 1 job" in texts(app)


def test_the_failures_page_keeps_its_head(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, "salina_monitor.ui.failures_page.get_failure_groups")
    app = page(stage, "failures")
    assert "The failures could not be read" in texts(app)
    assert "### Failures" in texts(app)
    assert "No job failed" not in texts(app)
    assert "refresh" in [button.key for button in app.button]


def test_the_job_page_keeps_the_job(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, "salina_monitor.ui.job_related.get_related_jobs", StoreUnavailable("store_lost", "Gone."))
    app = page(stage, "job", id=f"R{1:025d}")
    assert "What belongs to this job could not be read from the monitor's database. Press Refresh" in texts(app)
    assert "Failed after 4 attempts (3 retries)" in texts(app)


def test_the_page_about_many_jobs_keeps_the_preview(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, "salina_monitor.actions.bulk.Bulk.recent")
    app = page(stage, "bulk", what="rerun", status="failed")
    assert "What was done lately could not be read" in texts(app)
    assert "##### Run again: 1 job" in texts(app)


HELPS = "narrow the time range or the filters, then refresh."


def asked(app: AppTest, name: str) -> str:
    """What the address says; AppTest hands back lists where the page wrote it."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def test_a_list_that_takes_too_long_keeps_its_filters_on_the_page_and_in_the_address(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put(1)
    stage.read()
    app = stage.open({"range": "30d"})
    fail(monkeypatch, "salina_monitor.ui.jobs.get_recent_jobs")
    next(box for box in app.text_input if box.label == "Search words and ids").set_value("ledger").run()
    assert "The list of jobs could not be read" in texts(app)
    assert HELPS in texts(app)
    assert asked(app, "q") == "ledger"
    assert asked(app, "range") == "30d"
    assert next(box for box in app.text_input if box.label == "Search words and ids").value == "ledger"


def test_failures_that_take_too_long_leave_the_choice_of_range(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, "salina_monitor.ui.failures_page.get_failure_groups")
    app = page(stage, "failures", range="30d")
    assert HELPS in texts(app)
    assert asked(app, "range") == "30d"
    assert [row.value for row in app.button_group if row.label == "Time range"] == ["30d"]


def test_a_preview_that_takes_too_long_names_its_filters_and_offers_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put(1)
    stage.read()
    fail(monkeypatch, "salina_monitor.actions.bulk.get_job_ids")
    app = page(stage, "bulk", what="rerun", status="failed", range="30d")
    said = texts(app)
    assert "What would be done (" in said
    assert HELPS in said
    assert "bulk_begin" not in [button.key for button in app.button]
    assert asked(app, "status") == "failed"
    assert any("status=failed" in link and "range=30d" in link for link in links(app).values())


def test_a_bulk_action_that_takes_too_long_to_begin_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put(1)
    stage.read()
    app = page(stage, "bulk", what="rerun", status="failed")
    fail(monkeypatch, "salina_monitor.actions.bulk.Bulk.begin")
    app.text_input[0].set_value("the bucket is back").run()
    app.button(key="bulk_begin").click().run()
    assert "took too long for this: narrow the time range or the filters" in texts(app)
    assert asked(app, "status") == "failed"
