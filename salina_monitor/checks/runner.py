"""Runs the checks: a daemon thread each, single flight, two deadlines, and the pace vendors can bear.

A probe ends by itself at the inner deadline and then has the specific message. Whoever waits stops at the
outer one, whatever the probe does. A probe in flight is joined, never doubled: by other sessions, by the
collector, and by the refresh after one that hung.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from salina_monitor.checks import clerk, database, inngest, resend, s3
from salina_monitor.checks.context import placeholders
from salina_monitor.checks.outcomes import OUTCOMES, Finding, found, message_of
from salina_monitor.models import HealthCheckResult, Service, utcnow
from salina_monitor.redact import Redactor
from salina_monitor.settings import Settings

OUTER_S = 5.0
INNER_S = 4.75
AUTOMATIC_EVERY_S = 10.0
FORCED_EVERY_S = 0.5
"""A forced refresh takes a result this young: twenty people pressing the button at once are one probe."""

Probe = Callable[[Settings, float], Finding]
PROBES: Mapping[Service, Probe] = {
    Service.DATABASE: database.probe,
    Service.CLERK: clerk.probe,
    Service.S3: s3.probe,
    Service.RESEND: resend.probe,
    Service.INNGEST: inngest.probe,
}
log = logging.getLogger(__name__)


class _Flight:
    """One probe under way and the queues of those who wait for it."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.waiting: list[queue.SimpleQueue[HealthCheckResult]] = []


class CheckRunner:
    """State of the checks of one process for one set of settings. Every method may be called by any thread.

    `probes`, `clock` (seconds, monotonic), `now` and the deadlines are parameters for tests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        probes: Mapping[Service, Probe] = PROBES,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utcnow,
        outer_s: float = OUTER_S,
        inner_s: float = INNER_S,
    ) -> None:
        self.settings = settings
        self._probes = probes
        self._clock = clock
        self._now = now
        self._outer_s = outer_s
        self._inner_s = inner_s
        self._redact = Redactor(settings.secrets())
        self._lock = threading.Lock()
        self._flights: dict[Service, _Flight] = {}
        self._latest: dict[Service, HealthCheckResult] = {}
        self._ended: dict[Service, float] = {}
        self._not_before: dict[Service, float] = {}

    def latest(self, service: Service) -> HealthCheckResult | None:
        """The last result that ended, of whatever age; None before the first."""
        with self._lock:
            return self._latest.get(service)

    def check(self, service: Service) -> HealthCheckResult:
        """Ask one service now (or join the probe in flight, or wait for Retry-After); at most 5.0 s."""
        return next(self._run([service], max_age_s=0.0))

    def run_all(self) -> dict[Service, HealthCheckResult]:
        """Ask all services at once; at most 5.0 s in all. In the order of `Service`."""
        results = {result.service: result for result in self._run(list(self._probes), max_age_s=0.0)}
        return {service: results[service] for service in Service if service in results}

    def iter(self, *, force: bool = False, services: Sequence[Service] | None = None) -> Iterator[HealthCheckResult]:
        """Yield each result as it ends; the probes start with the call, not with the first `next`.

        Without `force` a result younger than 10 s is taken as it is, with its `checked_at`.
        """
        max_age_s = FORCED_EVERY_S if force else AUTOMATIC_EVERY_S
        return self._run(list(services or self._probes), max_age_s=max_age_s)

    def _run(self, services: list[Service], *, max_age_s: float) -> Iterator[HealthCheckResult]:
        results: queue.SimpleQueue[HealthCheckResult] = queue.SimpleQueue()
        flights: dict[Service, _Flight] = {}
        ready: list[HealthCheckResult] = []
        for service in dict.fromkeys(services):
            found_or_flight = self._find_or_start(service, results, max_age_s)
            if isinstance(found_or_flight, HealthCheckResult):
                ready.append(found_or_flight)
            else:
                flights[service] = found_or_flight
        return self._collect(ready, flights, results)

    def _find_or_start(
        self, service: Service, results: queue.SimpleQueue[HealthCheckResult], max_age_s: float
    ) -> HealthCheckResult | _Flight:
        with self._lock:
            flight = self._flights.get(service)
            if flight is None:
                known, now = self._latest.get(service), self._clock()
                if known and (now - self._ended[service] < max_age_s or now < self._not_before.get(service, 0.0)):
                    return known
                flight = _Flight(now)
                threading.Thread(target=self._fly, args=(service, flight), name=f"check-{service}", daemon=True).start()
                self._flights[service] = flight  # it cannot have ended yet: ending needs the lock
            flight.waiting.append(results)
            return flight

    def _collect(
        self,
        ready: list[HealthCheckResult],
        flights: dict[Service, _Flight],
        results: queue.SimpleQueue[HealthCheckResult],
    ) -> Iterator[HealthCheckResult]:
        yield from ready
        while flights:
            # A flight that an earlier refresh started has used up part of its time, or all of it.
            first = min(flights, key=lambda service: flights[service].started)
            left = flights[first].started + self._outer_s - self._clock()
            try:
                result = results.get(timeout=max(left, 0.001))
            except queue.Empty:
                yield self._overdue(first, flights.pop(first))
            else:
                if flights.pop(result.service, None):
                    yield result

    def _overdue(self, service: Service, flight: _Flight) -> HealthCheckResult:
        elapsed_ms = round((self._clock() - flight.started) * 1000)
        result = self._result(service, found("timeout", elapsed_ms))
        with self._lock:
            if self._flights.get(service) is flight:
                self._latest[service] = result
                self._ended[service] = self._clock()
        return result

    def _fly(self, service: Service, flight: _Flight) -> None:
        finding = self._probe(service, flight)
        result = self._result(service, finding)
        with self._lock:
            ended = self._clock()
            self._latest[service], self._ended[service] = result, ended
            self._not_before[service] = ended + (finding.retry_after_s or 0.0)
            del self._flights[service]
            waiting = flight.waiting
        for results in waiting:
            results.put(result)

    def _probe(self, service: Service, flight: _Flight) -> Finding:
        try:
            finding = self._probes[service](self.settings, self._inner_s)
            message_of(finding, placeholders(service, self.settings))  # a gap in the table is a bug of the check too
        except Exception as error:  # noqa: BLE001 - a bug must not end as a service that is "checking" for ever
            log.error("check of %s failed: %s at %s", service.value, type(error).__name__, _places(error))
            return found("check_bug", self._ms_since(flight))
        late = self._clock() - flight.started > self._outer_s
        return found("timeout", self._ms_since(flight)) if late and finding.code in ("ok", "slow") else finding

    def _ms_since(self, flight: _Flight) -> int:
        return round((self._clock() - flight.started) * 1000)

    def _result(self, service: Service, finding: Finding) -> HealthCheckResult:
        outcome = OUTCOMES[finding.code]
        message = self._redact(message_of(finding, placeholders(service, self.settings)))
        return HealthCheckResult(service, outcome.status, finding.latency_ms, message, self._now(), finding.code)


def _places(error: BaseException) -> str:
    """Where it happened, without the exception's text and source lines: those may hold a secret."""
    return " < ".join(
        f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[::-1]
    )
