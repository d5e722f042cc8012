"""What the verdict is judged from, as far as the source reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from salina_monitor.coincidence import Coincidence, points_to, strongest
from salina_monitor.evidence import DAY, HOUR, PACE_OVER, WEEK, Cause, Evidence, TypeEvidence
from salina_monitor.failures import GroupState, MarkKind, state_of
from salina_monitor.models import AsOf, Service, TimeRange
from salina_monitor.queries.causes import get_coincidences
from salina_monitor.queries.failures import error_of_row, get_failure_groups, title_of_row
from salina_monitor.queries.predicates import SQL as JOBS
from salina_monitor.queries.predicates import reach_of, usual
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("evidence")
Row = dict[str, Any]
_DECIDED = (GroupState.RESOLVED, GroupState.IGNORED)


def get_evidence(*, as_of: AsOf | None = None, source: JobSource | None = None) -> Evidence | None:
    """Each job type now and usually; None before the first sync. Raises StoreError."""
    source = source or current_source()
    as_of = as_of or source.state().as_of
    if as_of.at is None:
        return None
    now = source.now_at(as_of)
    reach, values = reach_of(source, as_of)
    values |= usual(source, as_of)
    values |= {"hour": now - HOUR, "day": now - DAY, "since": now - DAY - WEEK, "while": now - PACE_OVER}
    parts = {
        "counted": SQL["counted_of_all" if source.tenant is None else "counted_of_tenant"],
        "ended": SQL["ended_of_all" if source.tenant is None else "ended_of_tenant"],
        "long": "" if source.tenant is None else SQL["long_of_tenant"],
        "stuck": JOBS["stuck"],
        "where": reach,
    }

    def ask(name: str) -> list[Row]:
        text = SQL[name]
        for part, filling in parts.items():
            text = text.replace(f"{{{part}}}", filling)
        return conn.execute(text.encode(), values).fetchall()

    with source.store.connection() as conn:
        active, ended, failed = ask("active_by_function"), ask("ended_by_function"), ask("failed_by_cause")
        values["groups"] = list({row["fingerprint"] for row in failed if row["fingerprint"]})
        marks = ask("decided") if values["groups"] else []
        ids = _largest(failed)
        samples = conn.execute(JOBS["jobs_by_id"], {"ids": ids}).fetchall() if ids else []
        names = {row["id"]: row["name"] for row in conn.execute(JOBS["function_names"])}
        moved = ask("pace")[0]
    decided = _decided(marks, as_of, source)
    titles = {row["id"]: title_of_row(row, source) for row in samples}
    pointed = {row["id"]: points_to(error_of_row(row)) for row in samples}
    causes = [
        (row["function_id"], Cause(
            row["fingerprint"], titles.get(row["sample_id"], "one error"), row["open"], row["open_hour"],
            row["first"], row["last"], row["fingerprint"] in decided, pointed.get(row["sample_id"]),
        ))
        for row in failed if not row["whole"] and row["open"]
    ]  # fmt: skip
    # Tenants are counted by function: where some causes are decided about, nobody knows whom only the others hit.
    mixed = {function for function, cause in causes if cause.decided}
    failed = [{**row, "tenants": None} if row["function_id"] in mixed else row for row in failed]
    oldest = min((row["oldest"] for row in active if not row["running"]), default=None)
    types: dict[str, list[str]] = {}
    for function in sorted({row["function_id"] for row in (*active, *ended, *failed)}):
        types.setdefault(source.types.type_of(function), []).append(function)
    found = [
        _type(id, source.types.label_of(of[0], names.get(of[0])), of, active, ended, failed, causes)
        for id, of in types.items()
    ]
    links = _links(causes, failed, now, as_of, source)
    started = sum(row["started"] for row in active)
    return Evidence(now, tuple(found), moved["arrived"], moved["ended"], oldest, links, started)


def _links(
    causes: list[tuple[str, Cause]], failed: list[Row], now: datetime, as_of: AsOf, source: JobSource
) -> dict[str, Coincidence]:
    """The trouble of a service that stands behind a cause, where one hardly does by chance.

    What was made good since counts as well: it failed in the trouble or outside of it all the same.
    """
    whole = {(row["function_id"], row["fingerprint"]): row["n"] for row in failed if not row["whole"]}
    asked: dict[str, tuple[Sequence[str], int, Service | None]] = {}
    for function, cause in causes:
        if cause.fingerprint is not None and not cause.decided:
            functions, n, _ = asked.get(cause.fingerprint, ([], 0, None))
            n += whole[function, cause.fingerprint]
            asked[cause.fingerprint] = ([*functions, function], n, cause.points_to)
    found = get_coincidences(asked, now - DAY, as_of=as_of, source=source)
    surest = {key: strongest(coincidences) for key, coincidences in found.items()}
    return {key: one for key, one in surest.items() if one is not None}


MOST_CAUSES = 100


def _largest(failed: list[Row]) -> list[str]:
    """A job of each of the largest causes of the day and of the hour: these are named."""
    causes = [row for row in failed if not row["whole"] and row["open"]]
    by_size = [sorted(causes, key=lambda row: -row[of])[:MOST_CAUSES] for of in ("open", "open_hour")]
    return list(dict.fromkeys(row["sample_id"] for rows in by_size for row in rows))


def _type(
    id: str, label: str, functions: list[str], active: list[Row], ended: list[Row], failed: list[Row],
    causes: list[tuple[str, Cause]],
) -> TypeEvidence:  # fmt: skip
    def of(rows: list[Row], **alike: bool) -> list[Row]:
        return [r for r in rows if r["function_id"] in functions and all(r[k] is v for k, v in alike.items())]

    queued, running, counts, whole = (
        of(active, running=False),
        of(active, running=True),
        of(ended),
        of(failed, whole=True),
    )
    return TypeEvidence(
        id=id,
        label=label,
        queued=sum(row["n"] for row in queued),
        running=sum(row["n"] for row in running),
        waiting_long=sum(row["long"] for row in queued),
        running_long=sum(row["long"] for row in running),
        ended_hour=sum(row["hour"] for row in counts),
        ended_day=sum(row["day"] for row in counts),
        failed_hour=sum(row["n_hour"] for row in whole),
        failed_day=sum(row["n"] for row in whole),
        usual_ended=sum(row["usual"] for row in counts),
        usual_failed=sum(row["usual_failed"] for row in counts),
        usual_busiest=sum(row["busiest"] for row in counts),
        tenants=whole[0]["tenants"] if len(whole) == 1 else None,
        causes=tuple(cause for function, cause in causes if function in functions),
    )


def _decided(marks: list[Row], as_of: AsOf, source: JobSource) -> set[str]:
    """Causes whose decision still holds; the groups are only asked for when there is any decision."""
    decided = [row["fingerprint"] for row in marks if MarkKind(row["kind"]) is not MarkKind.REOPENED]
    if not decided:
        return set()
    now = source.now_at(as_of)
    groups = get_failure_groups(TimeRange.DAY, only=decided, as_of=as_of, source=source)
    return {group.fingerprint for group in groups if state_of(group, now) in _DECIDED}
