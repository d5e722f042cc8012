"""One sync: what is active, then what ended since the watermark, then whose it was.

A run is either active or ended. Asking for the active ones first and the ended ones second leaves no
gap: whatever ended between the two questions is in the second answer or in the next one's overlap.
A page and the watermark it moves are one transaction, so a kill anywhere leaves nothing half done.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from salina_monitor.inngest import EventPage, InngestClient, InngestError, NotFound, RejectedRow, RunPage
from salina_monitor.mirror.pages import pages
from salina_monitor.mirror.rows import event_rows, function_rows, run_rows
from salina_monitor.mirror.state import SQL, MirrorState, read_state
from salina_monitor.mirror.statistics import Statistics
from salina_monitor.models import Event, JobStatus, Run, utcnow
from salina_monitor.store import Store

OVERLAP = timedelta(minutes=2)
# An event is received before its run is queued, and events are read without gaps: seconds are enough here.
EVENT_OVERLAP = timedelta(seconds=5)
# People wait for the live part: a source that is silent must be found out within the five seconds they are promised.
REQUEST_S = 4.5
LEASE_SECONDS = 30
LEASE_POLL_S = 0.1
MISSING_PER_SYNC = 20
EVENT_PAGES_PER_SYNC = 4
SLICE = timedelta(days=1)
# What the answer about one run may be without saying anything about the others.
OF_ONE_RUN = frozenset({"bad_answer", "too_large", "bad_request", "vendor_error"})
ACTIVE = (JobStatus.RUNNING, JobStatus.QUEUED)
STREAMS: dict[str, tuple[JobStatus, ...]] = {
    "failed": (JobStatus.FAILED,),
    "other": (JobStatus.COMPLETED, JobStatus.CANCELLED),
}


def soon() -> float:
    """The moment by which one question of the live part must be answered (monotonic seconds)."""
    return time.monotonic() + REQUEST_S


class LeaseLost(Exception):
    """Another process keeps this store up to date now; what this one had not committed is dropped."""


@dataclass
class Context:
    """What every step of the mirror needs. `stopping` is asked between requests."""

    store: Store
    client: InngestClient
    history: timedelta
    clock: Callable[[], datetime] = utcnow
    stopping: Callable[[], bool] = lambda: False
    document_fields: tuple[str, ...] = ()
    owner: str = ""

    def __post_init__(self) -> None:
        self.owner = self.owner or uuid.uuid4().hex
        self._statistics = Statistics(self.store)

    def take_lease(self, *, ask: bool = True) -> bool:
        """Become the one process that syncs this store; False while another one is, which is then asked to hurry."""
        with self.store.connection() as conn:
            if conn.execute(SQL["take_lease"], self._lease).fetchone() is not None:
                return True
            if ask:
                conn.execute(SQL["want_lease"])
            return False

    def lease_wanted(self) -> bool:
        """Whether another process waits for the lease."""
        with self.store.connection() as conn:
            row = conn.execute(SQL["lease_wanted"]).fetchone()
        return bool(row and row["wanted"])

    @contextmanager
    def leased(self, wait_s: float = 60.0) -> Iterator[None]:
        """Hold the lease for the block. Raises LeaseLost when it cannot be had within `wait_s` seconds."""
        give_up = time.monotonic() + wait_s
        while not self.take_lease():
            if self.stopping() or time.monotonic() > give_up:
                raise LeaseLost
            time.sleep(LEASE_POLL_S)
        try:
            yield
        finally:
            self.drop_lease()

    def drop_lease(self) -> None:
        with self.store.connection() as conn:
            conn.execute(SQL["drop_lease"], {"owner": self.owner})

    def hold_lease(self, conn: Connection[dict[str, Any]]) -> None:
        """Renew the lease in the transaction that writes; raises LeaseLost and so rolls it back."""
        if conn.execute(SQL["hold_lease"], self._lease).fetchone() is None:
            raise LeaseLost

    @property
    def _lease(self) -> dict[str, Any]:
        return {"owner": self.owner, "seconds": LEASE_SECONDS}

    def next_seq(self) -> int:
        with self.store.connection() as conn:
            row = conn.execute(SQL["next_seq"], {"now": self.clock()}).fetchone()
        assert row is not None
        return int(row["last_seq"])

    def write_page(
        self, seq: int, runs: Sequence[Run], rejected: Sequence[RejectedRow] = (), **then: dict[str, Any]
    ) -> None:
        """Commit one page of runs together with the named statements in `then`."""
        with self.store.connection() as conn:
            self.hold_lease(conn)
            if runs:
                conn.execute(SQL["upsert_runs"], {"seq": seq, "rows": run_rows(runs)})
                ended = [run.id for run in runs if run.status.is_terminal]
                if ended:
                    conn.execute(SQL["supersede"], {"seq": seq, "ids": ended})
            if rejected:
                conn.execute(SQL["record_rejected"], {"count": len(rejected), "sample": rejected[0].reason})
            for name, parameters in then.items():
                conn.execute(SQL[name], parameters)
        self._statistics.wrote(len(runs))

    def write_events(self, seq: int, events: Sequence[Event], **then: dict[str, Any]) -> None:
        """Commit one page of events and give waiting runs their tenants."""
        with self.store.connection() as conn:
            self.hold_lease(conn)
            if events:
                conn.execute(SQL["upsert_events"], {"rows": event_rows(events, self.document_fields)})
                event_ids = [event.id for event in events]
                conn.execute(SQL["apply_events"], {"seq": seq, "ids": event_ids})
                ids = [row["id"] for row in conn.execute(SQL["runs_of_events"], {"events": event_ids})]
                conn.execute(SQL["supersede"], {"seq": seq, "ids": ids})
            for name, parameters in then.items():
                conn.execute(SQL[name], parameters)
        self._statistics.wrote(len(events))


def sync_live(ctx: Context) -> MirrorState:
    """Bring the mirror up to date and publish it. Raises InngestError, StoreError, LeaseLost."""
    at = ctx.clock()
    seq = ctx.next_seq()
    listed, server_at = _read_active(ctx, seq)
    server_at = server_at or at
    with ctx.store.connection() as conn:
        marks = conn.execute(SQL["read_state"]).fetchone()
    assert marks is not None
    if marks["failed_watermark"] is None or marks["other_watermark"] is None:
        _begin_history(ctx, seq, server_at)
        marks = {**marks, "failed_watermark": server_at, "other_watermark": server_at, "events_watermark": server_at}
    for stream in STREAMS:
        _read_ended(ctx, seq, stream, marks[f"{stream}_watermark"])
    _read_missing(ctx, seq, listed, server_at)
    if ctx.client.can_read_events:
        _read_events(ctx, seq, marks["events_watermark"] or server_at)
    with ctx.store.connection() as conn:
        ctx.hold_lease(conn)
        conn.execute(SQL["publish"], {"seq": seq, "at": at, "server_at": server_at})
    return read_state(ctx.store)


def _read_active(ctx: Context, seq: int) -> tuple[list[str], datetime | None]:
    """Everything active, whatever its age (no `from`: a queued run may be older than any window)."""
    listed: list[str] = []
    server_at = None
    for page in pages(lambda cursor: ctx.client.list_runs(statuses=ACTIVE, cursor=cursor, deadline=soon())):
        server_at = server_at or page.fetched_at
        listed += [run.id for run in page.runs]
        ctx.write_page(seq, page.runs, page.rejected)
    return listed, server_at


def _read_ended(ctx: Context, seq: int, stream: str, watermark: datetime) -> None:
    """What ended since the watermark less an overlap, oldest first, moving the watermark page by page."""

    def ask(cursor: str | None) -> RunPage:
        return ctx.client.list_runs(
            statuses=STREAMS[stream],
            time_field="endedAt",
            since=watermark - OVERLAP,
            ascending=True,
            include_output=stream == "failed",
            cursor=cursor,
            deadline=soon(),
        )

    for page in pages(ask):
        # A row from the future must not carry the watermark past what has not ended yet.
        latest = page.fetched_at or datetime.max.replace(tzinfo=UTC)
        ended = [min(run.ended_at, latest) for run in page.runs if run.ended_at]
        moved = {f"move_watermark_{stream}": {"at": max(ended)}} if ended else {}
        ctx.write_page(seq, page.runs, page.rejected, **moved)


def _read_missing(ctx: Context, seq: int, listed: list[str], server_at: datetime) -> None:
    """Runs active here that no answer named are asked for alone, a bounded number a sync.

    One that cannot be read alone is counted as rejected and stays as it was: it must not hold up all the others.
    """
    with ctx.store.connection() as conn:
        rows = conn.execute(SQL["missing_active"], {"listed": listed, "limit": MISSING_PER_SYNC}).fetchall()
    for row in rows:
        try:
            run = ctx.client.get_run(row["id"], deadline=soon())
        except NotFound:
            ctx.write_page(seq, (), mark_gone={"id": row["id"], "at": server_at, "seq": seq})
            continue
        except InngestError as error:
            if error.code not in OF_ONE_RUN:
                raise
            ctx.write_page(
                seq, (), (RejectedRow(row["id"], error.message),), mark_checked={"id": row["id"], "seq": seq}
            )
            continue
        if run.ended_at is None and _skipped(ctx, run.id):
            ctx.write_page(seq, (), mark_gone={"id": row["id"], "at": server_at, "seq": seq})
        else:
            ctx.write_page(seq, (run,), mark_checked={"id": run.id, "seq": seq})


def _skipped(ctx: Context, run_id: str) -> bool:
    """Whether the trace of a run says that a rule skipped it; a trace that cannot be had says nothing."""
    try:
        return ctx.client.get_trace(run_id, include_output=False, deadline=soon()).skipped
    except InngestError as error:
        if error.code not in {"not_found", *OF_ONE_RUN}:
            raise
        return False


def _read_events(ctx: Context, seq: int, watermark: datetime) -> None:
    """New events, newest first, back to the watermark; a long way back is left to the backlog.

    Nothing is asked while every run's tenant is known.
    """
    with ctx.store.connection() as conn:
        row = conn.execute(SQL["oldest_without_tenant"], {"since": watermark - OVERLAP}).fetchone()
    if row is None or row["at"] is None:
        return
    after = min(watermark, row["at"]) - EVENT_OVERLAP
    newest = cursor = None

    def ask(place: str | None) -> EventPage:
        return ctx.client.list_events(received_after=after, cursor=place, deadline=soon())

    for page in pages(ask, most=EVENT_PAGES_PER_SYNC):
        newest = newest or max((event.received_at for event in page.events), default=None)
        ctx.write_events(seq, page.events)
        cursor = page.cursor
    then: dict[str, Any] = {}
    if cursor is not None:
        reached = min(event.received_at for event in page.events)
        then["add_backlog"] = {"kind": "events", "purpose": "catch_up", "from_at": after, "until_at": reached}
    if newest is not None:
        then["move_watermark_events"] = {"at": newest}
    if then:
        ctx.write_events(seq, (), **then)


def _begin_history(ctx: Context, seq: int, server_at: datetime) -> None:
    """First sync ever: watermarks start now, and the past becomes slices of a day, newest first."""
    slices = []
    until, oldest = server_at, server_at - ctx.history
    while until > oldest:
        since = max(until - SLICE, oldest)
        slices.append((since, until))
        until = since
    with ctx.store.connection() as conn:
        ctx.hold_lease(conn)
        for since, until in slices:
            for kind in (*STREAMS, *(("events",) if ctx.client.can_read_events else ())):
                conn.execute(SQL["add_backlog"], {"kind": kind, "purpose": "fill", "from_at": since, "until_at": until})
        for stream in (*STREAMS, "events"):
            conn.execute(SQL[f"move_watermark_{stream}"], {"at": server_at})


def sync_functions(ctx: Context) -> None:
    """Names and triggers of the app's functions, for labels and the type filter."""
    functions = ctx.client.list_functions()
    with ctx.store.connection() as conn:
        conn.execute(SQL["upsert_functions"], {"rows": function_rows(functions), "now": ctx.clock()})
        conn.execute(SQL["mark_functions"], {"now": ctx.clock()})
