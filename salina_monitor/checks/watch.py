"""Checks for somebody who cannot wait: start them, look now and then, see each result once it is there."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthCheckResult, Service

BLINK_S = 0.2


class HealthWatch:
    """A CheckRunner that is never waited for. Every method returns at once, but `wait`."""

    def __init__(self, runner: CheckRunner) -> None:
        self._runner = runner
        self._changed = threading.Condition()
        self._pending: Counter[Service] = Counter()
        self._since: dict[Service, float] = {}
        self._told: dict[Service, datetime] = {}
        self._listeners: list[Callable[[HealthCheckResult], None]] = []

    def listen(self, found: Callable[[HealthCheckResult], None]) -> None:
        """Have `found` called with every new result of this watch, by the thread that waited for it."""
        with self._changed:
            self._listeners.append(found)

    def start(self, services: Sequence[Service] = tuple(Service), *, force: bool = False) -> None:
        """Ask these services; a probe in flight is shared, and without `force` a young result is kept."""
        with self._changed:
            for service in services:
                if self._pending[service] <= 0:
                    self._since[service] = time.monotonic()
            self._pending.update(services)
        results = self._runner.iter(force=force, services=services)
        threading.Thread(target=self._collect, args=(results, services), name="health-watch", daemon=True).start()

    def _collect(self, results: Iterator[HealthCheckResult], services: Sequence[Service]) -> None:
        left = set(services)
        try:
            for result in results:
                left.discard(result.service)
                self._tell(result)
                self._done(result.service)
        finally:
            self._done(*left)

    def _tell(self, result: HealthCheckResult) -> None:
        # A result that is young enough is taken as it is, and two who wait for one probe get it both: told once.
        with self._changed:
            if self._told.get(result.service) == result.checked_at:
                return
            self._told[result.service] = result.checked_at
            listeners = list(self._listeners)
        for found in listeners:
            found(result)

    def _done(self, *services: Service) -> None:
        with self._changed:
            self._pending.subtract(services)
            self._changed.notify_all()

    def latest(self, service: Service) -> HealthCheckResult | None:
        """The last result that ended; None before the first."""
        return self._runner.latest(service)

    def is_running(self, service: Service) -> bool:
        """Whether an answer of this service is being waited for; never longer than 5.0 s."""
        with self._changed:
            return self._pending[service] > 0

    def is_waiting(self, service: Service) -> bool:
        """Whether an answer is worth mentioning as awaited: there is none yet, or it takes longer than a blink."""
        with self._changed:
            if self._pending[service] <= 0:
                return False
            return self._runner.latest(service) is None or time.monotonic() - self._since[service] > BLINK_S

    def running(self) -> bool:
        """Whether any answer is being waited for."""
        with self._changed:
            return any(n > 0 for n in self._pending.values())

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is being waited for, at most `timeout_s` seconds; False when the time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: all(n <= 0 for n in self._pending.values()), timeout_s)
