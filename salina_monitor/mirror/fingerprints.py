"""Gives failures of an older version their fingerprint, some at a time."""

from __future__ import annotations

from salina_monitor.mirror.rows import fingerprint_of
from salina_monitor.mirror.state import SQL
from salina_monitor.mirror.sync import Context
from salina_monitor.models import JobStatus

AT_ONCE = 200


def add_missing_fingerprints(ctx: Context) -> int:
    """How many failures got one."""
    with ctx.store.connection() as conn:
        rows = conn.execute(SQL["without_fingerprint"], {"limit": AT_ONCE}).fetchall()
        for row in rows:
            key = fingerprint_of(
                row["function_id"], JobStatus.FAILED, row["error_name"], row["error_message"], row["error_stack"]
            )
            conn.execute(SQL["set_fingerprint"], {"id": row["id"], "fingerprint": key})
    return len(rows)
