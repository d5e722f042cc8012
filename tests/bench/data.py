"""Fills a store with runs by COPY: skewed tenants, bursts, all statuses."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from psycopg import sql

from salina_monitor.searchtext import tokens
from salina_monitor.store import Store
from salina_monitor.ulid import first_ulid_at

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FUNCTIONS = ["generate-statement-pdf"] * 12 + ["generate-statements-batch"] * 3 + [
    "import-royalty-feed", "export-onix-feed", "sync-sales-channel", "send-author-notification", "nightly-cleanup",
]  # fmt: skip
ERRORS = [
    ("S3ServiceException", "PutObject 503 SlowDown: please reduce your request rate"),
    ("StatementRenderError", "could not render statement: KeyError 'template'"),
    ("LedgerLockedError", "Customer ledger is locked"),
]
NEVER = 9223372036854775807
COLUMNS = (
    "id", "function_id", "function_name", "status", "queued_at", "ended_at", "is_long", "first_seq", "running_seq",
    "ended_seq", "event_id", "tenant_id", "tenant_seq", "error_name", "error_message", "started_at", "wait_ms",
    "duration_ms", "retry_count", "traced_at", "search",
)  # fmt: skip


def fill(store: Store, runs: int, *, days: int = 30, tenants: int = 200, active: int = 300) -> None:
    """`runs` ended runs over `days` days and `active` ones, visible at seq 1, as of `NOW`."""
    rnd = random.Random(5)
    copy = sql.SQL("copy runs ({}) from stdin").format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))
    with store.connection(statement_timeout_s=600) as conn:
        with conn.cursor().copy(copy) as out:
            # Oldest first, as runs arrive in life: neighbours in time are neighbours on disk.
            rows = [_row(rnd, i, days, tenants, is_active=i >= runs) for i in range(runs + active)]
            for row in sorted(rows, key=lambda row: row[COLUMNS.index("queued_at")]):
                out.write_row(row)
        conn.execute(
            "update mirror_state set visible_seq = 1, last_seq = 1, synced_at = %(at)s, server_at = %(at)s, "
            "failed_watermark = %(at)s, other_watermark = %(at)s, events_watermark = %(at)s",
            {"at": NOW},
        )
    with store.connection(statement_timeout_s=600) as conn:
        conn.execute("analyze runs")
    with store.connection(statement_timeout_s=600) as conn:
        # What autovacuum does by itself in life; it cannot run inside a transaction.
        conn.rollback()
        conn.autocommit = True
        conn.execute("vacuum runs")
        conn.autocommit = False


def _row(rnd: random.Random, i: int, days: int, tenants: int, *, is_active: bool) -> tuple[object, ...]:
    ago = rnd.random() * days * 86_400
    if rnd.random() < 0.3:  # nightly bursts
        ago = int(ago / 86_400) * 86_400 + rnd.random() * 600
    queued = NOW - timedelta(seconds=rnd.random() * 900 if is_active else ago + 200)
    took = rnd.expovariate(1 / 20) + 0.2 if rnd.random() < 0.999 else 5_000.0
    ended = queued + timedelta(seconds=took)
    status = rnd.choices(["completed", "failed", "cancelled"], [94, 5, 1])[0]
    if is_active:
        status = rnd.choice(["queued", "running"])
    function = rnd.choice(FUNCTIONS)
    tenant = f"tenant-{int(tenants * rnd.random() ** 3):04d}"
    name, message = rnd.choice(ERRORS) if status == "failed" else (None, None)
    words = " ".join(f"'{w}'" for w in tokens(function, tenant, name, message))
    ulid = first_ulid_at(queued)[:10] + f"{i:016d}"
    return (
        ulid, function, function, status, queued, "infinity" if is_active else ended, is_active or took > 3600, 1,
        NEVER if status == "queued" else 1, NEVER if is_active else 1, f"E{i:025d}", tenant, 1, name, message,
        queued, 80, None if is_active else round(took * 1000), 3 if status == "failed" else 0, NOW, words,
    )  # fmt: skip
