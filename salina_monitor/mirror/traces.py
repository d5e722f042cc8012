"""True start, wait, duration and retries come from the trace, one request a run: a queue of its own.

Rows on somebody's screen first, then failures, then what ended lately.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from salina_monitor.inngest import NotFound
from salina_monitor.mirror.rows import Payload
from salina_monitor.mirror.state import SQL
from salina_monitor.mirror.sync import Context
from salina_monitor.models import Trace

RECENT = timedelta(hours=24)


def without_trace(ctx: Context, wanted: list[str]) -> list[str]:
    """Those of `wanted`, in its order, whose trace is missing or of a run that has not ended."""
    with ctx.store.connection() as conn:
        missing = {row["id"] for row in conn.execute(SQL["want_trace"], {"ids": wanted})}
    return [run_id for run_id in wanted if run_id in missing]


def missing_traces(ctx: Context, limit: int = 20) -> list[str]:
    """Ids to trace when nobody looks: failures, then the newest of the last 24 h."""
    now = ctx.clock()
    with ctx.store.connection() as conn:
        rows = conn.execute(SQL["untraced_failures"], {"limit": limit}).fetchall()
        if not rows:
            span = {"since": now - RECENT, "now": now + RECENT, "limit": limit}
            rows = conn.execute(SQL["untraced_newest"], span).fetchall()
    return [row["id"] for row in rows]


def read_trace(ctx: Context, run_id: str) -> None:
    """Ask for one trace and keep what lists need of it; outputs are not kept."""
    try:
        trace = ctx.client.get_trace(run_id, include_output=True)
    except NotFound:
        with ctx.store.connection() as conn:
            conn.execute(SQL["trace_failed"], {"id": run_id})
        return
    save_trace(ctx, trace)


def save_trace(ctx: Context, trace: Trace) -> None:
    payload = Payload.of(trace.input, ctx.document_fields)
    wait, duration = spans(trace.queued_at, trace.started_at, trace.ended_at)
    with ctx.store.connection() as conn:
        state = conn.execute(SQL["read_state"]).fetchone()
        assert state is not None
        conn.execute(
            SQL["save_trace"],
            {
                "id": trace.run_id,
                "started_at": trace.started_at,
                "wait_ms": wait,
                "duration_ms": duration,
                "retry_count": trace.retry_count,
                "now": ctx.clock(),
                "tenant_id": payload.tenant,
                "documents": payload.documents,
                "tokens": payload.tokens,
                # Views open now must not see rows change sides: the tenant counts from the next sync on.
                "seq": state["last_seq"] + 1,
            },
        )
        if payload.documents:  # where no event told them, what it is about is known only now
            conn.execute(SQL["supersede"], {"seq": state["last_seq"] + 1, "ids": [trace.run_id]})


def spans(
    queued_at: datetime | None, started_at: datetime | None, ended_at: datetime | None
) -> tuple[int | None, int | None]:
    """Wait (queued → started) and duration (started → ended) in ms; clocks of two hosts never make them negative."""
    wait = _ms(queued_at, started_at)
    return wait, _ms(started_at, ended_at)


def _ms(start: datetime | None, end: datetime | None) -> int | None:
    if start is None or end is None:
        return None
    return max(0, round((end - start) / timedelta(milliseconds=1)))
