"""How many jobs ended in each part of a range, by status or by tenant; and how long jobs usually take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from salina_monitor.models import NO_TENANT, AsOf, JobFilters, JobStatus
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("counts")
MOST_TENANTS = 8
OTHERS = ""
"""Key of all that is not of a tenant shown by name: further tenants, and jobs of none."""
SHOWN = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
_WEEK = timedelta(days=7)


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
    rows = asked.both("by_status", asked.narrowed(tenant=asked.tenant, functions=True))
    return Counts(tuple(edges), {s.value: _series(rows, s.value, "status", edges) for s in SHOWN})


def get_counts_by_tenant(
    edges: Sequence[datetime], filters: JobFilters, *, as_of: AsOf | None = None, source: JobSource | None = None
) -> Counts:
    """Ended jobs of the tenants that have most of them, and of all others together as `OTHERS`.

    Of the filters' type and status (of all statuses when it is none that ends), whatever their tenant.
    Raises StoreError.
    """
    asked = _Asked(edges, replace(filters, tenant=None), as_of, source)
    if asked.tenant is not None:
        asked.values["tenants"] = [asked.tenant]
    else:
        top = asked.ask("top_tenants", asked.narrowed(status=True))
        asked.values["tenants"] = [row["tenant_id"] for row in top]
    narrowed = asked.narrowed(status=True, functions=True)
    # Hours are counted for all functions together.
    rows = asked.both("by_tenant", narrowed, counted="by_tenant" if filters.type else "by_tenant_hour")
    series = {tenant: _series(rows, tenant, "tenant_id", edges) for tenant in asked.values["tenants"]}
    if asked.tenant is None:
        every = asked.both("by_status", narrowed)
        whole = [sum(column) for column in zip(*(_series(every, s, "status", edges) for s in SHOWN), strict=True)]
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
        self._filters = filters
        self.values: dict[str, Any] = {
            "edges": list(edges), "cut": _cut_hours(edges), "first": edges[0], "last": edges[-1],
            "seq": as_of.seq, "most": MOST_TENANTS,
            "tenant": self.tenant, "status": filters.status.value if filters.status else None,
            "functions": list(self.source.types.functions_of(filters.type)) if filters.type else None,
        }  # fmt: skip

    def narrowed(self, *, tenant: str | None = None, status: bool = False, functions: bool = False) -> str:
        parts = ["of_tenant"] if tenant is not None else []
        parts += ["of_status"] if status and self._filters.status in SHOWN else []
        parts += ["of_functions"] if functions and self._filters.type else []
        return " and ".join(SQL[part] for part in parts or ["anything"])

    def ask(self, name: str, narrowed: str) -> list[dict[str, Any]]:
        table = "run_counts" if self.tenant is None else "run_counts_by_tenant"
        text = SQL[name].replace("{narrowed}", narrowed).replace("{counts}", table)
        with self.source.store.connection() as conn:
            return conn.execute(text.encode(), self.values).fetchall()

    def both(self, name: str, narrowed: str, *, counted: str = "") -> list[dict[str, Any]]:
        """What is counted, and less what ended after the view's sync."""
        later = self.ask(f"{name}_later", narrowed)
        return self.ask(counted or name, narrowed) + [{**row, "n": -row["n"]} for row in later]


def _cut_hours(edges: Sequence[datetime]) -> list[datetime]:
    """Hours (UTC) that an edge cuts, as it does where a zone is half an hour off."""
    hours = {edge: edge.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for edge in edges}
    return sorted({hour for edge, hour in hours.items() if hour != edge})


def _series(rows: list[dict[str, Any]], key: str, column: str, edges: Sequence[datetime]) -> tuple[int, ...]:
    counts = [0] * (len(edges) - 1)
    for row in rows:
        if row[column] == key:
            counts[row["part"] - 1] += row["n"]
    return tuple(max(0, n) for n in counts)
