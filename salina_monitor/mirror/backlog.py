"""History: the first fill, what a long absence left, and the hourly re-sweep, read slice by slice.

A slice is read newest first; its position moves down with every page in the transaction that stores
the page, so an interrupted fill goes on where it stopped.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from salina_monitor.inngest import BadCursor
from salina_monitor.mirror.state import SQL
from salina_monitor.mirror.sync import OVERLAP, STREAMS, Context
from salina_monitor.ulid import first_ulid_at

SWEEP_EVERY = timedelta(hours=1)
SWEEP_SPAN = timedelta(hours=24)
FUNCTIONS_EVERY = timedelta(minutes=10)
# Two pages may share a microsecond; asking a little past the position costs a repeated row, never a lost one.
_EDGE = timedelta(milliseconds=1)


def read_backlog_page(ctx: Context) -> bool:
    """Read one page of the newest open slice and publish it; False when nothing is open."""
    with ctx.store.connection() as conn:
        piece = conn.execute(SQL["next_backlog"]).fetchone()
    if piece is None:
        return False
    seq = ctx.next_seq()
    try:
        if piece["kind"] == "events":
            _read_event_page(ctx, seq, piece)
        else:
            _read_run_page(ctx, seq, piece)
    except BadCursor:
        if piece["kind"] == "events" and piece["cursor"] is None:
            raise  # refused is a place made of the time alone: asking again at once would go on for ever
        # A cursor expires with the server's memory of it; the position is enough to go on.
        _move(ctx, piece, piece["position"], None, done=False)
    return True


def _read_run_page(ctx: Context, seq: int, piece: dict[str, Any]) -> None:
    page = ctx.client.list_runs(
        statuses=STREAMS[piece["kind"]],
        time_field="endedAt",
        since=piece["from_at"],
        until=(piece["position"] if piece["cursor"] is None else piece["until_at"]) + _EDGE,
        include_output=piece["kind"] == "failed",
        cursor=piece["cursor"],
    )
    oldest = min((run.ended_at for run in page.runs if run.ended_at), default=piece["position"])
    ctx.write_page(
        seq,
        page.runs,
        page.rejected,
        move_backlog=_moved(piece, oldest, page.cursor, done=page.cursor is None),
        publish_history={"seq": seq},
    )


def _read_event_page(ctx: Context, seq: int, piece: dict[str, Any]) -> None:
    cursor = piece["cursor"] or first_ulid_at(piece["until_at"] + _EDGE)
    page = ctx.client.list_events(received_after=piece["from_at"] - OVERLAP, cursor=cursor)
    oldest = min((event.received_at for event in page.events), default=piece["from_at"])
    ctx.write_events(
        seq,
        page.events,
        move_backlog=_moved(piece, oldest, page.cursor, done=page.cursor is None),
        publish_history={"seq": seq},
    )


def _moved(piece: dict[str, Any], position: Any, cursor: str | None, *, done: bool) -> dict[str, Any]:
    return {"id": piece["id"], "position": piece["from_at"] if done else position, "cursor": cursor, "done": done}


def _move(ctx: Context, piece: dict[str, Any], position: Any, cursor: str | None, *, done: bool) -> None:
    with ctx.store.connection() as conn:
        conn.execute(SQL["move_backlog"], _moved(piece, position, cursor, done=done))


def queue_sweep(ctx: Context) -> bool:
    """Once an hour, queue a second reading of the last 24 h: it catches rows that arrived late."""
    with ctx.store.connection() as conn:
        state = conn.execute(SQL["read_state"]).fetchone()
        assert state is not None
        now = state["server_at"]
        if now is None:
            return False
        if state["swept_at"] is None:  # the first fill has just read all of it
            conn.execute(SQL["mark_swept"], {"at": now})
            return False
        if now - state["swept_at"] < SWEEP_EVERY:
            return False
        for kind in STREAMS:
            conn.execute(
                SQL["add_backlog"], {"kind": kind, "purpose": "sweep", "from_at": now - SWEEP_SPAN, "until_at": now}
            )
        conn.execute(SQL["mark_swept"], {"at": now})
        conn.execute(SQL["trim_backlog"])
        conn.execute(SQL["forget_events"], {"before": now - ctx.history - SWEEP_SPAN})
    return True


def functions_due(ctx: Context) -> bool:
    """True when the functions were not read for ten minutes."""
    with ctx.store.connection() as conn:
        state = conn.execute(SQL["read_state"]).fetchone()
    assert state is not None
    return state["functions_at"] is None or ctx.clock() - state["functions_at"] > FUNCTIONS_EVERY
