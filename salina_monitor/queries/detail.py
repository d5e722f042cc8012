"""One job with its attempts: asked of Inngest now, from the mirror (marked stale) when that fails."""

from __future__ import annotations

import dataclasses
import time

from salina_monitor.inngest import BadAnswer, InngestError, NotFound
from salina_monitor.inngest.tenants import documents_of, tenant_of
from salina_monitor.mirror import spans
from salina_monitor.models import JobEntry, JobStatus, Run, Step, Trace
from salina_monitor.queries.predicates import filled, usual
from salina_monitor.queries.rows import entry_of, masked
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("jobs")
LIVE_BUDGET_S = 4.0
NOBODYS = "0" * 26
"""A well-formed id from before there were runs: Inngest knows no such job."""


def get_job_detail(job_id: str, *, source: JobSource | None = None) -> JobEntry | None:
    """The job as it is now, with attempts and masked input; None when neither Inngest nor the mirror knows it.

    A job out of the source's reach is one that nobody knows. When Inngest does not answer within four seconds
    the mirror answers and the entry is `stale`. Raises StoreError, and InngestError when only Inngest could tell.
    """
    source = source or current_source()
    remembered = _from_mirror(source, job_id)
    known = remembered if remembered and _reaches(source, remembered.tenant_id) else None
    foreign = remembered is not None and remembered.tenant_known and known is None
    if source.client is None:
        return known and dataclasses.replace(known, stale=True, stuck=_is_stuck(source, known))
    deadline = time.monotonic() + LIVE_BUDGET_S
    try:
        # An answer sooner or later than for an id that nobody has would tell that the job exists.
        trace = source.client.get_trace(NOBODYS if foreign else job_id, deadline=deadline)
        told = tenant_of(trace.input) if isinstance(trace.input, dict) else None
        tenant = told or (known.tenant_id if known else None)
        if foreign or not _reaches(source, tenant):
            return None
        run = source.client.get_run(job_id, deadline=deadline)
    except InngestError as error:
        if known is not None:
            # Inngest forgets after its retention; the mirror outlives it.
            return dataclasses.replace(known, stale=True, stuck=_is_stuck(source, known))
        # What cannot be read is there: that too is told only to those who may see every job.
        if isinstance(error, NotFound) or (isinstance(error, BadAnswer) and source.tenant is not None):
            return None
        raise
    job = _live(source, remembered, run, trace, tenant)
    return dataclasses.replace(job, stuck=_is_stuck(source, job))


def _is_stuck(source: JobSource, job: JobEntry) -> bool:
    """Whether it is marked in the list, too: by the mirror's times, at its last sync."""
    if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
        return False
    values = {**usual(source, source.state().as_of), "ids": [job.id]}
    with source.store.connection() as conn:
        return conn.execute(filled("stuck_of", SQL["stuck"]), values).fetchone() is not None


def _reaches(source: JobSource, tenant: str | None) -> bool:
    return source.tenant is None or tenant == source.tenant


def _from_mirror(source: JobSource, job_id: str) -> JobEntry | None:
    with source.store.connection() as conn:
        row = conn.execute(SQL["jobs_by_id"], {"ids": [job_id]}).fetchone()
    return entry_of(row, source, source.state().as_of) if row else None


def _live(source: JobSource, known: JobEntry | None, run: Run, trace: Trace, tenant: str | None) -> JobEntry:
    ended_at = run.ended_at or trace.ended_at
    # The single run may say "failed" between two attempts; without an end time the client says running.
    status = run.status
    started = trace.started_at if status is not JobStatus.QUEUED else None
    wait, duration = spans(run.queued_at, started, ended_at)
    _, total = spans(None, run.queued_at, ended_at)
    documents = documents_of(trace.input, source.document_fields) if isinstance(trace.input, dict) else ()
    error = (run.error or trace.error) if status is JobStatus.FAILED else None
    shared = source.tenant is not None and not {source.tenant} >= set(trace.tenants)
    inputs = source.inputs and not shared
    return JobEntry(
        id=run.id,
        type=source.types.type_of(run.function_id),
        type_label=source.types.label_of(run.function_id, run.function_name or ""),
        status=status,
        function_id=run.function_id,
        function_name=run.function_name or run.function_id,
        tenant_id=tenant,
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
        input=source.redact.value(trace.input) if inputs else None,
        output=source.redact.value(trace.output) if inputs else None,
        steps=tuple(_shown(step, source) for step in trace.steps),
        documents=(known.documents if known else ()) or documents,
        shared=shared,
        attempts=tuple(
            dataclasses.replace(attempt, error=masked(attempt.error, source.redact)) if attempt.error else attempt
            for attempt in trace.attempts
        ),
    )


def _shown(step: Step, source: JobSource) -> Step:
    error = masked(step.error, source.redact) if step.error else None
    return dataclasses.replace(step, name=source.redact(step.name), error=error)
