"""Tables as CSV: exactly what is filtered, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from salina_monitor.models import JobEntry, iso

COLUMNS = (
    "id", "type", "function", "tenant", "status", "queued_at", "started_at", "completed_at",
    "wait_ms", "duration_ms", "retry_count", "error_name", "error_message",
)  # fmt: skip
# What spreadsheets take for the start of a formula, the full-width twins of some locales included.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_MESSAGE_LIMIT = 2_000


def cell(value: object) -> str:
    """`value` as a cell that a spreadsheet takes for text, not for a formula."""
    text = "" if value is None else str(value)
    shown = text.lstrip(" \u00a0\u3000\ufeff\u200b")
    return f"'{text}" if shown.startswith((*_FORMULA, "\t", "\r", "\n")) else text


def to_csv(jobs: Iterable[JobEntry], notes: Iterable[str] = ()) -> str:
    """One row a job, as `table_csv`."""
    return table_csv(COLUMNS, (_cells(job) for job in jobs), notes)


def table_csv(columns: Sequence[str], rows: Iterable[Iterable[object]], notes: Iterable[str] = ()) -> str:
    """Header and rows as CSV, every cell safe, with a byte order mark, which spreadsheets need to read UTF-8.

    `notes` come last, each as a row of one cell that begins with `#`: what was filtered, and whether it is all.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    writer.writerows([f"# {' '.join(note.split())}"] for note in notes)
    return f"\ufeff{out.getvalue()}"


def _cells(job: JobEntry) -> tuple[object, ...]:
    error = job.error
    return (
        job.id, job.type, job.function_id, job.tenant_id, job.status.value, iso(job.queued_at), iso(job.started_at),
        iso(job.completed_at), job.wait_ms, job.duration_ms, job.retry_count,
        error.name if error else None, error.message[:_MESSAGE_LIMIT] if error else None,
    )  # fmt: skip
