"""How many jobs ended in each part of a range, by status or by tenant; and how long jobs usually take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from salina_monitor.models import NO_TENANT, AsOf, JobFilters, JobStatus
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("counts")
MOST_TENANTS = 8
OTHERS = ""
"""Key of all that is not of a tenant shown by name: further tenants, and jobs of none."""
SHOWN = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
Row = dict[str, Any]
_WEEK, _HALF, _SHORTEST = timedelta(days=7), timedelta(minutes=30), timedelta(microseconds=1)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Counts:
    """`series[key][i]` jobs ended from `edges[i]` until before `edges[i + 1]`."""

    edges: tuple[datetime, ...]
    series: dict[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        return sum(sum(one) for one in self.series.values())


@dataclass(frozen=True, slots=True)
class UsualTimes:
    """Usual wait and duration of one function in ms, of `n` jobs measured."""

    function_id: str
    n: int
    wait_p50_ms: int | None
    wait_p95_ms: int | None
    duration_p50_ms: int | None
    duration_p95_ms: int | None


def get_counts_by_status(
    edges: Sequence[datetime], filters: JobFilters, *, as_of: AsOf | None = None, source: JobSource | None = None
) -> Counts:
    """Ended jobs by status, of the filters' type and tenant (their other fields do not narrow). Raises StoreError."""
    asked = _Asked(edges, filters, as_of, source)
    with asked.source.store.connection() as conn:
        rows = asked.by_part(conn, [] if asked.tenant is None else [asked.tenant])
    return Counts(tuple(edges), {status.value: _series(rows, status.value, edges) for status in SHOWN})


def get_counts_by_tenant(
    edges: Sequence[datetime], filters: JobFilters, *, as_of: AsOf | None = None, source: JobSource | None = None
) -> Counts:
    """Ended jobs of the tenants that have most of them, and of all others together as `OTHERS`.

    Of the filters' type and status (of all statuses when it is none that ends), whatever their tenant.
    Raises StoreError.
    """
    asked = _Asked(edges, replace(filters, tenant=None), as_of, source)
    of = filters.status.value if filters.status in SHOWN else "n"
    with asked.source.store.connection() as conn:
        tenants = asked.top_tenants(conn, of) if asked.tenant is None else [asked.tenant]
        rows = asked.by_part(conn, tenants) if tenants else []
        every = asked.by_part(conn, []) if asked.tenant is None else []
    series = {tenant: _series([row for row in rows if row["tenant_id"] == tenant], of, edges) for tenant in tenants}
    if asked.tenant is None:
        whole = _series(every, of, edges)
        named = [sum(column) for column in zip(*series.values(), strict=True)] or [0] * len(whole)
        series[OTHERS] = tuple(max(0, all_ - n) for all_, n in zip(whole, named, strict=True))
    return Counts(tuple(edges), {tenant: counts for tenant, counts in series.items() if any(counts)})


def get_first_count(*, source: JobSource | None = None) -> datetime | None:
    """The quarter of an hour of the oldest ended job that is known; None without any. Raises StoreError."""
    source = source or current_source()
    table = "run_counts" if source.tenant is None else "run_counts_by_tenant"
    narrowed = SQL["anything" if source.tenant is None else "of_tenant"]
    text = SQL["first_count"].replace("{counts}", table).replace("{narrowed}", narrowed)
    with source.store.connection() as conn:
        row = conn.execute(text.encode(), {"tenant": source.tenant}).fetchone()
    found: datetime | None = row["at"] if row else None
    return found


def get_usual_times(*, as_of: AsOf | None = None, source: JobSource | None = None) -> dict[str, UsualTimes]:
    """Usual times by function id, where any job was measured. Raises StoreError."""
    source = source or current_source()
    as_of = as_of or source.state().as_of
    name = "usual_times" if source.tenant is None else "usual_times_of_tenant"
    values = {"scope": source.tenant, "since": source.now_at(as_of) - _WEEK}
    with source.store.connection() as conn:
        rows = conn.execute(SQL[name], values).fetchall()
    for row in rows:
        del row["computed_at"]
    return {row["function_id"]: UsualTimes(**row) for row in rows if row["n"]}


class _Asked:
    """One question: its source, parameters and predicates."""

    def __init__(
        self, edges: Sequence[datetime], filters: JobFilters, as_of: AsOf | None, source: JobSource | None
    ) -> None:
        self.source = source or current_source()
        as_of = as_of or self.source.state().as_of
        chosen = None if filters.tenant == NO_TENANT else filters.tenant
        self.tenant = chosen if self.source.tenant is None else self.source.tenant
        self._by_type = bool(filters.type)
        self._values: dict[str, Any] = {
            "edges": list(edges), "cut": _cut_halves(edges), "first": edges[0], "last": edges[-1],
            "seq": as_of.seq,
            "functions": list(self.source.types.functions_of(filters.type)) if filters.type else None,
        }  # fmt: skip

    def by_part(self, conn: Connection[Row], tenants: Sequence[str]) -> list[Row]:
        """Numbers of each part: of each of these tenants, or of everybody together where there is none."""
        predicates = (["of_tenants"] if tenants else []) + (["of_functions"] if self._by_type else [])
        parts = {
            "counted": SQL["quarters_of_tenants" if tenants and self._by_type else "halves"],
            "quarters": "run_counts_by_tenant" if tenants else "run_counts",
            "halves": "run_counts_by_tenant_half" if tenants else "run_counts_by_half",
            "of": SQL["each_tenant" if tenants else "all_together"],
            "narrowed": " and ".join(SQL[one] for one in predicates or ["anything"]),
        }
        return conn.execute(_filled("by_part", parts), {**self._values, "tenants": list(tenants)}).fetchall()

    def top_tenants(self, conn: Connection[Row], of: str) -> list[str]:
        """Who has most of a status, or of all (`n`)."""
        first, last = (_week(edge) for edge in (self._values["first"] + _WEEK - _SHORTEST, self._values["last"]))
        weeks = {"first_week": min(first, self._values["last"]), "last_week": max(first, last)}
        rows = conn.execute(_filled("top_tenants", {"n": of}), {**self._values, **weeks, "most": MOST_TENANTS})
        return [row["tenant_id"] for row in rows]


def _filled(name: str, parts: dict[str, str]) -> bytes:
    text = SQL[name]
    for part, filling in parts.items():
        text = text.replace(f"{{{part}}}", filling)
    return text.encode()


def _week(at: datetime) -> datetime:
    """The Monday (UTC) at or before it."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _cut_halves(edges: Sequence[datetime]) -> list[datetime]:
    """Half hours (UTC) that an edge cuts, as it does where a zone is a quarter of an hour off."""
    halves = {edge: edge - (edge - _FIRST) % _HALF for edge in edges}
    return sorted({half for edge, half in halves.items() if half != edge})


def _series(rows: list[Row], of: str, edges: Sequence[datetime]) -> tuple[int, ...]:
    counts = [0] * (len(edges) - 1)
    for row in rows:
        counts[row["part"] - 1] += row[of]
    return tuple(max(0, n) for n in counts)
