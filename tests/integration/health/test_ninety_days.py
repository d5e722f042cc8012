"""Ninety days of results as the Health page reads them: rolled up, thinned out by age, in the days of a viewer's zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from salina_monitor.health import HealthHistory, Uptime, get_uptime
from salina_monitor.health.lease import SQL
from salina_monitor.models import Service
from salina_monitor.parts import days
from salina_monitor.retention import Retention
from salina_monitor.settings import Settings
from salina_monitor.store import Store

PARIS = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
EVERY_S = 300
RESULTS = b"""
insert into health_checks (service, at, status, code, latency_ms)
select service, at, 'healthy', 'ok', 40 from unnest(%s::text[]) as s (service),
    generate_series(%s::timestamptz, %s::timestamptz, %s * interval '1 second') as t (at)
"""


@dataclass
class Past:
    """A store that has watched for a hundred days until `now`; `changed` is the day on which the clocks were changed."""

    store: Store
    settings: Settings
    now: datetime
    changed: date

    def at(self, day: date, hour: int = 0) -> datetime:
        """That hour of the viewer's day."""
        return datetime(day.year, day.month, day.day, hour, tzinfo=PARIS).astimezone(UTC)

    def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        with self.store.connection() as conn:
            found = conn.execute(text.encode(), values)
            return found.fetchall() if found.description else []

    def fill(self) -> None:
        """A healthy result of every service each five minutes."""
        with self.store.connection() as conn:
            services = [service.value for service in Service]
            conn.execute(RESULTS, [services, self.now - 100 * DAY, self.now, EVERY_S])

    def say(self, status: str, since: datetime, until: datetime, ms: int, service: Service = Service.S3) -> None:
        """Make the results of some time something else."""
        self.sql(
            "update health_checks set status = %s, latency_ms = %s where service = %s and at >= %s and at < %s",
            status, ms, service.value, since, until,
        )  # fmt: skip

    def forget(self, since: datetime, until: datetime, service: Service = Service.S3) -> None:
        """Nobody watched then."""
        self.sql("delete from health_checks where service = %s and at >= %s and at < %s", service.value, since, until)

    def roll_up(self) -> None:
        HealthHistory(self.store, self.settings).roll_up(self.now - 101 * DAY, self.now)

    def read(self, service: Service = Service.S3) -> Uptime:
        return next(u for u in get_uptime(self.store, days(self.now, PARIS, 90)) if u.service is service)


@pytest.fixture(
    params=[("2026-11-24T11:30", "2026-10-25"), ("2026-05-20T10:30", "2026-03-29")], ids=["autumn", "spring"]
)
def past(request: pytest.FixtureRequest, store: Store, settings_for: Callable[..., Settings]) -> Past:
    now, changed = request.param
    made = Past(
        store, settings_for(MONITOR_CHECK_SECONDS=str(EVERY_S)), datetime.fromisoformat(f"{now}:00+00:00"),
        date.fromisoformat(changed),
    )  # fmt: skip
    made.fill()
    return made


def hours(seconds: float) -> float:
    return round(seconds / 3600, 2)


def by_day(uptime: Uptime) -> dict[date, tuple[float, float, float]]:
    """Hours up, degraded and down of each of the viewer's days."""
    began = [edge.astimezone(PARIS).date() for edge in uptime.edges[:-1]]
    parts = [(hours(p.up_s), hours(p.degraded_s), hours(p.down_s)) for p in uptime.parts]
    return dict(zip(began, parts, strict=True))


def test_ninety_days_are_the_viewers_and_each_is_as_long_as_it_is(past: Past) -> None:
    past.roll_up()
    found = by_day(past.read())
    assert len(found) == 90
    today = past.now.astimezone(PARIS).date()
    lengths = {day: hours((past.at(day + DAY) - past.at(day)).total_seconds()) for day in found}
    assert lengths[past.changed] in (23.0, 25.0)
    assert set(lengths.values()) == {24.0, lengths[past.changed]}
    known = past.now - past.at(today)
    assert found == {d: (h if d != today else hours(known.total_seconds()), 0.0, 0.0) for d, h in lengths.items()}


def test_trouble_and_gaps_are_in_their_days_and_gaps_are_no_uptime(past: Past) -> None:
    down, degraded, gone = (past.changed + n * DAY for n in (2, 5, 9))
    past.say("unhealthy", past.at(down, 10), past.at(down, 11), 5_000)
    past.say("degraded", past.at(degraded, 14), past.at(degraded, 20), 900)
    past.forget(past.at(gone, 12), past.at(gone + 4 * DAY))
    # Over the change of the clocks: an hour comes twice, or never.
    past.say("unhealthy", past.at(past.changed, 1), past.at(past.changed, 4), 5_000)
    past.roll_up()
    found = by_day(past.read())
    assert found[down] == (23.0, 0.0, 1.0)
    assert found[degraded] == (18.0, 6.0, 0.0)
    # The last result before the gap speaks for three intervals, and one of them was its own.
    assert found[gone] == (12.17, 0.0, 0.0)
    assert [found[gone + n * DAY] for n in (1, 2, 3)] == [(0.0, 0.0, 0.0)] * 3
    assert found[gone + 4 * DAY] == (24.0, 0.0, 0.0)
    length = hours((past.at(past.changed + DAY) - past.at(past.changed)).total_seconds())
    assert found[past.changed] == (21.0, 0.0, length - 21.0)
    whole = past.read().whole
    assert hours(whole.down_s) == 1.0 + length - 21.0
    assert hours(past.read(Service.CLERK).whole.down_s) == 0.0


def test_latency_is_that_of_a_typical_day_and_of_answers_only(past: Past) -> None:
    slow = past.changed + 2 * DAY
    past.say("healthy", past.at(slow), past.at(slow + DAY), 3_000)
    past.say("unhealthy", past.at(slow + 2 * DAY), past.at(slow + 4 * DAY), 8_000)
    past.roll_up()
    found = past.read()
    assert (found.p50_ms, found.p95_ms) == (40, 40)
    clerk = past.read(Service.CLERK)
    assert clerk.n - found.n == 2 * 24 * 3600 // EVERY_S, "what did not answer has no latency"


def test_days_stay_as_they_were_when_the_results_behind_them_go(past: Past) -> None:
    past.say("unhealthy", past.at(past.changed, 10), past.at(past.changed, 11), 5_000)
    past.roll_up()
    before = get_uptime(past.store, days(past.now, PARIS, 90))
    gone, _ = Retention(past.store, past.settings, now=lambda: past.now).prune()
    taken = {one.table: one.rows for one in gone}
    assert taken["health checks"] > 100_000
    assert past.sql("select count(*) as n from health_checks where at < %s", past.now - 8 * DAY) == [{"n": 0}]
    # As the collector does from then on.
    HealthHistory(past.store, past.settings).roll_up(past.now - timedelta(hours=2), past.now)
    assert get_uptime(past.store, days(past.now, PARIS, 90)) == before


def test_the_page_reads_no_result_and_no_quarter_outside_its_range(past: Past) -> None:
    past.roll_up()
    past.sql("analyze health_parts")
    edges = days(past.now, PARIS, 90)
    values = {"edges": list(edges), "first": edges[0], "last": edges[-1]}
    quarters = past.sql(
        "select count(*) as n from health_parts where size = 'quarter' and bucket >= %s and bucket < %s", edges[0], edges[-1]
    )[0]["n"]  # fmt: skip
    with past.store.connection() as conn:
        for name in ("parts_of", "latency_of_days"):
            row = conn.execute(b"explain (analyze, format json) " + SQL[name].encode(), values).fetchone()
            assert row is not None
            plan = row["QUERY PLAN"][0]["Plan"]
            assert {node["Relation Name"] for node in nodes(plan) if "Relation Name" in node} == {"health_parts"}
            assert max(node["Actual Rows"] * node["Actual Loops"] for node in nodes(plan)) <= quarters, name
            assert plan["Actual Rows"] <= 90 * len(Service)


def nodes(plan: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
