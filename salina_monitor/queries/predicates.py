"""What a filter and a source's reach mean in SQL: parts of jobs.sql put together, values always bound."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from salina_monitor.models import NO_TENANT, AsOf, JobFilters, JobStatus, TimeRange
from salina_monitor.queries.source import JobSource
from salina_monitor.queries.words import words_of
from salina_monitor.store import load_sql

SQL = load_sql("jobs")
COUNT_CAP = 10_000
# A job is not stuck before this, however fast its kind usually is; nor without a baseline before an hour.
RUN_FLOOR, WAIT_FLOOR, UNKNOWN_USUAL = timedelta(minutes=5), timedelta(minutes=2), timedelta(hours=1)
LEAST_RUNS = 20
# `is_long` marks runs that took more than this in all.
LONG = timedelta(hours=1)

ACTIVE = {JobStatus.RUNNING: "status_running", JobStatus.QUEUED: "status_queued"}


def usual(source: JobSource, as_of: AsOf) -> dict[str, Any]:
    """The parameters of the predicate `stuck`."""
    return {
        "seq": as_of.seq,
        "now": source.now_at(as_of),
        "run_floor_s": RUN_FLOOR.total_seconds(),
        "wait_floor_s": WAIT_FLOOR.total_seconds(),
        "unknown_s": UNKNOWN_USUAL.total_seconds(),
        "least_runs": LEAST_RUNS,
    }


def _active_only(filters: JobFilters) -> bool:
    """Whether only jobs that had not ended are listed: they are few, and in every range."""
    return filters.since is None and (filters.stuck or filters.status in ACTIVE)


def page_query(filters: JobFilters) -> str:
    """Name of the statement that lists one page of ids."""
    unlimited = filters.range is TimeRange.ALL and filters.since is None
    return "page_of_all" if unlimited or _active_only(filters) else "page"


def count_query(filters: JobFilters) -> str:
    """Name of the statement that counts; that of a search lists a page too."""
    if filters.text.strip():
        return "search"
    return "count" if page_query(filters) == "page" else "count_of_all"


def filled(name: str, predicate: str) -> bytes:
    """A statement of jobs.sql around a predicate of `where`."""
    return SQL[name].replace("{where}", predicate).encode()


def where(source: JobSource, filters: JobFilters, as_of: AsOf) -> tuple[str, dict[str, Any]]:
    """The predicate of a filter and its parameters; parts come from jobs.sql, values are always bound."""
    reach, values = reach_of(source, as_of)
    parts = ["visible"]
    if filters.since is not None and filters.until is not None:
        parts.append("in_window")
        values |= {"since": filters.since, "until": filters.until, "edge": filters.since - LONG}
    elif filters.range.span is not None and not _active_only(filters):
        parts.append("in_range")
        since = source.now_at(as_of) - filters.range.span
        values |= {"since": since, "edge": since - LONG}
    if filters.status is not None:
        parts.append(ACTIVE.get(filters.status, "status_ended"))
        values["status"] = filters.status.value
    if filters.type:
        functions = _functions_with_runs(source, filters.type)
        parts.append("of_function" if len(functions) == 1 else "of_functions")
        values |= {"functions": functions, "function": functions[0] if functions else None}
    if filters.tenant:
        parts.append("of_no_tenant" if filters.tenant == NO_TENANT else "of_tenant")
        values["tenant"] = filters.tenant
    if filters.stuck:
        parts.append("stuck")
        values |= usual(source, as_of)
    if filters.group:
        parts.append("of_group")
        values["group"] = filters.group
    predicates = [reach, *(SQL[part] for part in parts)]
    if filters.text.strip():
        found, bound = words_of(source, filters.text)
        predicates += found
        values |= bound
    return " and ".join(predicates), values


def _functions_with_runs(source: JobSource, type: str) -> list[str]:
    """The functions of a type that have runs: of two spellings there mostly is one, and one can be walked in order."""
    values = {"functions": list(source.types.functions_of(type))}
    with source.store.connection() as conn:
        return [row["id"] for row in conn.execute(SQL["functions_with_runs"], values)]


def reach_of(source: JobSource, as_of: AsOf) -> tuple[str, dict[str, Any]]:
    """The predicate of what the source may see at all, and its parameters."""
    part = "everything" if source.tenant is None else "within_reach"
    return SQL[part], {"seq": as_of.seq, "scope": source.tenant}
