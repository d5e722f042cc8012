"""Fills a store with runs by COPY, as a year of use leaves them: skewed tenants, bursts, same milliseconds, long errors.

Indexes are made after the rows and counts by quarter from the rows, which is minutes instead of an hour; what is there
in the end is what the mirror's own writing leaves.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection, sql

from salina_monitor.fingerprint import fingerprint
from salina_monitor.mirror.state import SQL as MIRROR
from salina_monitor.searchtext import tokens
from salina_monitor.store import Store
from tests.bench.errors import error_of
from tests.bench.history import fill_around

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FUNCTIONS = ["generate-statement-pdf"] * 12 + ["generate-statements-batch"] * 3 + [
    "import-royalty-feed", "export-onix-feed", "sync-sales-channel", "send-author-notification", "nightly-cleanup",
]  # fmt: skip
NEVER = 9223372036854775807
SYNC_MS = 15_000
LARGE = 20_000
COLUMNS = (
    "id", "function_id", "function_name", "status", "queued_at", "ended_at", "is_long", "first_seq", "running_seq",
    "ended_seq", "event_id", "tenant_id", "tenant_seq", "error_name", "error_message", "error_stack", "started_at",
    "wait_ms", "duration_ms", "retry_count", "traced_at", "search", "documents", "fingerprint", "superseded_seq",
)  # fmt: skip
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOW = [_ALPHABET[n >> 10] + _ALPHABET[n >> 5 & 31] + _ALPHABET[n & 31] for n in range(32_768)]
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def fill(
    store: Store, runs: int, *, days: int = 30, tenants: int = 200, active: int = 300, failed: float = 0.06
) -> None:
    """`runs` ended runs over `days` days, `failed` of them failed, and `active` ones, all visible, as of `NOW`."""
    copy = sql.SQL("copy runs ({}) from stdin {}").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL("(freeze)" if runs >= LARGE else "")
    )
    last_seq = days * 86_400_000 // SYNC_MS + 2
    # A statement of this transaction may take long; as the table is new in it, rows and indexes are not logged either.
    with store.connection(statement_timeout_s=1800) as conn:
        conn.execute("set local maintenance_work_mem = '512MB'")
        with _without_indexes(conn, really=runs >= LARGE), conn.cursor().copy(copy) as out:
            for lines in _chunks(random.Random(5), runs, active, days, tenants, failed):
                out.write(lines)
        _count(conn)
        at = {"at": NOW, "seq": last_seq, "now": NOW, "since": NOW - timedelta(days=7), "limit": 100_000}
        conn.execute(
            "update mirror_state set visible_seq = %(seq)s, last_seq = %(seq)s, synced_at = %(at)s, server_at = %(at)s,"
            " failed_watermark = %(at)s, other_watermark = %(at)s, events_watermark = %(at)s, swept_at = %(at)s,"
            " functions_at = %(at)s",
            at,
        )
        conn.execute(MIRROR["compute_baselines"], at)
    fill_around(store, runs, NOW, sorted(set(FUNCTIONS)))
    with store.connection(statement_timeout_s=600) as conn:
        # What autovacuum does by itself in life; it cannot run inside a transaction.
        conn.rollback()
        conn.autocommit = True
        conn.execute("vacuum analyze")
        conn.execute("checkpoint") if _may_checkpoint(conn) else None
        conn.autocommit = False


def _may_checkpoint(conn: Connection[dict[str, Any]]) -> bool:
    row = conn.execute("select pg_has_role(current_user, 'pg_checkpoint', 'member') as may").fetchone()
    return bool(row and row["may"])


@contextmanager
def _without_indexes(conn: Connection[dict[str, Any]], *, really: bool) -> Iterator[None]:
    """Indexes and counting triggers of runs away for the block, and back as they were."""
    indexes = conn.execute(
        "select indexname, indexdef from pg_indexes where tablename = 'runs' and indexname <> 'runs_pkey'"
    ).fetchall()
    conn.execute("alter table runs disable trigger user")
    if really:
        conn.execute("truncate runs")
        for index in indexes:
            conn.execute(sql.SQL("drop index {}").format(sql.Identifier(index["indexname"])))
    yield
    if really:
        for index in indexes:
            conn.execute(index["indexdef"].encode())
    conn.execute("alter table runs enable trigger user")


def _count(conn: Connection[dict[str, Any]]) -> None:
    """What the triggers would have counted."""
    conn.execute(
        "insert into run_counts (bucket, function_id, status, n) select quarter_of(ended_at), function_id, status,"
        " count(*) from runs where ended_at < 'infinity' group by 1, 2, 3 order by 1, 2, 3"
    )
    conn.execute(
        "insert into run_counts_by_tenant (tenant_id, bucket, function_id, status, n) select tenant_id,"
        " quarter_of(ended_at), function_id, status, count(*) from runs"
        " where ended_at < 'infinity' and tenant_id is not null group by 1, 2, 3, 4 order by 2, 1, 3, 4"
    )
    each = ", ".join(f"sum(n * (status = '{status}')::int)" for status in ("completed", "failed", "cancelled"))
    columns = "n, completed, failed, cancelled"
    conn.execute(
        f"insert into run_counts_by_half (half, function_id, {columns}) select half_of(bucket), function_id, sum(n),"
        f" {each} from run_counts group by 1, 2 order by 1, 2".encode()
    )
    conn.execute(
        f"insert into run_counts_by_tenant_half (tenant_id, half, {columns}) select tenant_id, half_of(bucket), sum(n),"
        f" {each} from run_counts_by_tenant group by 1, 2 order by 2, 1".encode()
    )
    for part in ("day", "week"):
        conn.execute(
            f"insert into run_counts_by_tenant_{part} ({part}, tenant_id, {columns}) select {part}_of(half), tenant_id,"
            " sum(n), sum(completed), sum(failed), sum(cancelled) from run_counts_by_tenant_half"
            " group by 1, 2 order by 1, 2".encode()
        )


def _chunks(rnd: random.Random, runs: int, active: int, days: int, tenants: int, failed: float) -> Iterator[str]:
    """The rows as COPY reads them, some thousand at a time, oldest first, as runs arrive in life."""
    lines: list[str] = []
    now_ms, span_ms = int(NOW.timestamp() * 1000), days * 86_400_000
    first_ms = now_ms - span_ms
    for i, (queued, is_active) in enumerate(_moments(rnd, runs, active, now_ms, span_ms)):
        lines.append(_line(rnd, i, queued, first_ms, now_ms, tenants, failed, runs, is_active=is_active))
        if len(lines) == 5_000:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _moments(rnd: random.Random, runs: int, active: int, now_ms: int, span_ms: int) -> list[tuple[int, bool]]:
    """When each run was queued (ms): by day and night, a third in nightly bursts, a tenth of those in one millisecond."""
    found: list[tuple[int, bool]] = []
    last = now_ms - 200_000
    for _ in range(runs):
        ago = int(rnd.random() * (span_ms - 400_000))
        if rnd.random() < 0.3:
            ago = ago // 86_400_000 * 86_400_000 + int(rnd.random() * 600_000)
            if rnd.random() < 0.1:
                ago = ago // 60_000 * 60_000
        found.append((last - ago, False))
    found += [(now_ms - int(rnd.random() * 900_000), True) for _ in range(active)]
    found.sort()
    return found


def _line(
    rnd: random.Random, i: int, queued: int, first_ms: int, now_ms: int, tenants: int, failed: float, runs: int,
    *, is_active: bool,
) -> str:  # fmt: skip
    chance = rnd.random()
    function = FUNCTIONS[int(rnd.random() * len(FUNCTIONS))]
    tenant = f"tenant-{int(tenants * rnd.random() ** 4):04d}"
    wait = int(rnd.expovariate(1 / 1_500)) + 20
    took = int(rnd.expovariate(1 / 20_000)) + 200 if rnd.random() < 0.999 else 5_000_000
    ended = min(queued + wait + took, now_ms - 1)
    seq = 1 + (queued - first_ms) // SYNC_MS
    ended_seq = 1 + (ended - first_ms) // SYNC_MS
    status = "failed" if chance < failed else "cancelled" if chance < failed + 0.01 else "completed"
    name = message = stack = key = "\\N"
    words, superseded, extra = _words(function, tenant), NEVER, ""
    if is_active:
        status = "queued" if rnd.random() < 0.4 else "running"
    document = f"statement:st_{i * 7919 % max(1, runs * 3 // 5)}" if function.startswith("generate") else ""
    if document:
        extra = f" 'st' '{document[13:]}' '2026' 'q{i % 4 + 1}'"
    if status == "failed":
        error = error_of(rnd, tenant, document)
        key = fingerprint(function, error)
        extra += "".join(f" '{word}'" for word in tokens(error.name, error.message))
        name, message, stack = (_escaped(part) for part in (error.name, error.message, error.stack))
        superseded = ended_seq + 3 if rnd.random() < 0.1 else NEVER
    traced = not is_active and (status == "failed" or rnd.random() < 0.6)
    stamp = _stamp(queued)
    at = f"{_ALPHABET[queued >> 45 & 31]}" + "".join(_ALPHABET[queued >> s & 31] for s in (40, 35, 30, 25, 20, 15))
    at += _LOW[queued & 32_767]
    return (
        f"{at}{i:016d}\t{function}\t{function}\t{status}\t{stamp}\t{'infinity' if is_active else _stamp(ended)}"
        f"\t{'t' if is_active or ended - queued > 3_600_000 else 'f'}\t{seq}\t{NEVER if status == 'queued' else seq}"
        f"\t{NEVER if is_active else ended_seq}\t{at}E{i:015d}\t{tenant}\t{seq}\t{name}\t{message}\t{stack}"
        f"\t{_stamp(queued + wait) if traced else chr(92) + 'N'}\t{wait if traced else chr(92) + 'N'}"
        f"\t{max(0, ended - queued - wait) if traced else chr(92) + 'N'}"
        f"\t{(3 if status == 'failed' else 0) if traced else chr(92) + 'N'}\t{_stamp(ended) if traced else chr(92) + 'N'}"
        f"\t{words}{extra}\t{{{document}}}\t{key}\t{superseded}\n"
    )


_known_words: dict[tuple[str, str], str] = {}


def _words(function: str, tenant: str) -> str:
    if (function, tenant) not in _known_words:
        _known_words[function, tenant] = " ".join(f"'{word}'" for word in tokens(function, tenant))
    return _known_words[function, tenant]


def _escaped(text: str | None) -> str:
    return "\\N" if text is None else text.translate(_ESCAPES)


def _stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
