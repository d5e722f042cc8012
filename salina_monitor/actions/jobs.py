"""What may be done with jobs: take a list away, look into an input. Both are written down before they happen."""

from __future__ import annotations

import dataclasses

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.activity import Activity, Entry, Kind
from salina_monitor.export import to_csv
from salina_monitor.models import JSON, AsOf, JobEntry, JobFilters
from salina_monitor.policy import Right
from salina_monitor.queries import COUNT_CAP, JobSource, get_job_detail, iter_jobs


def export_jobs(actor: Actor, activity: Activity, source: JobSource, filters: JobFilters, as_of: AsOf) -> str:
    """The filtered list as CSV, at most `COUNT_CAP` jobs. Raises Denied, StoreError."""
    permit(activity, actor, Right.EXPORT, "jobs")
    jobs = tuple(iter_jobs(filters, as_of, COUNT_CAP, source=_within_reach(actor, source)))
    detail: dict[str, JSON] = {"jobs": len(jobs), "range": filters.range.value}
    chosen = {"status": filters.status, "type": filters.type, "tenant": filters.tenant, "q": filters.text}
    detail |= {name: str(value) for name, value in chosen.items() if value}
    activity.add(Entry(Kind.EXPORT, actor.origin(), "jobs", detail=detail))
    return to_csv(jobs)


def reveal_input(actor: Actor, activity: Activity, source: JobSource, job_id: str) -> JobEntry | None:
    """The job with its masked input; None when there is none by this id that the actor may see.

    An entry that is `stale` comes without input, because only Inngest has it: then nothing was revealed.
    Raises Denied, StoreError, InngestError.
    """
    permit(activity, actor, Right.VIEW_JOB_INPUT, job_id)
    job = get_job_detail(job_id, source=dataclasses.replace(_within_reach(actor, source), inputs=True))
    if job is not None and not job.stale:
        activity.add(Entry(Kind.INPUT_REVEALED, actor.origin(), job.id, detail={"tenant": job.tenant_id}))
    return job


def _within_reach(actor: Actor, source: JobSource) -> JobSource:
    return dataclasses.replace(source, tenant=actor.user.tenant)
