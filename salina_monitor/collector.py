"""Watches while nobody looks: reads from Inngest, checks the services, keeps what was found, judges incidents, alerts.

One thread a process. Every process keeps the results of its own checks; the one that holds the lease also asks by
itself and judges. Nothing ends the loop but the end of the process: what goes wrong is written down, and the next
round tries again. Rounds are timed by a clock that no change of the wall clock moves.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from salina_monitor import monitor as monitors
from salina_monitor.accounts import AccountError
from salina_monitor.activity import own_up
from salina_monitor.alerts import Alerts
from salina_monitor.health import HealthHistory, Lease, LeaseGone, Watched, advance
from salina_monitor.health.lease import LEASE_S, SQL
from salina_monitor.inngest import InngestError
from salina_monitor.models import Service, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.retention import Retention
from salina_monitor.store import StoreError

log = logging.getLogger(__name__)
ROUND_S = 1.0
RENEW_S = 10.0
CONFIRM_S = 10.0
ROLL_UP_S = {"quarter": 15.0, "day": 300.0}
PRUNE_S = 3600.0
ALERT_S = 10.0
UNTOLD_S = 600.0
PRUNE_BUDGET_S = 0.5
PRUNE_AGAIN_S = 2.0
JITTER = 0.1
"""Rounds of several monitors, and of their vendors' other customers, must not fall into step."""
BEHIND = timedelta(hours=2)
"""So far back quarters are made anew: results of others may come late. Who writes older ones sees to theirs."""


@dataclass
class Collector:
    """Collecting for one monitor. `clock` (seconds, monotonic), `now` and `jitter` are parameters for tests."""

    monitor: Monitor
    lease: Lease
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utcnow
    jitter: Callable[[], float] = field(default=lambda: random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
    _due: dict[str, float] = field(default_factory=dict)
    _rounds: int = 0

    def __post_init__(self) -> None:
        self.history = HealthHistory(self.monitor.store, self.monitor.settings)
        self.alerts = Alerts(self.monitor.settings, self.monitor.store, self.monitor._everything)
        self.retention = Retention(self.monitor.store, self.monitor.settings, now=self.now)
        self.monitor.checks.listen(self.history.found)

    @classmethod
    def of(cls, monitor: Monitor) -> Collector:
        """The collector of a monitor."""
        return cls(monitor, Lease(monitor.store, lease_s=LEASE_S))

    def run(self, stopping: threading.Event) -> None:
        """Collect until told to stop. Never raises."""
        while not stopping.is_set():
            self.round()
            stopping.wait(ROUND_S)
        with suppress(StoreError):
            self.history.flush()
            self.lease.drop()

    def round(self) -> None:
        """One round: whatever is due. What goes wrong is kept for people to see. Never raises.

        While the store is away, the one that collected goes on to ask: what it finds waits in memory.
        """
        began = self.clock()
        written: int | None = None
        with self._careful():
            written = self.history.flush()
            self.history.catch_up(self.now(), BEHIND)
        with self._careful():
            if self._is_due("lease", RENEW_S) or self.lease.fence is None:
                self.lease.take()
        if self.lease.fence is None:
            return
        with self._careful():
            self._ask()
            if written is None:  # whoever judged now would not know what was found
                return
            self._keep(written)
            self._rounds += 1
            if self._is_due("state", RENEW_S / 2):
                self._save(round((self.clock() - began) * 1000))

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except LeaseGone:
            log.info("another process collects now")
        except (StoreError, InngestError) as error:
            log.warning("collecting failed for now: %s", error.code)
            self._remember(error.code, error.message)
        except Exception:
            log.exception("collecting failed unexpectedly")  # the thread must outlive a bug, or nobody watches
            self._remember("collector_bug", "The collector met an error of the monitor; see its log.")

    def _ask(self) -> None:
        settings = self.monitor.settings
        services = [
            service for service in Service
            if (every := settings.check_seconds(service.value)) and self._is_due(service.value, float(every))
        ]  # fmt: skip
        if services:
            self.monitor.checks.start(services)
        if self._is_due("sync", float(settings.monitor_sync_seconds)):
            self.monitor.mirror.request()

    def _keep(self, found: int) -> None:
        now = self.now()
        if found or self._is_due("judge", RENEW_S):
            with self.monitor.store.connection() as conn:
                self.lease.hold(conn)
                settings = self.monitor.settings
                bad, good = int(settings.monitor_incident_bad), int(settings.monitor_incident_good)
                reach_s = self.history.reach_s()
                watched = advance(conn, self._watched(), now, bad_limit=bad, good_limit=good, reach_s=reach_s)
            self._look_again(watched)
        for size, every_s in ROLL_UP_S.items():
            if self._is_due(f"roll_up_{size}", every_s):
                self.history.roll_up(now - BEHIND, now, [size])
        if self._is_due("prune", PRUNE_S):
            _, more = self.retention.prune(PRUNE_BUDGET_S)
            if more:  # the other rounds go on between two helpings
                self._due["prune"] = self.clock() + PRUNE_AGAIN_S
        if self._is_due("untold", UNTOLD_S):
            with self.monitor.store.connection() as conn:
                self.lease.hold(conn)
                if unknown := own_up(conn, now):
                    log.warning("the outcomes of %d actions died with their process", unknown)
        if self._is_due("alerts", ALERT_S):
            self.alerts.round(self.lease, now)
            self.alerts.send(self.monitor.background)

    def _look_again(self, watched: Sequence[Watched]) -> None:
        """Whether one bad result is the begin of trouble is not left open until the next check is due."""
        soon = self.clock() + CONFIRM_S * self.jitter()
        for one in watched:
            if one.suspected and one.service in self._due:
                self._due[one.service] = min(self._due[one.service], soon)

    def _watched(self) -> list[Service]:
        """All but those that are known not to be configured."""
        latest = {service: self.monitor.checks.latest(service) for service in Service}
        return [service for service, one in latest.items() if one is None or one.code != "not_configured"]

    def _is_due(self, what: str, every_s: float) -> bool:
        now = self.clock()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s * self.jitter()
        return True

    def _save(self, cycle_ms: int) -> None:
        values = {"owner": self.lease.owner, "fence": self.lease.fence, "cycle_ms": cycle_ms, "cycles": self._rounds}
        with self.monitor.store.connection() as conn:
            conn.execute(SQL["save_cycle"], values)
        self._rounds = 0

    def _remember(self, code: str, message: str) -> None:
        with suppress(StoreError), self.monitor.store.connection() as conn:  # the store itself may be what is away
            conn.execute(SQL["save_error"], {"code": code, "message": message})


RETRY_S = 5.0


def collect(stopping: threading.Event) -> None:
    """Collect for this process's monitor until told to stop, as soon as its store can be opened. Never raises."""
    while not stopping.is_set():
        try:
            collector = Collector.of(monitors.get())
        except (StoreError, AccountError) as error:
            log.warning("collecting waits for the store: %s", error)
            stopping.wait(RETRY_S)
            continue
        collector.run(stopping)
