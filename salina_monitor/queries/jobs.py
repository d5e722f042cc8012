"""Summary, list and choices of the System page: each is one statement on the mirror.

A view pins one `AsOf`; with it the number on a card is the length of the list it leads to, and pages
neither repeat nor miss a row, whatever syncs commit meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from salina_monitor.models import (
    NO_TENANT,
    AsOf,
    Function,
    JobEntry,
    JobFilters,
    JobPage,
    JobStatus,
    JobSummary,
    TimeRange,
)
from salina_monitor.queries.rows import entry_of
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.queries.words import words_of
from salina_monitor.store import load_sql

SQL = load_sql("jobs")
COUNT_CAP = 10_000
PAGE_CAP = 500
TENANT_CHOICES = 1_000
DAY = timedelta(hours=24)
# A job is not stuck before this, however fast its kind usually is; nor without a baseline before an hour.
RUN_FLOOR, WAIT_FLOOR, UNKNOWN_USUAL = timedelta(minutes=5), timedelta(minutes=2), timedelta(hours=1)
LEAST_RUNS = 20
# `is_long` marks runs that took more than this in all.
LONG = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What the filters offer: job type id → label, and tenant ids in order."""

    types: dict[str, str]
    tenants: tuple[str, ...]


def get_recent_jobs(
    filters: JobFilters | None = None,
    page: int = 1,
    page_size: int = 20,
    *,
    as_of: AsOf | None = None,
    source: JobSource | None = None,
) -> JobPage:
    """One page of jobs, newest first (by queue time, then id).

    `page` counts from 1 and is held within what exists, at most `PAGE_CAP`; `total` is exact up to
    `COUNT_CAP`. `as_of` None means the latest. Raises StoreError.
    """
    source = source or current_source()
    state = source.state()
    as_of = as_of or state.as_of
    filters = filters or JobFilters()
    page_size = max(1, min(page_size, 100))
    predicate, values = where(source, filters, as_of)
    asked_for = max(1, min(page, PAGE_CAP))
    values |= {"cap": COUNT_CAP + 1, "limit": page_size, "offset": (asked_for - 1) * page_size}
    with source.store.connection() as conn:
        counted = conn.execute(filled(_count_query(filters), predicate), values).fetchone()
        assert counted is not None
        total, capped = min(counted["n"], COUNT_CAP), counted["n"] > COUNT_CAP
        last = max(1, min(PAGE_CAP, -(-total // page_size)))
        page = min(asked_for, last)
        if "ids" in counted and not capped and page == asked_for:
            ids = counted["ids"]
        else:
            offset = (page - 1) * page_size
            values |= {"offset": offset, "reach": offset + page_size}
            ids = [row["id"] for row in conn.execute(filled(page_query(filters), predicate), values)]
        rows = conn.execute(SQL["jobs_by_id"], {"ids": ids}).fetchall()
        active = [row["id"] for row in rows if row["ended_seq"] > as_of.seq]
        asked = {**usual(source, as_of), "ids": active}
        stuck = {row["id"] for row in conn.execute(filled("stuck_of", SQL["stuck"]), asked)} if active else set()
    jobs = tuple(replace(entry_of(row, source, as_of), stuck=row["id"] in stuck) for row in rows)
    return JobPage(jobs, total, capped, as_of.at, page, page_size, state.stale(source.clock()))


def get_job_ids(filters: JobFilters, as_of: AsOf, limit: int, *, source: JobSource | None = None) -> list[str]:
    """Ids of the list's first jobs, newest first. Raises StoreError."""
    source = source or current_source()
    predicate, values = where(source, filters, as_of)
    values |= {"limit": limit, "offset": 0, "reach": limit}
    with source.store.connection() as conn:
        return [row["id"] for row in conn.execute(filled(page_query(filters), predicate), values)]


def iter_jobs(
    filters: JobFilters, as_of: AsOf, cap: int = COUNT_CAP, *, source: JobSource | None = None
) -> Iterator[JobEntry]:
    """The same list as a whole, for exports, at most `cap` jobs. Raises StoreError."""
    source = source or current_source()
    yield from get_jobs(get_job_ids(filters, as_of, cap, source=source), as_of, source=source)


def get_jobs(ids: Sequence[str], as_of: AsOf, *, source: JobSource) -> Iterator[JobEntry]:
    """Jobs by ids that were found for this source, in that order. Raises StoreError."""
    with source.store.connection() as conn:
        for start in range(0, len(ids), 500):
            for row in conn.execute(SQL["jobs_by_id"], {"ids": list(ids[start : start + 500])}):
                yield entry_of(row, source, as_of)


def get_job_summary(*, as_of: AsOf | None = None, source: JobSource | None = None) -> JobSummary:
    """The four cards at one as-of. Counts are None before the first sync. Raises StoreError."""
    source = source or current_source()
    state = source.state()
    as_of = as_of or state.as_of
    stale = state.stale(source.clock())
    if as_of.at is None:
        return JobSummary(None, None, None, None, as_of=None, stale=True)
    now = source.now_at(as_of)
    active, queued = [0] * 24, [0] * 24
    oldest: datetime | None = None
    final = {JobStatus.COMPLETED: [0] * 48, JobStatus.FAILED: [0] * 48}
    reach, values = reach_of(source, as_of)
    values |= {"now": now, "cap": 2 * COUNT_CAP + 1, "oldest": now - DAY, "since": now - 2 * DAY}
    with source.store.connection() as conn:
        for row in conn.execute(filled("by_hour_active", reach), values):
            (active if row["running"] else queued)[23 - _hours_ago(row["hour"], now, 23)] += row["n"]
            if not row["running"]:
                oldest = min(filter(None, (oldest, row["oldest"])))
        cut = sum(active) + sum(queued) > 2 * COUNT_CAP
        if cut:
            first = conn.execute(filled("oldest_queued", reach), values).fetchone()
            oldest = first["at"] if first else None
        asked = {**values, **usual(source, as_of)}
        stuck = {
            row["running"]: row["n"]
            for row in conn.execute(filled("stuck_count", f"{reach} and {SQL['stuck']}"), asked)
        }
        for row in conn.execute(_ended_query(source, reach), values | ended_pieces(now)):
            final[JobStatus(row["status"])][47 - max(0, min(47, row["part"]))] += row["n"]
    numbers = {
        "active": sum(active),
        "queued": sum(queued),
        "completed_last_24h": sum(final[JobStatus.COMPLETED][24:]),
        "failed_last_24h": sum(final[JobStatus.FAILED][24:]),
    }
    return JobSummary(
        **{name: min(n, COUNT_CAP) for name, n in numbers.items()},
        capped=frozenset(name for name, n in numbers.items() if n > COUNT_CAP)
        | ({"active", "queued"} if cut else set()),
        completed_previous_24h=sum(final[JobStatus.COMPLETED][:24]),
        failed_previous_24h=sum(final[JobStatus.FAILED][:24]),
        oldest_queued_at=oldest,
        active_by_hour=tuple(active),
        queued_by_hour=tuple(queued),
        completed_by_hour=tuple(final[JobStatus.COMPLETED][24:]),
        failed_by_hour=tuple(final[JobStatus.FAILED][24:]),
        stuck_running=stuck.get(True, 0),
        stuck_queued=stuck.get(False, 0),
        as_of=as_of.at,
        stale=stale,
    )


QUARTER = timedelta(minutes=15)


def ended_pieces(now: datetime) -> dict[str, Any]:
    """Parameters of `by_hour_ended`: quarters that hold an edge of a day or of the last hour, to be counted exactly."""

    def quarter(moment: datetime) -> datetime:
        return moment - (moment - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER

    cut = [quarter(now - ago) for ago in (2 * DAY, DAY, timedelta(hours=1))]
    last = quarter(now)
    begins = [max(cut[0], now - 2 * DAY), *cut[1:], last]
    ends = [*(begin + QUARTER for begin in cut), datetime.max.replace(tzinfo=UTC)]
    pieces = {f"begin_{place}": begin for place, begin in enumerate(begins)}
    pieces |= {f"end_{place}": end for place, end in enumerate(ends)}
    return {"quarter": last, "cut": cut, **pieces}


def _ended_query(source: JobSource, reach: str) -> bytes:
    parts = {
        "counts": "run_counts" if source.tenant is None else "run_counts_by_tenant",
        "counted": SQL["everything" if source.tenant is None else "of_scope"],
        "run_by_run": "\n".join(SQL["run_by_run"].replace("{piece}", str(place)) for place in range(4)),
        "known_later": "" if source.tenant is None else SQL["known_later"],
        "where": reach,
    }
    text = SQL["by_hour_ended"]
    for part, filling in parts.items():
        text = text.replace(f"{{{part}}}", filling)
    return text.encode()


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


def _hours_ago(hour: datetime, now: datetime, most: int) -> int:
    """How many whole hours before `now` the hour that begins at `hour` ended; clocks differ a little."""
    return max(0, min(most, round((now - hour) / timedelta(hours=1)) - 1))


def count_new_jobs(
    filters: JobFilters, seen: AsOf, as_of: AsOf, cap: int = 1_000, *, source: JobSource | None = None
) -> int:
    """How many jobs came into a list between two syncs, up to a cap: as new jobs, or from another status.

    Raises StoreError.
    """
    source = source or current_source()
    predicate, values = where(source, filters, as_of)
    values |= {"seen": seen.seq, "cap": cap}
    came = SQL[_came_in_by(filters)]
    if filters.tenant or source.tenant is not None:
        came += f" or {SQL['tenant_since']}"
    with source.store.connection() as conn:
        row = conn.execute(filled("count_of_all", f"{predicate} and ({came})"), values).fetchone()
    return int(row["n"]) if row else 0


def _came_in_by(filters: JobFilters) -> str:
    """Name of the predicate of jobs that were not in a list yet at an earlier sync."""
    if filters.status is JobStatus.RUNNING:
        return "running_since"
    only_ended = filters.status not in (None, *_ACTIVE) or filters.group or filters.since
    return "ended_since" if only_ended else "appeared"


def get_filter_choices(*, source: JobSource | None = None) -> FilterChoices:
    """Types and tenants that exist, as far as the source reaches. Raises StoreError."""
    source = source or current_source()
    with source.store.connection() as conn:
        if source.tenant is None:
            tenants = tuple(row["tenant_id"] for row in conn.execute(SQL["tenants"], {"limit": TENANT_CHOICES}))
            found = conn.execute(SQL["functions"]).fetchall()
        else:
            tenants = (source.tenant,)
            found = conn.execute(SQL["functions_of_tenant"], {"scope": source.tenant}).fetchall()
    return FilterChoices(source.types.labels([Function(row["id"], row["name"]) for row in found]), tenants)


_ACTIVE = {JobStatus.RUNNING: "status_running", JobStatus.QUEUED: "status_queued"}


def _active_only(filters: JobFilters) -> bool:
    """Whether only jobs that had not ended are listed: they are few, and in every range."""
    return filters.since is None and (filters.stuck or filters.status in _ACTIVE)


def page_query(filters: JobFilters) -> str:
    """Name of the statement that lists one page of ids."""
    unlimited = filters.range is TimeRange.ALL and filters.since is None
    return "page_of_all" if unlimited or _active_only(filters) else "page"


def _count_query(filters: JobFilters) -> str:
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
        parts.append(_ACTIVE.get(filters.status, "status_ended"))
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
