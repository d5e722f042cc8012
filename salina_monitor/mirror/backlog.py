"""History: the first fill, what a long absence left, and the hourly re-sweep, read slice by slice.

A slice is read newest first; its position moves down with every page in the transaction that stores
the page, so an interrupted fill goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from salina_monitor.inngest import BadCursor, EventPage, RunPage
from salina_monitor.mirror.ahead import Ahead
from salina_monitor.mirror.state import SQL
from salina_monitor.mirror.sync import OVERLAP, STREAMS, Context
from salina_monitor.ulid import first_ulid_at

SWEEP_EVERY = timedelta(hours=1)
SWEEP_SPAN = timedelta(hours=24)
FUNCTIONS_EVERY = timedelta(minutes=10)
# Two pages may share a microsecond; asking a little past the position costs a repeated row, never a lost one.
_EDGE = timedelta(milliseconds=1)


def read_backlog_page(ctx: Context, ahead: Ahead | None = None) -> bool:
    """Read one page of the newest open slice and publish it; False when nothing is open.

    With `ahead` the slice's next page is asked for while this one is stored, for the next call with it.
    """
    with ctx.store.connection() as conn:
        piece = conn.execute(SQL["next_backlog"]).fetchone()
    if piece is None:
        return False
    seq = ctx.next_seq()
    try:
        page = ahead.take(_place(piece), _question(ctx, piece)) if ahead else _question(ctx, piece)()
    except BadCursor:
        if piece["kind"] == "events" and piece["cursor"] is None:
            raise  # refused is a place made of the time alone: asking again at once would go on for ever
        # A cursor expires with the server's memory of it; the position is enough to go on.
        _move(ctx, piece, piece["position"], None, done=False)
        return True
    if ahead and page.cursor is not None:
        following = {**piece, "cursor": page.cursor}
        ahead.ask(_place(following), _question(ctx, following))
    _store(ctx, seq, piece, page)
    return True


def _place(piece: dict[str, Any]) -> tuple[int, str | None]:
    """Slices are read by their cursor, where they have one."""
    return piece["id"], piece["cursor"]


def _question(ctx: Context, piece: dict[str, Any]) -> Callable[[], RunPage | EventPage]:
    if piece["kind"] == "events":
        return partial(
            ctx.client.list_events,
            received_after=piece["from_at"] - OVERLAP,
            cursor=piece["cursor"] or first_ulid_at(piece["until_at"] + _EDGE),
        )
    return partial(
        ctx.client.list_runs,
        statuses=STREAMS[piece["kind"]],
        time_field="endedAt",
        since=piece["from_at"],
        until=(piece["position"] if piece["cursor"] is None else piece["until_at"]) + _EDGE,
        include_output=piece["kind"] == "failed",
        cursor=piece["cursor"],
    )


def _store(ctx: Context, seq: int, piece: dict[str, Any], page: RunPage | EventPage) -> None:
    if isinstance(page, EventPage):
        times = [event.received_at for event in page.events]
    else:
        times = [run.ended_at for run in page.runs if run.ended_at]
    then = {
        "move_backlog": _moved(piece, min(times, default=piece["position"]), page.cursor, done=page.cursor is None),
        "publish_history": {"seq": seq},
    }
    if isinstance(page, EventPage):
        ctx.write_events(seq, page.events, **then)
    else:
        ctx.write_page(seq, page.runs, page.rejected, **then)


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
