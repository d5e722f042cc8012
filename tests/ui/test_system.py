"""The System and Job pages through AppTest: every state, on a real store, with a source and probes of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.checks import CheckRunner
from salina_monitor.checks.outcomes import found
from salina_monitor.checks.watch import HealthWatch
from salina_monitor.inngest import Unreachable
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import Mirror
from salina_monitor.models import JobStatus, Role, Service
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource
from salina_monitor.server import SCRIPT
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui.session import TOKEN
from tests.support.fake_client import FakeClient, error, run

S = JobStatus
NASTY = "<img src=x onerror=alert(1)> ![x](http://evil.example/p.png) [a](javascript:alert(1)) www.evil.example :red[no] $x$"


class Stage:
    """A signed-in owner before a monitor of played parts."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.settings = settings
        self.client = FakeClient(now=datetime.now(UTC))
        self.codes = dict.fromkeys(Service, "ok")
        probes = {service: self._probe(service) for service in Service}
        self.checks = HealthWatch(CheckRunner(settings, probes=probes))
        types = JobTypes.of(settings)
        self.monitor = Monitor(
            settings, store, self.client, Mirror(store, self.client, settings),  # type: ignore[arg-type]
            JobSource(store, types, self.client), self.checks,  # type: ignore[arg-type]
        )  # fmt: skip
        monitors.use(self.monitor)
        accounts = runtime.get().accounts
        accounts.users.add("owner", Role.OWNER, "correct horse battery")
        self.token = accounts.sessions.start("owner", address="local", agent="")

    def _probe(self, service: Service) -> Any:
        facts = {"said": "primary", "detail": "words", "http": 401, "missing": "CLERK_SECRET_KEY"}
        return lambda settings, limit_s: found(self.codes[service], 12, **facts)

    def put(self, n: int, status: JobStatus = S.FAILED, *, message: str = "boom", ago_m: int = 5, **more: Any) -> None:
        queued = self.client.now - timedelta(minutes=ago_m + n % 7)
        self.client.put(run(n, status, queued=queued, message=message, took_s=30), **more)

    def read(self) -> None:
        self.monitor.mirror.sync_now()

    def open(self, query: dict[str, str] | None = None) -> AppTest:
        app = AppTest.from_file(str(SCRIPT), default_timeout=20)
        app.session_state[TOKEN] = self.token
        for name, value in (query or {}).items():
            app.query_params[name] = value
        app.run()
        self.settle(app)
        assert not app.exception
        return app

    def settle(self, app: AppTest) -> None:
        """What the ticker does in a browser: look again once everything that was asked has ended."""
        self.checks.wait(5)
        live = app.session_state["_live"]
        if live.ticket is not None:
            assert self.monitor.mirror.wait(live.ticket, 5)
            live.ticket, live.as_of = None, self.monitor.mirror.state().as_of
        app.run()


@pytest.fixture
def stage(store: Store, settings_for: Callable[..., Settings]) -> Iterator[Stage]:
    settings = settings_for(MONITOR_BCRYPT_COST="4", MONITOR_HISTORY_DAYS="1")
    runtime.configure(settings, store=store)
    made = Stage(store, settings)
    yield made
    monitors.close()
    runtime.configure(settings)


def texts(app: AppTest) -> str:
    kinds = ("text", "caption", "markdown", "code", "error", "title", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label.rpartition("] ")[2]: metric.value for metric in app.metric}


def table(app: AppTest) -> Any:
    assert len(app.dataframe) == 1
    return app.dataframe[0].value


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
    assert app.expander[0].label == "PDF generation · R00000…000001 · failed after 4 attempts (3 retries)"
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
    assert "1 of them for longer than usual for their type." in said
    app.button(key="view_stuck").click().run()
    assert "1–1 of 1 job" in texts(app)
    assert "Longer than usual only" in texts(app)
    assert dict(app.query_params) == {"stuck": "1"}
    app.button(key="clear_group").click().run()
    assert "1–2 of 2 jobs" in texts(app)


def test_ready_made_views_are_addresses(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    app = stage.open()
    app.button(key="view_failing").click().run()
    assert dict(app.query_params) == {"status": "failed", "range": "1h"}
    app.button(key="view_batch").click().run()
    assert dict(app.query_params) == {"type": "batch-statements"}


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


def test_a_search_says_what_it_looked_at(stage: Stage) -> None:
    stage.put(1)
    stage.read()
    said = texts(stage.open({"q": "nothing-like-this", "range": "7d"}))
    assert "Searched the last 7d: ids of runs and events" in said
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
