"""Incidents when results stop coming, when writers' clocks differ, and when all services go at once but not in step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from salina_monitor.health import Incident, get_incidents
from salina_monitor.health.incidents import Watched, advance
from salina_monitor.models import Service
from salina_monitor.store import Store
from tests.integration.health.test_collector import START, Scene

REACH_S = dict.fromkeys(Service, 90.0)


@pytest.fixture
def scene(store: Store, settings_for: Callable[..., Any]) -> Scene:
    return Scene(store, settings_for)


def one_incident(scene: Scene) -> Incident:
    (found,) = get_incidents(scene.store, START - timedelta(days=1))
    return found


def last_result(scene: Scene, service: str, status: str = "unhealthy") -> datetime:
    with scene.store.connection() as conn:
        row = conn.execute(
            "select max(at) as at from health_checks where service = %s and status = %s", (service, status)
        ).fetchone()
    assert row is not None
    at: datetime = row["at"]
    return at


def test_it_ends_when_the_service_is_no_longer_configured(scene: Scene) -> None:
    scene.codes[Service.RESEND] = "timeout"
    scene.run(45)
    assert scene.incidents() == [("resend", "unhealthy", True)]
    last = last_result(scene, "resend")
    scene.codes[Service.RESEND] = "not_configured"
    scene.run(40)
    found = one_incident(scene)
    assert found.unwatched
    assert found.closed_at is not None
    assert last < found.closed_at <= last + timedelta(seconds=90)


def test_it_ends_when_nobody_checks_any_more(store: Store, settings_for: Callable[..., Any]) -> None:
    scene = Scene(store, settings_for, MONITOR_CHECK_DATABASE_SECONDS="0")
    scene.run(5)
    scene.codes[Service.DATABASE] = "timeout"
    for _ in range(2):
        scene.collector.monitor.checks.start([Service.DATABASE], force=True)
        scene.run(12)
    assert scene.incidents() == [("database", "unhealthy", True)]
    scene.codes[Service.DATABASE] = "ok"
    scene.run(140)
    found = one_incident(scene)
    assert found.unwatched
    assert found.closed_at == last_result(scene, "database") + timedelta(seconds=90)


def test_after_a_long_stop_it_ended_with_what_was_last_seen_and_trouble_begins_anew(scene: Scene) -> None:
    scene.codes[Service.S3] = "timeout"
    scene.run(45)
    last = last_result(scene, "s3")
    scene.collector.lease.drop()
    scene.now += timedelta(hours=8)
    restarted = scene.now
    scene.collector = scene.another()
    scene.run(1)
    found = one_incident(scene)
    assert found.unwatched
    assert found.closed_at == last + timedelta(seconds=90)
    scene.run(45)
    assert scene.incidents() == [("s3", "unhealthy", True), ("s3", "unhealthy", False)]
    assert get_incidents(scene.store, START)[0].opened_at >= restarted


def test_one_bad_check_before_a_stop_and_one_after_are_no_incident(scene: Scene) -> None:
    scene.run(31)
    scene.codes[Service.S3] = "timeout"
    scene.run(5)
    scene.collector.lease.drop()
    scene.now += timedelta(hours=8)
    scene.collector = scene.another()
    scene.run(5)
    scene.codes[Service.S3] = "ok"
    scene.run(60)
    assert scene.incidents() == []


def test_a_takeover_by_another_process_ends_nothing(scene: Scene) -> None:
    scene.codes[Service.S3] = "timeout"
    scene.run(45)
    scene.now += timedelta(seconds=60)
    scene.collector.lease.drop()
    scene.collector = scene.another()
    scene.run(30)
    assert scene.incidents() == [("s3", "unhealthy", True)]


def test_the_networks_incident_ends_with_a_long_stop_too(scene: Scene) -> None:
    scene.codes = dict.fromkeys(Service, "dns")
    scene.run(45)
    assert scene.incidents() == [("network", "unhealthy", True)]
    scene.collector.lease.drop()
    scene.now += timedelta(hours=8)
    scene.collector = scene.another()
    scene.codes = dict.fromkeys(Service, "ok")
    scene.run(60)
    found = one_incident(scene)
    assert (found.scope, found.unwatched) == ("network", True)
    assert found.closed_at is not None
    assert found.closed_at < START + timedelta(minutes=3)


class TestAllAtOnce:
    """The monitor's own network, though not every service is asked at the same pace."""

    def test_a_service_that_only_people_check_does_not_hide_it(
        self, store: Store, settings_for: Callable[..., Any]
    ) -> None:
        scene = Scene(store, settings_for, MONITOR_CHECK_DATABASE_SECONDS="0")
        scene.run(5)
        scene.collector.monitor.checks.start([Service.DATABASE], force=True)
        scene.run(60)
        scene.codes = dict.fromkeys(Service, "timeout")
        scene.run(100)
        assert scene.incidents() == [("network", "unhealthy", True)]

    def test_a_slow_pace_does_not_hide_it(self, store: Store, settings_for: Callable[..., Any]) -> None:
        scene = Scene(store, settings_for, MONITOR_CHECK_DATABASE_SECONDS="300")
        scene.run(31)
        scene.codes = dict.fromkeys(Service, "timeout")
        scene.run(300)
        assert scene.incidents() == [("network", "unhealthy", True)]
        assert one_incident(scene).parts == 5

    def test_one_that_was_down_before_does_not_hide_it_and_keeps_its_own(self, scene: Scene) -> None:
        scene.run(40)
        scene.codes[Service.S3] = "timeout"
        scene.run(200)
        scene.codes = dict.fromkeys(Service, "timeout")
        scene.run(60)
        assert sorted(scene.incidents()) == [("network", "unhealthy", True), ("s3", "unhealthy", True)]
        scene.codes = {**dict.fromkeys(Service, "ok"), Service.S3: "timeout"}
        scene.run(60)
        assert sorted(scene.incidents()) == [("network", "unhealthy", False), ("s3", "unhealthy", True)]

    def test_what_fails_one_after_another_is_not_the_network(self, scene: Scene) -> None:
        for services in ([Service.S3], [Service.CLERK], [Service.RESEND, Service.INNGEST], [Service.DATABASE]):
            scene.codes |= dict.fromkeys(services, "timeout")
            scene.run(200)
        assert "network" not in [scope for scope, _, _ in scene.incidents()]


@pytest.mark.parametrize("ahead_s", [1, 3, 5])
def test_a_result_of_a_clock_that_is_a_little_ahead_counts_once(store: Store, ahead_s: int) -> None:
    def judge(seconds: int) -> Watched:
        with store.connection() as conn:
            (watched,) = advance(
                conn, [Service.S3], START + timedelta(seconds=seconds), bad_limit=2, good_limit=2, reach_s=REACH_S
            )
        return watched

    with store.connection() as conn:
        at = START + timedelta(seconds=ahead_s)
        conn.execute("insert into health_checks values ('s3', %s, 'unhealthy', 'x', 5, 'm')", (at,))
    assert [judge(seconds).bad for seconds in range(8)] == [1] * 8
    assert get_incidents(store, START - timedelta(days=1)) == ()
