"""What another machine may measure, as Prometheus text. Everything comes from the store and from last results.

Nothing is asked of a service or of Inngest for it. What is not known is left out: a missing series is "not measured",
never zero. A text is kept for some seconds, so that many who ask cost what one costs.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from salina_monitor.health import CollectorState, read_collector
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import MirrorState, read_state
from salina_monitor.models import HealthStatus, JobStatus, Service, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.store import StoreError, load_sql

SQL = load_sql("metrics")
KEPT_S = 5.0
STATEMENT_S = 2.0
DAY = timedelta(hours=24)
LEAST_REACH_S = 300.0
"""A result speaks for so long at least; then nobody watches the service, and its series end."""
REACH = 3
STATES = (HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.UNHEALTHY, HealthStatus.NOT_CONFIGURED)
ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
PREFIX = "salina_monitor_"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store says at one moment."""

    mirror: MirrorState
    collector: CollectorState
    health: dict[str, dict[str, Any]]
    active: list[dict[str, Any]]
    ended: list[dict[str, Any]]
    incidents: int
    sessions: int


def read_facts(monitor: Monitor, now: datetime) -> Facts:
    """Six small statements. Raises StoreError."""
    mirror, collector = read_state(monitor.store), read_collector(monitor.store)
    idle = timedelta(minutes=int(monitor.settings.monitor_session_idle_minutes))
    at = mirror.as_of.server_at or mirror.as_of.at or now
    with monitor.store.connection(statement_timeout_s=STATEMENT_S) as conn:
        health = conn.execute(SQL["health"], {"services": [service.value for service in Service]}).fetchall()
        active = conn.execute(SQL["active"], {"seq": mirror.as_of.seq}).fetchall()
        ended = conn.execute(SQL["ended"], {"since": at - DAY}).fetchall()
        incidents = conn.execute(SQL["incidents"]).fetchone()
        sessions = conn.execute(SQL["sessions"], {"now": now, "idle_since": now - idle}).fetchone()
    assert incidents is not None
    assert sessions is not None
    by_service = {row["service"]: row for row in health}
    return Facts(mirror, collector, by_service, active, ended, incidents["n"], sessions["n"])


class _Families(Collector):
    """The series of one monitor, made anew each time they are asked for."""

    def __init__(self, monitor: Monitor, now: Callable[[], datetime]) -> None:
        self._monitor = monitor
        self._now = now

    def describe(self) -> Iterator[Metric]:
        """Nothing: naming the series in advance would ask the store."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        now = self._now()
        try:
            facts = read_facts(self._monitor, now)
        except StoreError:
            yield _gauge("store_up", "1 while the monitor's own database answers.", 0)
            return
        yield _gauge("store_up", "1 while the monitor's own database answers.", 1)
        yield from self._services(facts)
        if facts.mirror.as_of.at is not None:
            yield from self._jobs(facts, now)
        yield from _mirror(facts.mirror, now)
        yield from _collector(facts.collector)
        if facts.collector.cycle_at is not None:
            yield _gauge("incidents_open", "Incidents that are open.", facts.incidents)
        yield _gauge("sessions", "People's sessions that have not ended.", facts.sessions)
        yield _counter("inngest_requests", "Requests to Inngest sent by this process.", self._monitor.client.requests)

    def _services(self, facts: Facts) -> Iterator[Metric]:
        name = f"{PREFIX}service_state"
        state = GaugeMetricFamily(
            name, "1 for the state a service is in, 0 for the others.", labels=("service", "state")
        )
        latency = GaugeMetricFamily(
            f"{PREFIX}service_latency_seconds", "How long the last check took.", labels=("service",)
        )
        age = GaugeMetricFamily(f"{PREFIX}service_check_age_seconds", "Age of the last check.", labels=("service",))
        for service in Service:
            found = self._state(service, facts.health.get(service.value))
            if found is None:
                continue
            for one in STATES:
                state.add_metric((service.value, one.value), float(found == one.value))
            row = facts.health.get(service.value)
            if row is None or found == HealthStatus.NOT_CONFIGURED.value:
                continue
            age.add_metric((service.value,), max(0.0, row["age_s"]))
            if row["latency_ms"] is not None:
                latency.add_metric((service.value,), row["latency_ms"] / 1000)
        yield from (state, latency, age)

    def _state(self, service: Service, row: dict[str, Any] | None) -> str | None:
        """The state a service is in; None while nobody knows."""
        latest = self._monitor.checks.latest(service)
        if latest is not None and latest.status is HealthStatus.NOT_CONFIGURED:
            return HealthStatus.NOT_CONFIGURED.value
        settings = self._monitor.settings
        every = settings.check_seconds(service.value) or int(settings.monitor_check_seconds)
        if row is None or row["age_s"] > max(LEAST_REACH_S, REACH * every):
            return None
        return str(row["status"])

    def _jobs(self, facts: Facts, now: datetime) -> Iterator[Metric]:
        types = JobTypes.of(self._monitor.settings)
        active = Counter[tuple[str, str]]()
        for row in facts.active:
            status = JobStatus.RUNNING if row["running"] else JobStatus.QUEUED
            active[types.type_of(row["function_id"]), status.value] += row["n"]
        ended = Counter[tuple[str, str]]()
        for row in facts.ended:
            ended[types.type_of(row["function_id"]), row["status"]] += row["n"]
        names = sorted({name for name, _ in (*active, *ended)} | set(types.labels()))
        runs = GaugeMetricFamily(f"{PREFIX}runs", "Jobs that wait or run now.", labels=("type", "status"))
        day = GaugeMetricFamily(
            f"{PREFIX}runs_ended_24h", "Jobs that ended in the last 24 hours.", labels=("type", "status")
        )
        for name in names:
            for status in (JobStatus.QUEUED, JobStatus.RUNNING):
                runs.add_metric((name, status.value), active[name, status.value])
            for status in ENDED:
                day.add_metric((name, status.value), ended[name, status.value])
        yield runs
        if not facts.mirror.filling:  # of a history that is still being read the numbers would be too small
            yield day
        waiting = [row["oldest"] for row in facts.active if not row["running"]]
        if waiting:
            at = now + facts.mirror.skew
            oldest = max(0.0, (at - min(waiting)).total_seconds())
            yield _gauge("queue_oldest_seconds", "For how long the oldest queued job has been waiting.", oldest)


def _mirror(state: MirrorState, now: datetime) -> Iterator[Metric]:
    if state.as_of.at is not None:
        lag = max(0.0, (now - state.as_of.at).total_seconds())
        yield _gauge("mirror_lag_seconds", "Age of what is known of the jobs.", lag)
    if state.attempted_at is not None:
        failed = float(state.problem is not None)
        yield _gauge("mirror_failed", "1 when the last attempt to read from Inngest failed.", failed)


def _collector(state: CollectorState) -> Iterator[Metric]:
    yield _gauge("collector_held", "1 while a process has the right to collect.", float(state.held))
    if state.age is not None:
        age = max(0.0, state.age.total_seconds())
        yield _gauge("collector_round_age_seconds", "Age of the collector's last round.", age)
    if state.cycle_ms is not None:
        yield _gauge("collector_round_seconds", "How long that round took.", state.cycle_ms / 1000)
    yield _counter("collector_rounds", "Rounds of the collector, whichever process it was.", state.cycles)
    yield _counter("collector_errors", "Rounds that met an error.", state.errors)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, help_, value=value)


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, help_, value=value)


@dataclass
class Metrics:
    """The text of one monitor, kept for `KEPT_S`. One thread makes it; others get the one before, if there is one."""

    monitor: Monitor
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utcnow
    _text: bytes = b""
    _until: float = -1.0
    _making: threading.Lock = field(default_factory=threading.Lock)

    def text(self) -> bytes:
        """Prometheus text, some seconds old at most unless the store is slow."""
        if self.clock() < self._until:
            return self._text
        if not self._making.acquire(blocking=not self._text):
            return self._text
        try:
            if self.clock() >= self._until:
                registry = CollectorRegistry(auto_describe=False)
                registry.register(_Families(self.monitor, self.now))
                self._text = generate_latest(registry)
                self._until = self.clock() + KEPT_S
            return self._text
        finally:
            self._making.release()


_lock = threading.Lock()
_current: Metrics | None = None


def of(monitor: Monitor) -> Metrics:
    """The process's one text of this monitor."""
    global _current
    with _lock:
        if _current is None or _current.monitor is not monitor:
            _current = Metrics(monitor)
        return _current
