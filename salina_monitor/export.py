"""Jobs as CSV: exactly what is filtered, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from salina_monitor.models import JobEntry, iso

COLUMNS = (
    "id", "type", "function", "tenant", "status", "queued_at", "started_at", "completed_at",
    "wait_ms", "duration_ms", "retry_count", "error_name", "error_message",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MESSAGE_LIMIT = 2_000


def cell(value: object) -> str:
    """`value` as a cell that a spreadsheet takes for text, not for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def csv_rows(jobs: Iterable[JobEntry]) -> Iterator[list[str]]:
    """Header and one row a job, every cell safe."""
    yield list(COLUMNS)
    for job in jobs:
        error = job.error
        row = (
            job.id, job.type, job.function_id, job.tenant_id, job.status.value, iso(job.queued_at), iso(job.started_at),
            iso(job.completed_at), job.wait_ms, job.duration_ms, job.retry_count,
            error.name if error else None, error.message[:_MESSAGE_LIMIT] if error else None,
        )  # fmt: skip
        yield [cell(value) for value in row]


def to_csv(jobs: Iterable[JobEntry]) -> str:
    """The rows as one CSV text with a byte order mark, which spreadsheets need to read UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows(csv_rows(jobs))
    return f"\ufeff{out.getvalue()}"
