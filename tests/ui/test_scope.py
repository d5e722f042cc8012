"""What a user limited to one tenant sees of the pages, and that the limit acts on pages that are open already.

Missing function-level checks on a tenant are how one customer came to see another's data in many products
(OWASP A01, insecure direct object references): the page must ask as the user of this very run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.models import JobStatus, Role
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui.session import TOKEN
from tests.support.fake_client import run
from tests.ui.stage import Stage, every_link, metrics, opened, table, texts

S = JobStatus
MINE, THEIRS = "acme-press", "other-house"


@pytest.fixture
def stage(store: Store, settings_for: Callable[..., Settings]) -> Iterator[Stage]:
    settings = settings_for(MONITOR_BCRYPT_COST="4", MONITOR_HISTORY_DAYS="1")
    runtime.configure(settings, store=store)
    made = Stage(store, settings)
    runtime.get().accounts.users.add("ada", Role.ADMIN, "correct horse battery", tenant=MINE)
    made.token = runtime.get().accounts.sessions.start("ada", address="local", agent="")
    yield made
    monitors.close()
    runtime.configure(settings)


def limit(tenant: str | None) -> None:
    runtime.get().accounts.users.set_tenant("ada", tenant)


def life(stage: Stage) -> None:
    """One failure of mine; of theirs two failures, one running, one queued, and a job of nobody."""
    stage.put(1, S.FAILED, message="mine broke", tenant=MINE)
    told = run(
        2, S.FAILED, queued=stage.client.now - timedelta(minutes=9), message="theirs broke", function="only-theirs"
    )
    stage.client.put(told, tenant=THEIRS)
    stage.put(3, S.FAILED, message="theirs broke", tenant=THEIRS)
    stage.put(4, S.RUNNING, tenant=THEIRS)
    stage.put(5, S.QUEUED, tenant=THEIRS)
    stage.client.put(run(6, S.COMPLETED, queued=stage.client.now - timedelta(minutes=9), event=None))
    stage.read()


def everything(app: AppTest) -> str:
    """All words on the page: texts, tables, and what filters offer."""
    offered = [str(box.options) for box in app.selectbox]
    pictures = [html.proto.body for html in app.get("html")]
    linked = [f"{label} {address}" for label, address in every_link(app)]
    boxes = [expander.label for expander in app.expander]
    return "\n".join(
        [texts(app), *(frame.value.to_csv() for frame in app.dataframe), *offered, *pictures, *linked, *boxes]
    )


def foreign(app: AppTest) -> list[str]:
    """Words on the page that only other tenants' jobs have."""
    marks = [THEIRS, "theirs broke", "only-theirs", "Only-Theirs", *(f"R{n:025d}" for n in range(2, 7))]
    page = everything(app)
    return [mark for mark in marks if mark in page]


def job_page(stage: Stage, number: int) -> AppTest:
    return opened("job", stage.token, id=f"R{number:025d}")


def test_the_system_page_holds_the_own_tenants_numbers_and_jobs_only(stage: Stage) -> None:
    life(stage)
    app = stage.open({"range": "all"})
    assert metrics(app) == {"Active": "0", "Queued": "0", "Completed, 24 h": "0", "Failed, 24 h": "1"}
    assert table(app)["ID"].tolist() == [f"R{1:025d}"]
    said = texts(app)
    assert "1–1 of 1 job" in said
    assert "1 of 1 ended jobs failed" in said
    assert "0 running, 0 queued" in said
    assert foreign(app) == []


@pytest.mark.parametrize(
    "query", [{"tenant": THEIRS}, {"tenant": "none"}, {"q": f"R{2:025d}"}, {"q": "theirs"}, {"type": "only-theirs"}]
)
def test_no_address_finds_what_others_have(stage: Stage, query: dict[str, str]) -> None:
    life(stage)
    app = stage.open({"range": "all", **query})
    assert "No job matches these filters." in texts(app)
    assert len(app.dataframe) == 0
    assert "theirs broke" not in everything(app)


def test_a_limit_set_meanwhile_acts_at_the_next_rerun(stage: Stage) -> None:
    """A role or limit frozen at the sign-in outlives its change: CVE-2023-44400 and its kind."""
    life(stage)
    limit(None)
    app = stage.open()
    assert metrics(app)["Failed, 24 h"] == "3"
    assert THEIRS in foreign(app)
    limit(MINE)
    app.run()
    assert metrics(app)["Failed, 24 h"] == "1"
    assert foreign(app) == []
    limit(None)
    app.run()
    assert metrics(app)["Failed, 24 h"] == "3"


def test_an_export_holds_what_its_owner_may_see_at_the_click(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page painted before the limit was set still has its button: asked at the click, not when painted."""
    made: list[Callable[[], str]] = []
    monkeypatch.setattr(st, "download_button", lambda label, data, **_: made.append(data))
    life(stage)
    limit(None)
    stage.open()
    assert THEIRS in made[-1]()
    limit(MINE)
    assert THEIRS not in made[-1]()
    assert MINE in made[-1]()
    runtime.get().accounts.users.set_disabled("ada", True)
    assert MINE not in made[-1]()


def test_the_page_of_a_foreign_job_says_the_same_as_that_of_an_unknown_one(stage: Stage) -> None:
    life(stage)
    unknown = everything(job_page(stage, 999)).replace(f"R{999:025d}", "…")
    for number in (2, 6):
        assert everything(job_page(stage, number)).replace(f"R{number:025d}", "…") == unknown
    assert "No job … is known" in unknown
    assert "mine broke" in texts(job_page(stage, 1))


def test_an_input_on_the_screen_goes_when_its_job_is_out_of_reach(stage: Stage) -> None:
    life(stage)
    limit(None)
    app = job_page(stage, 2)
    app.button(key="show_input").click().run()
    assert THEIRS in str([json.value for json in app.json])
    limit(MINE)
    app.run()
    assert not app.json


def test_an_input_that_somebody_looked_at_is_hidden_from_the_next_who_signs_in_there(stage: Stage) -> None:
    life(stage)
    app = job_page(stage, 1)
    app.button(key="show_input").click().run()
    assert app.json
    accounts = runtime.get().accounts
    accounts.users.add("bob", Role.ADMIN, "correct horse battery")
    app.session_state[TOKEN] = accounts.sessions.start("bob", address="local", agent="")
    app.run()
    assert not app.json


def test_rows_that_could_not_be_read_are_nobodys_and_are_not_told(stage: Stage) -> None:
    life(stage)
    with stage.monitor.store.connection() as conn:
        conn.execute("update mirror_state set rejected_rows = 7, rejected_sample = 'queuedAt is missing'")
    assert "7 rows" not in texts(stage.open())
    limit(None)
    assert "7 rows" in texts(stage.open())
