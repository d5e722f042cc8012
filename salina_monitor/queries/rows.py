"""A row of the mirror as a JobEntry, as it was at the view's sync."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from salina_monitor.models import AsOf, JobEntry, JobError, JobStatus
from salina_monitor.queries.source import JobSource
from salina_monitor.redact import Redactor


def entry_of(row: dict[str, Any], source: JobSource, as_of: AsOf) -> JobEntry:
    """The job as the view sees it: what happened after its sync is not there yet."""
    types = source.types
    ended = row["ended_seq"] <= as_of.seq
    status = _status(row, ended, as_of.seq)
    completed_at = row["ended"] if ended and not row["is_gone"] else None
    tenant_known = row["tenant_seq"] <= as_of.seq
    started = row["started_at"] if status is not JobStatus.QUEUED else None
    error = None
    if ended and row["error_message"] is not None:
        error = masked(JobError(row["error_name"], row["error_message"], row["error_stack"]), source.redact)
    return JobEntry(
        id=row["id"],
        type=types.type_of(row["function_id"]),
        type_label=types.label_of(row["function_id"], row["function_name"]),
        status=status,
        function_id=row["function_id"],
        function_name=row["function_name"] or row["function_id"],
        tenant_id=row["tenant_id"] if tenant_known else None,
        tenant_known=tenant_known,
        queued_at=row["queued_at"],
        started_at=started,
        completed_at=completed_at,
        wait_ms=row["wait_ms"] if started else None,
        duration_ms=row["duration_ms"] if completed_at else None,
        total_ms=max(0, round((completed_at - row["queued_at"]) / timedelta(milliseconds=1))) if completed_at else None,
        error=error,
        retry_count=row["retry_count"],
        event_id=row["event_id"],
        cron_schedule=row["cron_schedule"],
        traced=row["traced_at"] is not None,
        documents=tuple(row["documents"]),
    )


def masked(error: JobError, redact: Redactor) -> JobError:
    """An error without secrets."""
    return JobError(
        redact(error.name) if error.name else error.name,
        redact(error.message),
        redact(error.stack) if error.stack else error.stack,
    )


def _status(row: dict[str, Any], ended: bool, seq: int) -> JobStatus:
    if ended or row["status"] == JobStatus.UNKNOWN:
        return JobStatus(row["status"])
    return JobStatus.RUNNING if row["running_seq"] <= seq else JobStatus.QUEUED
