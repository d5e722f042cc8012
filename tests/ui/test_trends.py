"""Trends and usual times: folded at first, in step with the list, and a piece of a bar is the list it leads to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor.inngest import Unreachable
from salina_monitor.mirror.baselines import compute_baselines
from salina_monitor.mirror.traces import read_trace
from salina_monitor.models import NO_TENANT, JobStatus
from tests.support.fake_client import error
from tests.ui.stage import NASTY, Stage, texts

S = JobStatus


def unfold(stage: Stage, app: AppTest, by: str = "") -> AppTest:
    app.session_state["trends"] = True
    app.run()
    if by:
        app.get_by_key("trends_by").set_value(by).run()
    assert not app.exception
    return app


def menu(app: AppTest) -> Any:
    return next(box for box in app.selectbox if str(box.key).endswith("_menu"))


def test_it_is_folded_until_somebody_wants_it(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    assert "Jobs that ended, by hour" not in texts(app)
    unfold(stage, app)
    assert "Jobs that ended, by hour (UTC)" in texts(app)


def within_an_hour(stage: Stage) -> int:
    """Minutes since the middle of an hour some hours ago: what was put shortly before it is one piece of a bar."""
    return 300 + stage.client.now.minute - 30


def test_a_piece_chosen_by_keyboard_lists_exactly_its_jobs(stage: Stage) -> None:
    for n in range(5):
        stage.put(n, S.FAILED if n < 3 else S.COMPLETED, ago_m=within_an_hour(stage))
    stage.put(10, S.FAILED, ago_m=20)
    stage.read()
    app = unfold(stage, stage.open())
    choices = menu(app).options
    three = next(choice for choice in choices if choice.endswith("Failed, 3 jobs"))
    menu(app).set_value(three).run()
    assert not app.exception
    assert "1–3 of 3 failed jobs" in texts(app)
    assert "Ended " in texts(app)
    assert set(app.query_params) == {"status", "from", "to"}
    app.button(key="clear_group").click().run()
    assert "1–4 of 4 failed jobs" in texts(app)


def test_a_window_in_the_address_is_listed_and_another_range_takes_its_place(stage: Stage) -> None:
    stage.put(1, S.FAILED, ago_m=300)
    stage.put(2, S.FAILED, ago_m=20)
    stage.read()
    since, until = stage.client.now.replace(hour=0, minute=0), stage.client.now.replace(hour=0, minute=1)
    window = {"from": since.strftime("%Y-%m-%dT%H:%MZ"), "to": until.strftime("%Y-%m-%dT%H:%MZ")}
    app = stage.open({"status": "failed", **window})
    assert "No job matches these filters." in texts(app)
    next(box for box in app.selectbox if str(box.key).startswith("range_")).set_value("7d").run()
    assert dict(app.query_params) == {"status": "failed", "range": "7d"}
    assert "1–2 of 2 failed jobs" in texts(app)


def test_tenants_are_compared_and_lead_to_their_jobs(stage: Stage) -> None:
    stage.put(1, tenant=NASTY)
    stage.put(2, S.COMPLETED, tenant="acme")
    stage.read()
    app = unfold(stage, stage.open(), "tenant")
    nasty = next(choice for choice in menu(app).options if "onerror" in choice)
    menu(app).set_value(nasty).run()
    assert not app.exception
    assert "1–1 of 1 job" in texts(app)


@pytest.mark.parametrize("query", [{"tenant": NASTY}, {"type": NASTY}])
def test_foreign_names_above_the_bars_are_text(stage: Stage, query: dict[str, str]) -> None:
    stage.put(1, tenant=NASTY)
    stage.read()
    app = unfold(stage, stage.open(query))
    assert any("only" in text.value and "onerror" in text.value for text in app.text)
    assert not any("onerror" in str(sink.value) for sink in (*app.caption, *app.markdown))


def test_where_the_known_begins_is_said_so_that_nothing_before_it_looks_like_none(stage: Stage) -> None:
    stage.put(1, ago_m=120)
    stage.read()
    app = unfold(stage, stage.open())
    assert re.search(r"no job from before \d+ \w{3} \d\d:(00|15|30|45) is known", texts(app))


def test_all_others_lead_nowhere_because_no_list_holds_exactly_them(stage: Stage) -> None:
    for n in range(9):
        stage.put(n, tenant=f"t{n}")
    stage.read()
    app = unfold(stage, stage.open(), "tenant")
    assert len(menu(app).options) == 8
    assert not any("all others" in choice for choice in menu(app).options)


def test_bars_beside_the_filter_no_tenant_count_all_and_lead_to_all(stage: Stage) -> None:
    stage.put(1, ago_m=within_an_hour(stage))
    stage.put(2, ago_m=within_an_hour(stage), tenant=None)
    stage.read()
    app = unfold(stage, stage.open({"tenant": NO_TENANT}))
    assert "of all tenants and none" in texts(app)
    (piece,) = menu(app).options
    counted = int(piece.rpartition("Failed, ")[2].split()[0])
    menu(app).set_value(piece).run()
    assert f"1–{counted} of {counted} failed jobs" in texts(app)


@pytest.mark.parametrize("by", ["status", "tenant", "type"])
def test_it_follows_the_filters_of_the_list(stage: Stage, by: str) -> None:
    stage.put(1)
    stage.read()
    app = unfold(stage, stage.open({"type": "nothing-of-this"}), by)
    assert ("No job ended in these 24 h." in texts(app)) is (by != "type")


@pytest.mark.parametrize("by", ["status", "tenant", "type"])
def test_nothing_read_is_said_and_not_drawn_as_zero(stage: Stage, by: str) -> None:
    stage.client.before = lambda question: (_ for _ in ()).throw(_unreachable())
    app = unfold(stage, stage.open(), by)
    assert "No job has been read from Inngest yet." in texts(app)
    assert not any(str(box.key).endswith("_menu") for box in app.selectbox)


def test_usual_times_say_how_many_were_measured(stage: Stage) -> None:
    for n in range(25):
        stage.put(n, S.COMPLETED, ago_m=60)
    stage.read()
    for run_id in stage.client.runs:
        read_trace(stage.monitor.mirror.context, run_id)
    assert compute_baselines(stage.monitor.mirror.context)
    app = unfold(stage, stage.open(), "type")
    row = next(frame.value for frame in app.dataframe if "Wait p50" in frame.value.columns).iloc[0]
    assert (row["Type"], row["n"], row["Wait p50"], row["Duration p95"]) == ("PDF generation", 25, "5.0 s", "25 s")
    assert row["Usually failed"] == "not known"


def _unreachable() -> Exception:
    found: Exception = error(Unreachable, "unreachable")
    return found
