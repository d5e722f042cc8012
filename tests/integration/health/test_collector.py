"""The collector with a clock of the test: one at a time, what it asks when, incidents, faults, other clocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions.incidents import acknowledge, add_note
from salina_monitor.activity import Entry, Kind, Origin, record
from salina_monitor.checks import CheckRunner
from salina_monitor.checks.outcomes import found
from salina_monitor.checks.watch import HealthWatch
from salina_monitor.collector import Collector
from salina_monitor.health import Lease, get_incidents, get_uptime, read_collector
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import Mirror
from salina_monitor.models import HealthCheckResult, HealthStatus, Role, Service, User
from salina_monitor.monitor import Monitor
from salina_monitor.parts import quarters
from salina_monitor.queries import JobSource
from salina_monitor.store import Store, StoreError, StoreUnavailable
from tests.bench.data import fill
from tests.support.fake_client import FakeClient

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Scene:
    """A collector of played services; `run` lets seconds pass."""

    def __init__(self, store: Store, settings_for: Callable[..., Any], **env: str) -> None:
        self.store, self.settings = store, settings_for(**env)
        self.now, self.seconds = START, 0.0
        self.codes = dict.fromkeys(Service, "ok")
        self.asked: list[Service] = []
        self.syncs = 0
        self.collector = self.another()

    def another(self) -> Collector:
        """A process of its own on the same store."""
        probes = {service: self._probe(service) for service in Service}
        runner = CheckRunner(self.settings, probes=probes, clock=lambda: self.seconds, now=lambda: self.now)
        client: Any = FakeClient(now=START)
        mirror = Mirror(self.store, client, self.settings)
        mirror.request = self._sync  # type: ignore[method-assign]
        monitor = Monitor(
            self.settings, self.store, client, mirror, JobSource(self.store, JobTypes.of(self.settings), client),
            HealthWatch(runner),
        )  # fmt: skip
        return Collector(
            monitor, Lease(self.store), clock=lambda: self.seconds, now=lambda: self.now, jitter=lambda: 1.0
        )

    def _probe(self, service: Service) -> Any:
        facts = {"said": "primary", "detail": "words", "http": 401, "missing": "X"}

        def probe(settings: Any, limit_s: float) -> Any:
            self.asked.append(service)
            return found(self.codes[service], 12, **facts)

        return probe

    def _sync(self) -> int:
        self.syncs += 1
        return self.syncs

    def run(self, seconds: int, collector: Collector | None = None) -> None:
        """That many rounds of a second."""
        for _ in range(seconds):
            (collector or self.collector).round()
            (collector or self.collector).monitor.checks.wait(5)
            self.seconds += 1
            self.now += timedelta(seconds=1)

    def incidents(self) -> list[tuple[str, str, bool]]:
        return [(i.scope, i.worst, i.closed_at is None) for i in get_incidents(self.store, START - timedelta(days=1))]

    def results(self) -> int:
        with self.store.connection() as conn:
            row = conn.execute("select count(*) as n from health_checks").fetchone()
        assert row is not None
        return int(row["n"])


@pytest.fixture
def scene(store: Store, settings_for: Callable[..., Any]) -> Scene:
    return Scene(store, settings_for)


def test_it_reads_and_checks_at_its_pace_and_keeps_every_result(scene: Scene) -> None:
    scene.run(122)
    assert scene.syncs == 9, "every 15 s"
    assert {service: scene.asked.count(service) for service in Service} == dict.fromkeys(Service, 5), "every 30 s"
    assert scene.results() == 25
    state = read_collector(scene.store)
    assert (state.held, state.stands_still, state.errors) == (True, False, 0)
    assert state.cycles > 100


def test_it_owns_up_to_what_a_killed_process_never_told(scene: Scene) -> None:
    with scene.store.connection() as conn:
        record(conn, Entry(Kind.RERUN_ASKED, Origin("ada"), "LOST"), asked := START - timedelta(hours=3))
    scene.run(2)
    with scene.store.connection() as conn:
        rows = conn.execute("select kind, who, target, outcome, at from activity where kind = 'rerun'").fetchall()
    assert rows == [{"kind": "rerun", "who": "ada", "target": "LOST", "outcome": "unconfirmed", "at": asked}]


def test_each_service_has_its_own_pace_or_none(store: Store, settings_for: Callable[..., Any]) -> None:
    scene = Scene(
        store,
        settings_for,
        MONITOR_CHECK_DATABASE_SECONDS="0",
        MONITOR_CHECK_S3_SECONDS="60",
        MONITOR_SYNC_SECONDS="60",
    )
    scene.run(122)
    assert scene.asked.count(Service.DATABASE) == 0
    assert scene.asked.count(Service.S3) == 3
    assert scene.asked.count(Service.CLERK) == 5
    assert scene.syncs == 3


def test_two_bad_checks_open_an_incident_and_two_good_ones_close_it(scene: Scene) -> None:
    scene.run(32)
    scene.codes[Service.S3] = "timeout"
    scene.run(30)
    assert scene.incidents() == [], "one bad check is none yet"
    scene.run(8)
    assert scene.incidents() == []
    scene.run(5)
    assert scene.incidents() == [("s3", "unhealthy", True)], "a suspicion is looked into after 10 s"
    scene.codes[Service.S3] = "ok"
    scene.run(30)
    assert scene.incidents() == [("s3", "unhealthy", True)]
    scene.run(30)
    assert scene.incidents() == [("s3", "unhealthy", False)]
    (incident,) = get_incidents(scene.store, START)
    assert incident.closed_at is not None
    assert timedelta(seconds=40) <= incident.closed_at - incident.opened_at <= timedelta(seconds=100)


def test_flapping_is_one_incident(scene: Scene) -> None:
    for turn in range(8):
        scene.codes[Service.S3] = "ok" if turn % 3 == 2 else "timeout"
        scene.run(30)
    assert scene.incidents() == [("s3", "unhealthy", True)]


def test_all_at_once_is_one_incident_of_the_network_and_what_stays_is_the_services_own(scene: Scene) -> None:
    scene.run(32)
    scene.codes = dict.fromkeys(Service, "dns")
    scene.run(75)
    assert scene.incidents() == [("network", "unhealthy", True)]
    (incident,) = get_incidents(scene.store, START)
    assert incident.parts == 5
    scene.codes = {**dict.fromkeys(Service, "ok"), Service.S3: "timeout"}
    scene.run(75)
    assert sorted(scene.incidents()) == [("network", "unhealthy", False), ("s3", "unhealthy", True)]


def test_a_restart_at_any_moment_neither_repeats_nor_forgets(scene: Scene) -> None:
    for turn in range(12):
        scene.codes[Service.S3] = "timeout" if 3 <= turn < 8 else "ok"
        scene.run(20)
        scene.collector.lease.drop()
        scene.collector = scene.another()  # a new process that knows nothing but the store
    assert scene.incidents() == [("s3", "unhealthy", False)]


def test_one_of_two_collects_and_the_other_takes_over_when_it_is_gone(scene: Scene) -> None:
    second = scene.another()
    scene.run(5)
    scene.run(40, second)
    assert (scene.syncs, second.lease.fence) == (1, None)
    with scene.store.connection() as conn:  # kill -9: the lease runs out by the store's clock
        conn.execute("update collector_state set lease_until = now() - interval '1 second'")
    scene.run(2, second)
    assert second.lease.fence == 2
    assert scene.syncs == 2


def test_who_slept_through_the_lease_writes_nothing(scene: Scene) -> None:
    scene.run(32)
    sleeper, awake = scene.collector, scene.another()
    with scene.store.connection() as conn:
        conn.execute("update collector_state set lease_until = now() - interval '1 second'")
    scene.run(1, awake)
    sleeper._due["lease"] = scene.seconds + 100  # it still believes
    scene.codes[Service.S3] = "timeout"
    sleeper._due["judge"] = 0
    sleeper.round()
    assert sleeper.lease.fence is None
    with scene.store.connection() as conn:
        row = conn.execute("select owner from collector_state").fetchone()
    assert row is not None
    assert row["owner"] == awake.lease.owner


def test_one_that_froze_while_it_wrote_holds_nobody_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salina_monitor.store.store.IDLE_TIMEOUT_S", 0.3)
    frozen, other = scene.collector.lease, scene.another().lease
    frozen.lease_s = 0.1
    assert frozen.take()

    def freeze() -> None:
        with scene.store.connection() as conn:
            frozen.hold(conn)
            time.sleep(0.15)
            assert other.take(), "the row is free again once the frozen transaction was ended"
            frozen.hold(conn)

    with pytest.raises(StoreError):
        freeze()


def test_a_store_that_is_away_ends_nothing_and_nothing_is_lost(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.run(32)
    before = scene.results()

    def away(*args: object, **more: object) -> None:
        from salina_monitor.store import StoreUnavailable

        raise StoreUnavailable("store_lost", "The connection to the store was lost. Try again.")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "connection", away)
        patched.setattr(scene.collector.lease, "fence", 1)
        scene.run(5)
        scene.collector.monitor.checks.start(force=True)
        scene.collector.monitor.checks.wait(5)
        scene.run(5)
    scene.run(32)
    assert scene.results() > before + 5


@contextmanager
def away() -> Iterator[None]:
    """The store is gone for everybody."""

    def gone(*args: object, **more: object) -> None:
        raise StoreUnavailable("store_lost", "The connection to the store was lost. Try again.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "connection", gone)
        yield


def test_while_the_store_is_away_it_goes_on_to_check_and_all_of_it_reaches_the_bars(scene: Scene) -> None:
    scene.run(32)
    scene.codes[Service.S3] = "timeout"
    with away():
        scene.run(360)
        asked = scene.asked.count(Service.CLERK)
        assert asked >= 13, "every 30 s"
        for _ in range(9):  # three hours more
            scene.now += timedelta(minutes=20)
            scene.collector.monitor.checks.start(force=True)
            scene.run(1)
    scene.run(2)
    (uptime,) = (u for u in get_uptime(scene.store, quarters(scene.now, 14)) if u.service is Service.S3)
    down = [round(part.down_s) for part in uptime.parts]
    assert sum(down[:3]) >= 300, "three hours ago"


def test_who_kept_late_results_sees_to_the_bars_though_another_collects_now(scene: Scene) -> None:
    scene.run(32)
    with away():
        scene.run(60)
        scene.now += timedelta(hours=3)
    with scene.store.connection() as conn:
        conn.execute("update collector_state set lease_until = now() - interval '1 second'")
    scene.run(1, scene.another())
    scene.collector.lease.fence = None
    scene.run(1)
    assert scene.collector.lease.fence is None
    (uptime,) = (u for u in get_uptime(scene.store, quarters(scene.now, 14)) if u.service is Service.S3)
    assert round(sum(part.up_s for part in uptime.parts)) >= 90


@pytest.mark.parametrize("words", ["a\x00b", "\ud800"])
def test_a_result_that_no_database_takes_holds_nothing_up(
    scene: Scene, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene.run(2)
    kept = scene.collector.history
    for second in range(3):
        at = scene.now + timedelta(milliseconds=second)
        kept.found(HealthCheckResult(Service.S3, HealthStatus.UNHEALTHY, 5, words if second == 1 else "x", at, "http"))
    before, asked = scene.results(), len(scene.asked)
    scene.run(32)
    assert scene.results() == before + 2 + 5
    assert len(scene.asked) > asked
    assert "a result of s3 (http) cannot be kept" in caplog.text


def test_an_unexpected_error_is_kept_for_people_and_ends_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("salina_monitor.collector.advance", broken)
        scene.run(12)
    state = read_collector(scene.store)
    assert state.errors > 0
    assert state.error_message == "The collector met an error of the monitor; see its log."
    scene.run(32)
    assert scene.results() >= 5


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_jumps_blinds_nobody(scene: Scene, hours: int) -> None:
    scene.run(32)
    scene.now += timedelta(hours=hours)
    scene.codes[Service.S3] = "timeout"
    scene.run(100)
    assert ("s3", "unhealthy", True) in [
        (i.scope, i.worst, i.closed_at is None) for i in get_incidents(scene.store, START - timedelta(days=1))
    ]


def test_a_collector_without_a_round_stands_still(scene: Scene) -> None:
    assert read_collector(scene.store).age is None
    scene.run(10)
    with scene.store.connection() as conn:
        conn.execute("update collector_state set cycle_at = now() - interval '91 seconds'")
    assert read_collector(scene.store).stands_still


def test_it_ends_when_told_and_lets_another_begin_at_once(scene: Scene) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=scene.collector.run, args=(stopping,))
    thread.start()
    stopping.wait(0.3)
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()
    assert scene.another().lease.take()


class TestPeople:
    """What people do about incidents."""

    @pytest.fixture
    def opened(self, scene: Scene) -> int:
        scene.run(32)
        scene.codes[Service.S3] = "timeout"
        scene.run(61)
        (incident,) = get_incidents(scene.store, START)
        return incident.id

    def actor(self, role: Role = Role.ADMIN, tenant: str | None = None) -> Actor:
        return Actor(User("ada", role, tenant=tenant), 1, "192.0.2.7")

    def test_one_looks_after_it_and_notes_are_kept_with_names(
        self, scene: Scene, opened: int, settings_for: Callable[..., Any]
    ) -> None:
        activity = Accounts.over(scene.store, settings_for(MONITOR_BCRYPT_COST="4")).activity
        assert acknowledge(self.actor(), activity, scene.store, opened)
        assert not acknowledge(self.actor(Role.OWNER), activity, scene.store, opened)
        assert add_note(self.actor(), activity, scene.store, opened, " AWS says so too ")
        assert not add_note(self.actor(), activity, scene.store, opened, "  ")
        assert not add_note(self.actor(), activity, scene.store, 999, "x")
        (incident,) = get_incidents(scene.store, START)
        assert incident.acknowledged_by == "ada"
        assert [(note.who, note.text) for note in incident.notes] == [("ada", "AWS says so too")]

    @pytest.mark.parametrize(("role", "tenant"), [(Role.EDITOR, None), (Role.ADMIN, "acme")])
    def test_without_the_right_nothing_is_kept(
        self, scene: Scene, opened: int, settings_for: Callable[..., Any], role: Role, tenant: str | None
    ) -> None:
        activity = Accounts.over(scene.store, settings_for(MONITOR_BCRYPT_COST="4")).activity
        for ask in (
            lambda: acknowledge(self.actor(role, tenant), activity, scene.store, opened),
            lambda: add_note(self.actor(role, tenant), activity, scene.store, opened, "x"),
        ):
            with pytest.raises(Denied):
                ask()


def test_what_is_old_is_forgotten_in_small_helpings_while_the_rounds_go_on(scene: Scene, monkeypatch: Any) -> None:
    monkeypatch.setattr("salina_monitor.collector.PRUNE_BUDGET_S", 0.0)  # one batch a helping
    fill(scene.store, 600, days=1, active=0)
    with scene.store.connection() as conn:
        conn.execute(
            "update runs set ended_at = ended_at - interval '500 days', queued_at = queued_at - interval '500 days'"
        )
    scene.collector.retention.at_once = 100
    scene.run(2)
    left = "select count(*) as n from runs"
    with scene.store.connection() as conn:
        assert conn.execute(left).fetchone() == {"n": 600}  # texts go first
    before = len(scene.asked)
    scene.run(120)
    with scene.store.connection() as conn:
        assert conn.execute(left).fetchone() == {"n": 0}
        old = "select count(*) as n from run_counts where bucket < '2026-01-01'"
        assert conn.execute(old).fetchone() == {"n": 0}
    assert len(scene.asked) > before
