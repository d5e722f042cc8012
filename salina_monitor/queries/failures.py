"""Failure groups of a range, as far as the source reaches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from salina_monitor.failures import BUCKETS, FailureGroup, Mark, MarkKind, bucket_size
from salina_monitor.fingerprint import title_of
from salina_monitor.models import AsOf, JobError, TimeRange
from salina_monitor.queries.jobs import SQL as JOBS
from salina_monitor.queries.jobs import reach_of
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("failures")
MOST_GROUPS = 100
FAILURE_CAP = 20_000
TENANTS_SHOWN = 5


def get_failure_groups(
    span: TimeRange = TimeRange.DAY, *, as_of: AsOf | None = None, source: JobSource | None = None
) -> tuple[FailureGroup, ...]:
    """At most `MOST_GROUPS` groups of the newest `FAILURE_CAP` failures, largest first. Raises StoreError."""
    source = source or current_source()
    as_of = as_of or source.state().as_of
    now, length = source.now_at(as_of), span.span or timedelta(days=90)
    reach, values = reach_of(source, as_of)
    values |= {"since": now - length, "cap": FAILURE_CAP, "limit": MOST_GROUPS, "most": TENANTS_SHOWN}
    values["seconds"] = bucket_size(length).total_seconds()

    def ask(name: str) -> list[dict[str, Any]]:
        return conn.execute(SQL[name].replace("{where}", reach).encode(), values).fetchall()

    with source.store.connection() as conn:
        rows = ask("groups")
        values["groups"] = [row["fingerprint"] for row in rows]
        if not rows:
            return ()
        marks = {row.pop("fingerprint"): _mark(row, source) for row in ask("marks_of_groups")}
        values["marked"] = [marks[key].at if key in marks else None for key in values["groups"]]
        tenants, trend, totals = ask("tenants_of_groups"), ask("trend_of_groups"), ask("totals_of_groups")
        samples = conn.execute(JOBS["jobs_by_id"], {"ids": [row["sample_id"] for row in rows]}).fetchall()
    total = {row["fingerprint"]: row for row in totals}
    names = {row["function_id"]: row["function_name"] for row in samples}
    titles = {row["id"]: _title(row, source) for row in samples}
    return tuple(
        FailureGroup(
            fingerprint=(key := row["fingerprint"]),
            title=titles[row["sample_id"]],
            functions=tuple(row["functions"]),
            types=tuple(dict.fromkeys(source.types.label_of(f, names.get(f)) for f in row["functions"])),
            count=row["n"],
            superseded=row["superseded"],
            retries=row["retries"],
            first_seen=total[key]["first_seen"],
            last_seen=row["last_seen"],
            tenants=tuple((t["tenant_id"], t["n"]) for t in tenants if t["fingerprint"] == key),
            tenant_count=row["tenants"],
            sample_id=row["sample_id"],
            trend=_trend(trend, key),
            total=total[key]["total"],
            since_mark=total[key]["since_mark"],
            mark=marks.get(key),
        )
        for row in rows
    )


def _trend(rows: list[dict[str, Any]], key: str) -> tuple[int, ...]:
    counts = [0] * BUCKETS
    for row in rows:
        if row["fingerprint"] == key:
            counts[max(0, min(BUCKETS - 1, row["part"]))] += row["n"]
    return tuple(counts)


def _title(row: dict[str, Any], source: JobSource) -> str:
    if row["error_message"] is None:
        return "Inngest gave no error"
    return source.redact(title_of(JobError(row["error_name"], row["error_message"])))


def _mark(row: dict[str, Any], source: JobSource) -> Mark:
    # A reason may name other tenants: who sees one tenant only is told that a decision was made, not why.
    told = {} if source.tenant is None else {"who": "somebody", "why": ""}
    return Mark(**{**row, "kind": MarkKind(row["kind"]), **told})
