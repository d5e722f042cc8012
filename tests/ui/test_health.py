"""The Health page through AppTest: history, incidents with their jobs, people, maintenance, nobody watching."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.coincidence import Trouble
from salina_monitor.health import HealthHistory, Incident, get_incidents, get_windows
from salina_monitor.models import HealthCheckResult, HealthStatus, JobStatus, Role, Service, utcnow
from salina_monitor.queries import TroubleJobs
from salina_monitor.store import StoreUnavailable
from salina_monitor.ui.incident_jobs import told
from salina_monitor.ui.maintenance_box import moment_of
from tests.ui.stage import NASTY, Stage, opened, texts

S = JobStatus


def page(stage: Stage, token: str | None = None, **query: str) -> AppTest:
    return opened("health", token or stage.token, **query)


def bars(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def watched(stage: Stage, minutes: int = 60, *, bad: tuple[int, int] = (0, 0), service: Service = Service.S3) -> None:
    """A result every 30 s over the last minutes; from `bad[0]` to `bad[1]` minutes ago unhealthy."""
    history, now = HealthHistory(stage.monitor.store, stage.settings), utcnow()
    for n in range(minutes * 2):
        ago = timedelta(seconds=30 * n)
        down = timedelta(minutes=bad[1]) <= ago < timedelta(minutes=bad[0])
        status = HealthStatus.UNHEALTHY if down else HealthStatus.HEALTHY
        history.found(HealthCheckResult(service, status, 20, "words", now - ago, "ok"))
    history.flush()
    history.roll_up(now - timedelta(minutes=minutes + 15), now)


def incident(stage: Stage, since_m: float, until_m: float | None, *, message: str = "S3 did not answer.") -> int:
    now = utcnow()
    closed = None if until_m is None else now - timedelta(minutes=until_m)
    with stage.monitor.store.connection() as conn:
        row = conn.execute(
            "insert into incidents (scope, opened_at, closed_at, worst, code, message)"
            " values ('s3', %s, %s, 'unhealthy', 'timeout', %s) returning id",
            (now - timedelta(minutes=since_m), closed, message),
        ).fetchone()
    assert row is not None
    return int(row["id"])


def collected(stage: Stage, age: timedelta) -> None:
    with stage.monitor.store.connection() as conn:
        conn.execute(
            "update collector_state set cycle_at = now() - %s, cycle_ms = 12, place = 'host, process 7'", (age,)
        )


def limited(stage: Stage, tenant: str) -> str:
    accounts = runtime.get().accounts
    accounts.users.add("ada", Role.ADMIN, "correct horse battery")
    accounts.users.set_tenant("ada", tenant)
    return accounts.sessions.start("ada", address="local", agent="")


def test_before_anything_was_watched_nothing_is_called_up(stage: Stage) -> None:
    app = page(stage)
    said = texts(app)
    assert said.count("not watched") == 5
    assert "Nothing collects yet" in said
    assert "No incident in this range, as far as it was watched." in said
    assert "% up" not in said


def test_it_says_how_long_it_was_watched_and_what_came_of_it(stage: Stage) -> None:
    watched(stage, 60, bad=(20, 10))
    said = texts(page(stage))
    assert "watched for 59 min: 83 % up, 17 % down · answers in 20 ms (p50), 20 ms (p95)" in said
    assert said.count("not watched") == 4


@pytest.mark.parametrize(("span", "parts"), [("24h", 96), ("7d", 168), ("90d", 90)])
def test_each_range_has_its_bars_with_words_for_those_who_hear(stage: Stage, span: str, parts: int) -> None:
    watched(stage, 60, bad=(20, 10))
    drawn = bars(page(stage, range=span))
    assert drawn.count('role="img"') == 5
    assert drawn.count("flex:1;min-width") == 5 * parts
    assert 'aria-label="S3: ' in drawn


def test_a_range_that_is_none_is_said_and_the_day_shown(stage: Stage) -> None:
    app = page(stage, range="forever")
    assert "Ignored in the address: range" in texts(app)
    assert "Incidents, 24 h" in texts(app)


def test_an_incident_tells_what_and_how_long_and_its_jobs(stage: Stage) -> None:
    incident(stage, 30, 10)
    for n in range(4):
        stage.put(n, message="S3ServiceException: 503", ago_m=20)
    stage.put(10, S.COMPLETED, ago_m=20)
    stage.read()
    said = texts(page(stage))
    assert "S3 down" in said
    assert ", 20 min 00 s: S3 did not answer." in said
    assert "4 of 5 jobs that ended in it failed (80 %, usually 80 %)" in said
    assert "4 of them with an error that points to S3." in said
    assert "hitting 1 tenant: " in said


def test_one_who_sees_one_tenant_gets_that_tenants_jobs_and_no_notes(stage: Stage) -> None:
    number = incident(stage, 30, None)
    for n in range(4):
        stage.put(n, message="S3ServiceException: 503", ago_m=20, tenant="acme" if n else "other")
    stage.read()
    app = page(stage)
    app.text_area(key=f"note_{number}").set_value("acme rang, other is furious").run()
    app.button(key=f"note_add_{number}").click().run()
    assert "owner, " in texts(app)
    said = texts(page(stage, limited(stage, "acme")))
    assert "3 of 3 jobs that ended in it failed" in said
    assert "furious" not in said
    assert "other" not in said
    assert "I look after it" not in [button.label for button in page(stage, limited_token(stage)).button]


def limited_token(stage: Stage) -> str:
    return runtime.get().accounts.sessions.start("ada", address="local", agent="")


def test_somebody_looks_after_it_and_everybody_sees_who(stage: Stage) -> None:
    number = incident(stage, 30, None)
    app = page(stage)
    app.button(key=f"ack_{number}").click().run()
    assert "owner looks after it since" in texts(app)
    assert not [button for button in app.button if button.key == f"ack_{number}"]
    kinds = [row.kind for row in runtime.get().accounts.activity.rows(ActivityFilters())]
    assert "incident_acknowledged" in kinds


def test_foreign_text_stays_text(stage: Stage) -> None:
    number = incident(stage, 30, None, message=NASTY)
    app = page(stage)
    app.text_area(key=f"note_{number}").set_value(NASTY).run()
    app.button(key=f"note_add_{number}").click().run()
    markdown = "\n".join(str(element.value) for element in app.markdown)
    assert "evil.example" not in markdown
    assert "evil.example" in texts(app)
    assert "evil.example" not in bars(app)


def test_many_incidents_are_ten_until_all_are_wanted(stage: Stage) -> None:
    for n in range(14):
        incident(stage, 20 * n + 10, 20 * n + 5)
    app = page(stage)
    assert texts(app).count("S3 down") == 10
    app.toggle(key="all_incidents").set_value(True).run()
    assert texts(app).count("S3 down") == 14


def test_more_than_are_listed_are_counted(stage: Stage) -> None:
    for n in range(53):
        incident(stage, 10 * n + 10, 10 * n + 5)
    app = page(stage)
    assert "The newest 50 of 53 incidents; those before are not listed." in texts(app)


def test_the_badge_is_of_the_newest_result_of_any_process(stage: Stage) -> None:
    watched(stage, 5)
    assert "Healthy" in badges(page(stage))
    found_elsewhere(stage, timedelta(0), "unhealthy")
    assert "Unhealthy" in badges(page(stage))
    assert "Healthy" not in badges(page(stage))


def test_what_nobody_has_watched_lately_has_no_state(stage: Stage) -> None:
    found_elsewhere(stage, timedelta(hours=1), "healthy")
    (badge,) = [label for label in badges(page(stage)) if "atched since" in label]
    assert badge.startswith("Not watched since ")
    assert "Healthy" not in badges(page(stage))


def found_elsewhere(stage: Stage, age: timedelta, status: str) -> None:
    """What another process found and wrote down."""
    with stage.monitor.store.connection() as conn:
        conn.execute("insert into health_checks values ('s3', %s, %s, 'x', 5, 'm')", (utcnow() - age, status))


def badges(app: AppTest) -> list[str]:
    """Labels of all badges."""
    found = re.findall(
        r":[a-z]+-badge\[(?::material/[a-z_]+: )?([^\]]*)\]", "\n".join(str(e.value) for e in app.markdown)
    )
    return [label.strip() for label in found]


def test_what_is_open_comes_first_and_what_is_over_last(stage: Stage) -> None:
    incident(stage, 30, None, message="It goes on.")
    incident(stage, 90, 60, message="It was.")
    lines = [str(line.value) for line in page(stage).text]
    places = [
        next(n for n, line in enumerate(lines) if words in line) for words in ("It goes on.", "not watched", "It was.")
    ]
    assert places == sorted(places)
    assert sum("S3 down" in line for line in lines) == 2


def test_with_nothing_but_what_is_open_the_range_holds_no_further_one(stage: Stage) -> None:
    incident(stage, 30, None)
    said = texts(page(stage))
    assert "No further incident in this range, as far as it was watched." in said
    assert "Open incidents" in said


class TestWhoWatches:
    """The collector's own state."""

    def test_while_it_works_it_says_when_and_where(self, stage: Stage) -> None:
        collected(stage, timedelta(seconds=4))
        said = texts(page(stage))
        assert "Watching" in said
        assert "which took 12 ms; host, process 7" in said

    def test_when_it_stands_still_both_pages_say_so(self, stage: Stage) -> None:
        collected(stage, timedelta(minutes=5))
        assert "Nobody has watched since" in texts(page(stage))
        assert "Nobody has watched since" in texts(stage.open())
        collected(stage, timedelta(seconds=4))
        assert "Nobody has watched since" not in texts(stage.open())

    def test_its_last_fault_is_told(self, stage: Stage) -> None:
        collected(stage, timedelta(seconds=4))
        with stage.monitor.store.connection() as conn:
            conn.execute("update collector_state set errors = 3, error_at = now(), error_message = 'It met a wall.'")
        assert "3 faults so far, the last just now: It met a wall." in texts(page(stage)).replace("1 s ago", "just now")


class TestMaintenance:
    """Planned on the page."""

    def plan(self, app: AppTest, *scopes: str, why: str = "moving buckets") -> AppTest:
        app.multiselect(key="maintenance_scopes").set_value(list(scopes))
        app.text_input(key="maintenance_why").set_value(why)
        return app.button(key="maintenance_plan").click().run()

    def test_it_is_planned_told_on_both_pages_and_ended(self, stage: Stage) -> None:
        app = self.plan(page(stage), "s3", "jobs")
        assert "Planned. Alerts keep quiet then" in texts(app)
        (window,) = get_windows(stage.monitor.store, utcnow())
        assert (window.scopes, window.ends_at - window.starts_at) == (("s3", "jobs"), timedelta(hours=1))
        for said in (texts(page(stage)), texts(stage.open())):
            assert "Maintenance of S3, Jobs until" in said
            assert "no alerts. moving buckets (owner)" in said
        app.button(key=f"maintenance_end_{window.id}").click().run()
        assert "Alerts are on again." in texts(app)
        assert "Maintenance of" not in texts(stage.open())

    def test_without_a_reason_it_is_refused_in_words(self, stage: Stage) -> None:
        app = self.plan(page(stage), "s3", why="")
        assert "Say why" in texts(app)
        assert get_windows(stage.monitor.store, utcnow()) == ()

    def test_one_who_sees_one_tenant_is_told_when_and_not_why(self, stage: Stage) -> None:
        self.plan(page(stage), "s3", why="other pays late")
        app = page(stage, limited(stage, "acme"))
        assert "Maintenance of S3 until" in texts(app)
        assert "pays late" not in texts(app)
        assert not [button for button in app.button if str(button.key).startswith("maintenance")]


@pytest.mark.parametrize(
    ("day", "at", "length", "from_to"),
    [
        (date(2026, 3, 28), time(22), timedelta(hours=8), ("2026-03-28T21:00", "2026-03-29T05:00")),
        (date(2026, 10, 24), time(22), timedelta(hours=8), ("2026-10-24T20:00", "2026-10-25T04:00")),
        (date(2026, 3, 29), time(2, 50), timedelta(minutes=15), ("2026-03-29T01:50", "2026-03-29T02:05")),
        (date(2026, 10, 25), time(2, 50), timedelta(minutes=15), ("2026-10-25T00:50", "2026-10-25T01:05")),
    ],
)
def test_maintenance_is_as_long_as_it_says_when_clocks_change(
    day: date, at: time, length: timedelta, from_to: tuple[str, str]
) -> None:
    starts = moment_of(day, at, ZoneInfo("Europe/Paris"))
    assert (f"{starts:%Y-%m-%dT%H:%M}", f"{starts + length:%Y-%m-%dT%H:%M}") == from_to


def test_a_store_that_fails_is_said_in_its_place(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> Any:
        raise StoreUnavailable("store_timeout", "Too slow.")

    monkeypatch.setattr("salina_monitor.ui.health_page.get_uptime", broken)
    said = texts(page(stage))
    assert "The history of the services could not be read" in said
    assert "narrow the time range" in said
    assert "No incident in this range" in said


NOON = datetime.fromisoformat("2026-11-24T12:00:00+00:00")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({}, "No job ended in it."),
        ({"ended": 1}, "The one job that ended in it did not fail."),
        (
            {"ended": 160, "failed": 142, "named": 118, "tenants": (("a", 100), ("b", 42)), "tenant_count": 2,
             "usual_failed": 21, "usual_ended": 1000},
            "142 of 160 jobs that ended in it failed (89 %, usually 2.1 %), hitting 2 tenants: a (100), b (42); 118 of them "
            "with an error that points to S3.",
        ),
        ({"ended": 1, "failed": 1}, "1 of 1 job that ended in it failed (100 %); none with an error that points to S3."),
    ],
)  # fmt: skip
def test_the_jobs_of_an_incident_in_words(numbers: dict[str, Any], said: str) -> None:
    assert told(TroubleJobs(Trouble(1, Service.S3, "unhealthy", NOON, None), **numbers)) == said


def test_the_incident_of_the_network_speaks_of_no_jobs(stage: Stage) -> None:
    network = Incident(1, "network", NOON, None, "unhealthy", "network", "words", None, None, 5)
    assert network.trouble is None
    with stage.monitor.store.connection() as conn:
        conn.execute(
            "insert into incidents (scope, opened_at, worst, code) values ('network', now(), 'unhealthy', 'network')"
        )
    assert len(get_incidents(stage.monitor.store, NOON)) == 1
    said = texts(page(stage))
    assert "The monitor's network down" in said
    assert "ended in it" not in said
