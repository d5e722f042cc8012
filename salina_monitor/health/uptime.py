"""How long each service was up, degraded or down; what went wrong and when. What nobody watched is neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from salina_monitor.coincidence import Trouble
from salina_monitor.health.lease import SQL
from salina_monitor.models import HealthStatus, Service
from salina_monitor.store import Store

EXACT = timedelta(days=7, hours=1)
"""Latencies of ranges up to this come from the results themselves."""


@dataclass(frozen=True, slots=True)
class Part:
    """Seconds of one stretch; what is missing to its length was not watched."""

    up_s: float = 0.0
    degraded_s: float = 0.0
    down_s: float = 0.0

    @property
    def watched_s(self) -> float:
        return self.up_s + self.degraded_s + self.down_s

    def __add__(self, other: Part) -> Part:
        return Part(self.up_s + other.up_s, self.degraded_s + other.degraded_s, self.down_s + other.down_s)


@dataclass(frozen=True, slots=True)
class Uptime:
    """One service over a range: `parts[i]` from `edges[i]` until before `edges[i + 1]`; latencies of `n` answers."""

    service: Service
    edges: tuple[datetime, ...]
    parts: tuple[Part, ...]
    n: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None

    @property
    def whole(self) -> Part:
        return sum(self.parts, Part())


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote to an incident."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Trouble of one service (`scope`), or of all `parts` at once (`network`); open without `closed_at`."""

    id: int
    scope: str
    opened_at: datetime
    closed_at: datetime | None
    worst: str
    code: str
    message: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    parts: int
    notes: tuple[Note, ...] = ()
    unwatched: bool = False
    """It ended because nobody watched any more."""

    @property
    def trouble(self) -> Trouble | None:
        """The same as the trouble of a service; None of the monitor's own network, which tells nothing about jobs."""
        if self.scope not in {service.value for service in Service}:
            return None
        return Trouble(self.id, Service(self.scope), self.worst, self.opened_at, self.closed_at)


def get_uptime(store: Store, edges: Sequence[datetime]) -> tuple[Uptime, ...]:
    """Every service over the parts between `edges`, in the order of `Service`. Raises StoreError."""
    values: dict[str, Any] = {"edges": list(edges), "first": edges[0], "last": edges[-1]}
    exact = edges[-1] - edges[0] <= EXACT
    with store.connection() as conn:
        rows = conn.execute(SQL["parts_of"], values).fetchall()
        latency = {r["service"]: r for r in conn.execute(SQL["latency_of" if exact else "latency_of_days"], values)}
    found = []
    for service in Service:
        parts = [Part()] * (len(edges) - 1)
        for row in rows:
            if row["service"] == service.value:
                parts[row["part"] - 1] = Part(row["up_s"], row["degraded_s"], row["down_s"])
        known = latency.get(service.value, {})
        found.append(
            Uptime(
                service, tuple(edges), tuple(parts), int(known.get("n", 0)), known.get("p50_ms"), known.get("p95_ms")
            )
        )
    return tuple(found)


def get_incidents(store: Store, since: datetime, limit: int = 50) -> tuple[Incident, ...]:
    """Open incidents first, then those that ended since then, newest first. Raises StoreError."""
    return count_incidents(store, since, limit)[0]


def count_incidents(store: Store, since: datetime, limit: int = 50) -> tuple[tuple[Incident, ...], int]:
    """The same, and how many there are in all. Raises StoreError."""
    with store.connection() as conn:
        rows = conn.execute(SQL["incidents_of"], {"since": since, "limit": limit}).fetchall()
        notes = conn.execute(SQL["notes_of"], {"ids": [row["id"] for row in rows]}).fetchall() if rows else []
    in_all = [row.pop("of_all") for row in rows]
    found = tuple(
        Incident(**row, notes=tuple(Note(n["at"], n["who"], n["text"]) for n in notes if n["incident_id"] == row["id"]))
        for row in rows
    )
    return found, in_all[0] if in_all else 0


def newest_results(store: Store) -> dict[Service, tuple[datetime, HealthStatus]]:
    """When each service was checked last and how it was, whichever process did. Raises StoreError."""
    with store.connection() as conn:
        rows = conn.execute(SQL["newest_results"], {"services": [service.value for service in Service]}).fetchall()
    return {Service(row["service"]): (row["at"], HealthStatus(row["status"])) for row in rows}
