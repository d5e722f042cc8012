"""List and choices of the System page: each is one statement on the mirror.

A view pins one `AsOf`; with it the number on a card is the length of the list it leads to, and pages
neither repeat nor miss a row, whatever syncs commit meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from salina_monitor.models import AsOf, Function, JobEntry, JobFilters, JobPage, JobStatus
from salina_monitor.queries.predicates import (
    ACTIVE,
    COUNT_CAP,
    SQL,
    count_query,
    filled,
    page_query,
    usual,
    where,
)
from salina_monitor.queries.rows import entry_of
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.queries.words import are_frequent, of_whole_words

Row = dict[str, Any]
PAGE_CAP = 500
# So many of the newest runs are looked through for a page of what is frequent.
NEWEST = 10_000
TENANT_CHOICES = 1_000


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
        frequent = _more_than_counted(conn, source, filters, as_of, predicate, values)
        counted = frequent or conn.execute(filled(count_query(filters), predicate), values).fetchone()
        assert counted is not None
        total, capped = min(counted["n"], COUNT_CAP), counted["n"] > COUNT_CAP
        last = max(1, min(PAGE_CAP, -(-total // page_size)))
        page = min(asked_for, last)
        if "ids" in counted and not capped and page == asked_for:
            ids = counted["ids"]
        else:
            offset = (page - 1) * page_size
            values |= {"offset": offset, "reach": offset + page_size, "newest": NEWEST}
            names = ["page_of_newest"] if frequent else []
            for name in (*names, page_query(filters)):
                ids = [row["id"] for row in conn.execute(filled(name, predicate), values)]
                if len(ids) == page_size:
                    break
        rows = conn.execute(SQL["jobs_by_id"], {"ids": ids}).fetchall()
        active = [row["id"] for row in rows if row["ended_seq"] > as_of.seq]
        asked = {**usual(source, as_of), "ids": active}
        stuck = {row["id"] for row in conn.execute(filled("stuck_of", SQL["stuck"]), asked)} if active else set()
    jobs = tuple(replace(entry_of(row, source, as_of), stuck=row["id"] in stuck) for row in rows)
    return JobPage(jobs, total, capped, as_of.at, page, page_size, state.stale(source.clock()))


def _more_than_counted(
    conn: Connection[Row], source: JobSource, filters: JobFilters, as_of: AsOf, predicate: str, values: Row
) -> Row | None:
    """The capped number of a search for frequent words; None where it is not known to be so many."""
    if not filters.text.strip():
        return None
    if not are_frequent(conn, filters.text, *where(source, replace(filters, text=""), as_of), COUNT_CAP):
        return None
    found = conn.execute(filled("count_of_all", predicate), of_whole_words(values)).fetchone()
    return found if found is not None and found["n"] > COUNT_CAP else None


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
    only_ended = filters.status not in (None, *ACTIVE) or filters.group or filters.since
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
