"""One job with its attempts: asked of Inngest now, from the mirror (marked stale) when that fails."""

from __future__ import annotations

import dataclasses
import time

from salina_monitor.inngest import InngestError, NotFound
from salina_monitor.inngest.tenants import documents_of, tenant_of
from salina_monitor.mirror import spans
from salina_monitor.models import JobEntry, JobStatus, Run, Step, Trace
from salina_monitor.queries.rows import entry_of, masked
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("jobs")
LIVE_BUDGET_S = 4.0


def get_job_detail(job_id: str, *, source: JobSource | None = None) -> JobEntry | None:
    """The job as it is now, with attempts and masked input; None when neither Inngest nor the mirror knows it.

    A job out of the source's reach is one that nobody knows. When Inngest does not answer within four seconds
    the mirror answers and the entry is `stale`. Raises StoreError, and InngestError when only Inngest could tell.
    """
    source = source or current_source()
    remembered = _from_mirror(source, job_id)
    known = remembered if remembered and _reaches(source, remembered) else None
    if source.client is None:
        return known and dataclasses.replace(known, stale=True)
    deadline = time.monotonic() + LIVE_BUDGET_S
    try:
        trace = source.client.get_trace(job_id, deadline=deadline)
        run = source.client.get_run(job_id, deadline=deadline)
    except NotFound:
        # Inngest forgets after its retention; the mirror outlives it.
        return known and dataclasses.replace(known, stale=True)
    except InngestError:
        if known is None:
            raise
        return dataclasses.replace(known, stale=True)
    # Told apart only here, after Inngest was asked: an answer in less time would tell that the job exists.
    found = _live(source, remembered, run, trace)
    foreign = remembered is not None and remembered.tenant_known and known is None
    return found if _reaches(source, found) and not foreign else None


def _reaches(source: JobSource, job: JobEntry) -> bool:
    return source.tenant is None or job.tenant_id == source.tenant


def _from_mirror(source: JobSource, job_id: str) -> JobEntry | None:
    with source.store.connection() as conn:
        row = conn.execute(SQL["jobs_by_id"], {"ids": [job_id]}).fetchone()
    return entry_of(row, source, source.state().as_of) if row else None


def _live(source: JobSource, known: JobEntry | None, run: Run, trace: Trace) -> JobEntry:
    ended_at = run.ended_at or trace.ended_at
    # The single run may say "failed" between two attempts; without an end time the client says running.
    status = run.status
    started = trace.started_at if status is not JobStatus.QUEUED else None
    wait, duration = spans(run.queued_at, started, ended_at)
    _, total = spans(None, run.queued_at, ended_at)
    tenant = tenant_of(trace.input) if isinstance(trace.input, dict) else None
    documents = documents_of(trace.input, source.document_fields) if isinstance(trace.input, dict) else ()
    error = (run.error or trace.error) if status is JobStatus.FAILED else None
    return JobEntry(
        id=run.id,
        type=source.types.type_of(run.function_id),
        type_label=source.types.label_of(run.function_id, run.function_name or ""),
        status=status,
        function_id=run.function_id,
        function_name=run.function_name or run.function_id,
        tenant_id=tenant or (known.tenant_id if known else None),
        tenant_known=True,
        queued_at=run.queued_at,
        started_at=started,
        completed_at=ended_at,
        wait_ms=wait,
        duration_ms=duration,
        total_ms=total,
        error=masked(error, source.redact) if error else None,
        retry_count=trace.retry_count,
        event_id=run.event_ids[0] if run.event_ids else None,
        cron_schedule=run.cron_schedule or (known.cron_schedule if known else None),
        traced=True,
        input=source.redact.value(trace.input) if source.inputs else None,
        output=source.redact.value(trace.output) if source.inputs else None,
        steps=tuple(_shown(step, source) for step in trace.steps),
        documents=(known.documents if known else ()) or documents,
        attempts=tuple(
            dataclasses.replace(attempt, error=masked(attempt.error, source.redact)) if attempt.error else attempt
            for attempt in trace.attempts
        ),
    )


def _shown(step: Step, source: JobSource) -> Step:
    error = masked(step.error, source.redact) if step.error else None
    return dataclasses.replace(step, name=source.redact(step.name), error=error)
