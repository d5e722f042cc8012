"""Failure groups of a range, as far as the source reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from salina_monitor.coincidence import points_to
from salina_monitor.failures import BUCKETS, FailureGroup, Mark, MarkKind, bucket_size
from salina_monitor.fingerprint import example_of, title_of
from salina_monitor.models import AsOf, JobError, JobFilters, TimeRange
from salina_monitor.queries.predicates import SQL as JOBS
from salina_monitor.queries.predicates import reach_of, where
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("failures")
MOST_GROUPS = 100
FAILURE_CAP = 20_000
TENANTS_SHOWN = 5
# Among so many first failures of a group a search looks by itself before it asks its index.
EARLY = 100


def get_failure_groups(
    span: TimeRange = TimeRange.DAY,
    *,
    only: Sequence[str] | None = None,
    filters: JobFilters | None = None,
    as_of: AsOf | None = None,
    source: JobSource | None = None,
) -> tuple[FailureGroup, ...]:
    """Groups of the newest `FAILURE_CAP` failures, largest first: the `MOST_GROUPS` largest, or of those in `only`.

    With `filters` only failures of that list count, and its window instead of `span`. Raises StoreError.
    """
    source = source or current_source()
    as_of = as_of or source.state().as_of
    now, length = source.now_at(as_of), span.span or timedelta(days=90)
    reach, values = reach_of(source, as_of)
    since, narrowed, listed = now - length, "", reach
    if filters is not None:
        listed, values = where(source, replace(filters, range=TimeRange.ALL, since=None, until=None), as_of)
        if filters.since is not None and filters.until is not None:
            since, length, narrowed = filters.since, filters.until - filters.since, f" and {SQL['until']}"
            values["until"] = filters.until
    if only is not None:
        narrowed += f" and {SQL['only']}"
    values |= {"since": since, "cap": FAILURE_CAP, "most": TENANTS_SHOWN, "early": EARLY}
    values |= {"only": None if only is None else list(only), "limit": MOST_GROUPS if only is None else len(only)}
    values["seconds"] = bucket_size(length).total_seconds()

    first_failed = SQL["first_failed"]
    if filters is not None and filters.text.strip():
        first_failed = SQL["first_failed_of_search"].replace("{first_failed}", first_failed)

    def ask(name: str) -> list[dict[str, Any]]:
        text = SQL[name].replace("{first_failed}", first_failed).replace("{narrowed}", narrowed)
        return conn.execute(text.replace("{where}", listed).replace("{reach}", reach).encode(), values).fetchall()

    with source.store.connection(snapshot=True) as conn:  # or a group's sample may be forgotten between two statements
        rows = ask("groups")
        if not rows:
            return ()
        values["groups"] = [row["fingerprint"] for row in rows]
        marks = {row.pop("fingerprint"): _mark(row, source, filters) for row in ask("marks_of_groups")}
        since_marks, peaks = {}, {}
        if marks:
            values |= {"groups": list(marks), "marked": [mark.at for mark in marks.values()]}
            since_marks = {row["fingerprint"]: row["n"] for row in ask("since_marks")}
            values["rated"] = [mark.until_per_hour is not None for mark in marks.values()]
            peaks = {row["fingerprint"]: row["peak"] for row in ask("peaks_of_groups")} if any(values["rated"]) else {}
        samples = conn.execute(JOBS["jobs_by_id"], {"ids": [row["sample_id"] for row in rows]}).fetchall()
    names = {row["function_id"]: row["function_name"] for row in samples}
    titles = {row["id"]: title_of_row(row, source) for row in samples}
    examples = {row["id"]: _example(row, titles[row["id"]], source) for row in samples}
    pointed = {row["id"]: points_to(error_of_row(row)) for row in samples}
    return tuple(
        FailureGroup(
            fingerprint=(key := row["fingerprint"]),
            title=titles[row["sample_id"]],
            functions=tuple(row["functions"]),
            types=tuple(dict.fromkeys(source.types.label_of(f, names.get(f)) for f in row["functions"])),
            count=row["n"],
            superseded=row["superseded"],
            retries=row["retries"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            tenants=tuple(zip(row["tenants"], row["tenants_n"], strict=True)),
            tenant_count=row["tenant_count"],
            sample_id=row["sample_id"],
            trend=_trend(row["trend"]),
            since_mark=since_marks.get(key, 0),
            mark=marks.get(key),
            peak_since_mark=peaks.get(key, 0),
            points_to=pointed[row["sample_id"]],
            example=examples[row["sample_id"]],
        )
        for row in rows
    )


def _trend(parts: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    counts = [0] * BUCKETS
    for part, n in parts:
        counts[max(0, min(BUCKETS - 1, part))] += n
    return tuple(counts)


def title_of_row(row: dict[str, Any], source: JobSource) -> str:
    """The masked title of a failure's group, from its row. It speaks of all that were hit, so it names no tenant."""
    error = error_of_row(row)
    if error is None:
        return "Inngest gave no error"
    return source.redact(title_of(error, row["tenant_id"]))


def _example(row: dict[str, Any], title: str, source: JobSource) -> str:
    error = error_of_row(row)
    return "" if error is None else source.redact(example_of(error, title))


def error_of_row(row: dict[str, Any]) -> JobError | None:
    """The error of a failure, from its row; not masked."""
    return None if row["error_message"] is None else JobError(row["error_name"], row["error_message"])


def left_out(groups: Sequence[FailureGroup]) -> str:
    """What the caps kept out of these groups, for people; "" where nothing was."""
    if len(groups) >= MOST_GROUPS:
        return f"Only the {MOST_GROUPS} largest causes of the newest {FAILURE_CAP:,} failures are listed."
    if sum(group.count for group in groups) >= FAILURE_CAP:
        return f"Only the newest {FAILURE_CAP:,} failures are counted; choose a shorter time to see all of it."
    return ""


def _mark(row: dict[str, Any], source: JobSource, filters: JobFilters | None) -> Mark:
    # A reason may name other tenants: who sees one tenant only is told that a decision was made, not why.
    told = {} if source.tenant is None else {"who": "somebody", "why": ""}
    if filters is not None and filters.tenant:
        told["why"] = ""
    return Mark(**{**row, "kind": MarkKind(row["kind"]), **told})
