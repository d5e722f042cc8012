"""`sync --verify`: list the source again and say every run in which the mirror differs from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from salina_monitor.inngest import RunPage
from salina_monitor.mirror.pages import pages
from salina_monitor.mirror.rows import MESSAGE_LIMIT, NAME_LIMIT, stored
from salina_monitor.mirror.state import SQL
from salina_monitor.mirror.sync import ACTIVE, STREAMS, Context, sync_live
from salina_monitor.models import JobStatus, Run


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference: which run, which field, what the source says and what the mirror has (None = absent)."""

    run_id: str
    field: str
    source: str | None
    mirror: str | None

    def __str__(self) -> str:
        return f"{self.run_id} {self.field}: source {self.source or 'absent'}, mirror {self.mirror or 'absent'}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared: runs listed by the source since `since`, and the differences."""

    since: datetime
    compared: int
    divergences: tuple[Divergence, ...]


def verify(ctx: Context, since: datetime) -> Verification:
    """Compare every run that ended since `since` or has not ended. Raises InngestError, StoreError.

    Runs move while they are listed. So the mirror is synced after the listing, and a run that still
    differs is judged by a second listing: only a difference that both show is a divergence.
    """
    first, listed = _compare(ctx, since)
    if not first:
        return Verification(since, listed, ())
    second, listed = _compare(ctx, since)
    stable = {(d.run_id, d.field) for d in first}
    return Verification(since, listed, tuple(d for d in second if (d.run_id, d.field) in stable))


def _compare(ctx: Context, since: datetime) -> tuple[list[Divergence], int]:
    source = _list_source(ctx, since)
    with ctx.leased():
        sync_live(ctx)
    with ctx.store.connection() as conn:
        rows = {row["id"]: row for row in conn.execute(SQL["all_rows"], {"since": since})}
        unseen = [run_id for run_id in source if run_id not in rows]
        rows |= {row["id"]: row for row in conn.execute(SQL["rows_by_id"], {"ids": unseen})}
    found: list[Divergence] = []
    for run_id, run in source.items():
        if run_id not in rows:
            found.append(Divergence(run_id, "run", run.status.value, None))
        else:
            found += _differences(run, rows[run_id])
    found += [
        Divergence(run_id, "run", None, row["status"])
        for run_id, row in rows.items()
        # What ended after the listing, is known to have vanished there, or has a status that cannot be asked for is not
        # expected in it.
        if run_id not in source
        and not row["is_gone"]
        and row["status"] != JobStatus.UNKNOWN
        and row["ended_at"] is not None
        and row["ended_at"] < _last(source)
    ]
    return found, len(source)


def _last(source: dict[str, Run]) -> datetime:
    return max((run.ended_at for run in source.values() if run.ended_at), default=datetime.min.replace(tzinfo=UTC))


def _list_source(ctx: Context, since: datetime) -> dict[str, Run]:
    found: dict[str, Run] = {}
    questions: list[dict[str, Any]] = [{"statuses": ACTIVE}]
    questions += [
        {
            "statuses": statuses,
            "time_field": "endedAt",
            "since": since,
            "ascending": True,
            "include_output": kind == "failed",
        }
        for kind, statuses in STREAMS.items()
    ]
    for question in questions:
        for page in pages(partial(_ask, ctx, question)):
            found |= {run.id: run for run in page.runs}
    return found


def _ask(ctx: Context, question: dict[str, Any], cursor: str | None) -> RunPage:
    return ctx.client.list_runs(**question, cursor=cursor)


def _differences(run: Run, row: dict[str, Any]) -> list[Divergence]:
    if run.ended_at is None and row["ended_at"] is not None:
        return []  # it ended after it was listed
    pairs: list[tuple[str, Any, Any]] = [
        ("function", run.function_id, row["function_id"]),
        ("status", run.status.value, row["status"]),
        ("queued_at", run.queued_at, row["queued_at"]),
        ("ended_at", run.ended_at, row["ended_at"]),
    ]
    if run.error is not None:
        pairs.append(("error", stored(run.error.message, MESSAGE_LIMIT), row["error_message"]))
        pairs.append(("error name", stored(run.error.name, NAME_LIMIT), row["error_name"]))
    return [
        Divergence(run.id, name, None if a is None else str(a)[:200], None if b is None else str(b)[:200])
        for name, a, b in pairs
        if a != b
    ]
