"""Every result of a check is kept; quarters of an hour and days are made of them, over and over to the same effect."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from psycopg import DataError, IntegrityError
from psycopg.types.json import Jsonb

from salina_monitor.health.lease import SQL
from salina_monitor.models import HealthCheckResult, HealthStatus, Service, iso
from salina_monitor.settings import Settings
from salina_monitor.store import Store

log = logging.getLogger(__name__)
KEPT_IN_MEMORY = 5_000
"""Results that wait for a store that is away; then the oldest are given up."""
REACH = 3
"""A result speaks for so many intervals between two checks at most; then nobody watched."""
KNOWN = (HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.UNHEALTHY)
SIZES = {"quarter": timedelta(minutes=15), "day": timedelta(days=1)}


class HealthHistory:
    """The history of one store. `found` may be called by any thread; what it takes is written by `flush`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._waiting: deque[HealthCheckResult] = deque(maxlen=KEPT_IN_MEMORY)
        self._lock = Lock()
        self.late: datetime | None = None
        """The oldest result written since the last `catch_up`."""

    def found(self, result: HealthCheckResult) -> None:
        """Take a result; whatever was not measured (not configured, still running) is none."""
        if result.status in KNOWN:
            with self._lock:
                self._waiting.append(result)

    def flush(self) -> int:
        """Write what waits; how many. Raises StoreError, and then everything still waits.

        One that no database takes is given up, or all others would wait behind it for ever.
        """
        with self._lock:
            results = list(self._waiting)
        if not results:
            return 0
        rows = [
            {"service": r.service.value, "at": iso_exact(r.checked_at), "status": r.status.value, "code": r.code,
             "latency_ms": r.latency_ms, "message": r.message[:500]}
            for r in results
        ]  # fmt: skip
        self._write(rows)
        oldest = min(result.checked_at for result in results)
        self.late = min(self.late or oldest, oldest)
        written = {id(result) for result in results}  # alive until here, so no other has one of these
        with self._lock:
            # While it was written the oldest may have been given up: what came since then must not go in their place.
            while self._waiting and id(self._waiting[0]) in written:
                self._waiting.popleft()
        return len(results)

    def _write(self, rows: list[dict[str, Any]]) -> None:
        try:
            with self._store.connection() as conn:
                conn.execute(SQL["add_results"], {"rows": Jsonb(rows)})
        except (DataError, IntegrityError) as error:
            if len(rows) == 1:
                kind = type(error).__name__
                log.error("a result of %s (%s) cannot be kept: %s", rows[0]["service"], rows[0]["code"], kind)
                return
            half = len(rows) // 2
            self._write(rows[:half])
            self._write(rows[half:])

    def catch_up(self, now: datetime, behind: timedelta) -> None:
        """Make quarters and days anew from what was written later than `behind`. Raises StoreError."""
        if self.late is not None and self.late < now - behind:
            self.roll_up(self.late, now)
        self.late = None

    def roll_up(self, since: datetime, now: datetime, sizes: Iterable[str] = tuple(SIZES)) -> None:
        """Make quarters and days of everything from the quarter (day) of `since` on. Raises StoreError."""
        reach = self.reach_s()
        for size in sizes:
            length = SIZES[size]
            values = {
                "size": size, "since": _floor(since, length), "until": _floor(now, length) + length, "now": now,
                "services": [service.value for service in reach], "reach_s": list(reach.values()),
                "farthest_s": max(reach.values()),
            }  # fmt: skip
            bucket_of = "quarter_of" if size == "quarter" else "day_of"
            text = SQL["roll_up"].replace("{size}", SQL[size]).replace("{bucket_of}", bucket_of)
            with self._store.connection() as conn:
                conn.execute(text.encode(), values)

    def reach_s(self) -> Mapping[Service, float]:
        """For how many seconds a result of each service speaks at most."""
        return reach_s(self._settings)


def reach_s(settings: Settings) -> dict[Service, float]:
    """For how many seconds a result of each service speaks at most."""
    usual = int(settings.monitor_check_seconds)
    return {service: REACH * (settings.check_seconds(service.value) or usual) for service in Service}


def iso_exact(moment: datetime) -> str | None:
    """With microseconds: two results within a millisecond are two."""
    return iso(moment) and moment.isoformat()


def _floor(moment: datetime, size: timedelta) -> datetime:
    epoch = datetime(2000, 1, 1, tzinfo=moment.tzinfo)
    return epoch + (moment - epoch) // size * size
