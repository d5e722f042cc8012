"""What may be done with jobs: take a list away, look into an input. Both are written down before they happen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.activity import Activity, Entry, Kind, Outcome
from salina_monitor.export import to_csv
from salina_monitor.models import JSON, AsOf, HealthCheckResult, JobEntry, JobFilters, User, iso
from salina_monitor.policy import Denied, Right
from salina_monitor.queries import (
    COUNT_CAP,
    JobSource,
    get_failure_groups,
    get_job_detail,
    get_job_summary,
    get_recent_jobs,
    iter_jobs,
)
from salina_monitor.queries.failures import left_out
from salina_monitor.report import MOST_JOBS, incident
from salina_monitor.report import chosen as filter_words

OTHERS_TOO = "This job worked for other tenants as well, so only someone who may see all tenants can look into it."
Sources = Callable[[User], JobSource]
"""Where a user's questions go, no further than they may look: `monitor.jobs_for`."""


def export_jobs(actor: Actor, activity: Activity, sources: Sources, filters: JobFilters, as_of: AsOf) -> str:
    """The filtered list as CSV, at most `COUNT_CAP` jobs. Raises Denied, StoreError."""
    permit(activity, actor, Right.EXPORT, "jobs")
    jobs = tuple(iter_jobs(filters, as_of, COUNT_CAP, source=sources(actor.user)))
    detail: dict[str, JSON] = {"jobs": len(jobs), "range": filters.range.value}
    chosen = {"status": filters.status, "type": filters.type, "tenant": filters.tenant, "q": filters.text}
    detail |= {name: str(value) for name, value in chosen.items() if value}
    activity.add(Entry(Kind.EXPORT, actor.origin(), "jobs", detail=detail))
    notes = [f"{len(jobs):,} jobs; {filter_words(filters)}; as of {iso(as_of.at)}"]
    if len(jobs) >= COUNT_CAP:
        notes.append(f"the newest {COUNT_CAP:,} only; narrow the filter to get the others")
    return to_csv(jobs, notes)


def export_summary(
    actor: Actor,
    activity: Activity,
    sources: Sources,
    filters: JobFilters,
    as_of: AsOf,
    *,
    verdict: str,
    health: Sequence[HealthCheckResult],
) -> str:
    """The list as Markdown (`report.incident`), with the causes of its failures only. Raises Denied, StoreError."""
    permit(activity, actor, Right.EXPORT, "summary")
    source = sources(actor.user)
    page = get_recent_jobs(filters, 1, MOST_JOBS, as_of=as_of, source=source)
    activity.add(Entry(Kind.EXPORT, actor.origin(), "summary", detail={"range": filters.range.value}))
    groups = get_failure_groups(filters.range, filters=filters, as_of=as_of, source=source)
    return incident(
        verdict=verdict,
        health=health,
        summary=get_job_summary(as_of=as_of, source=source),
        groups=groups,
        jobs=page.jobs,
        total=page.total,
        total_is_capped=page.total_is_capped,
        filters=filters,
        as_of=as_of,
        left_out=left_out(groups),
    )


def reveal_input(actor: Actor, activity: Activity, sources: Sources, job_id: str) -> JobEntry | None:
    """The job with its masked input; None when there is none by this id that the actor may see.

    An entry that is `stale` comes without input, because only Inngest has it: then nothing was revealed.
    Raises Denied (of a job that worked for other tenants too, to one who may see one tenant), StoreError, InngestError.
    """
    right = Right.VIEW_JOB_INPUT
    permit(activity, actor, right, job_id)
    job = get_job_detail(job_id, source=dataclasses.replace(sources(actor.user), inputs=True))
    if job is not None and job.shared:
        activity.add(Entry(Kind.ACCESS_REFUSED, actor.origin(), job.id, Outcome.REFUSED, {"right": right.value}))
        raise Denied(right, OTHERS_TOO)
    if job is not None and not job.stale:
        activity.add(Entry(Kind.INPUT_REVEALED, actor.origin(), job.id, detail={"tenant": job.tenant_id}))
    return job


def reveal_trace(actor: Actor, activity: Activity, sources: Sources, job_id: str) -> JSON:
    """The masked trace of a job as Inngest has it now; None when there is no such job that the actor may see.

    It holds input and outputs, so it takes the same right. Raises Denied, StoreError, InngestError.
    """
    job = reveal_input(actor, activity, sources, job_id)
    source = sources(actor.user)
    if job is None or job.stale or source.client is None:
        return None
    return source.redact.value(source.client.get_raw_trace(job.id))
