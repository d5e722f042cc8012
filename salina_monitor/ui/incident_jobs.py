"""What failed within one incident: how much, for whom, and how much of it points to the service."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from salina_monitor.models import JobFilters, JobStatus, User
from salina_monitor.queries import TroubleJobs
from salina_monitor.ui.bulk_links import bulk_link, query_of
from salina_monitor.ui.format import percent, plural
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.text import one_line, plain


def render(jobs: TroubleJobs, user: User, now: datetime) -> None:
    """One line of facts, and the way to the jobs."""
    plain(told(jobs))
    if jobs.failed:
        until = (jobs.trouble.until or now) + timedelta(seconds=1)
        filters = JobFilters(status=JobStatus.FAILED, since=jobs.trouble.since, until=until)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = f"Show {plural(jobs.failed, 'failed job')}"
            page_link(label, f"/admin/system?{query_of(filters)}", icon=":material/list:")
            bulk_link(filters, user, "all")


def told(jobs: TroubleJobs) -> str:
    """`142 of 160 jobs that ended in it failed (89 %, usually 2.1 %), hitting 3 tenants: …; 118 point to S3.`"""
    if not jobs.ended:
        return "No job ended in it."
    if jobs.ended == 1 and not jobs.failed:
        return "The one job that ended in it did not fail."
    if not jobs.failed:
        return f"None of the {plural(jobs.ended, 'job')} that ended in it failed."
    usually = f", usually {percent(jobs.usual_failed, jobs.usual_ended)}" if jobs.usual_ended else ""
    text = (
        f"{jobs.failed:,} of {plural(jobs.ended, 'job')} that ended in it failed "
        f"({percent(jobs.failed, jobs.ended)}{usually})"
    )
    if jobs.tenants:
        named = one_line(", ".join(f"{tenant} ({n:,})" for tenant, n in jobs.tenants), 300)
        more = ", …" if jobs.tenant_count > len(jobs.tenants) else ""
        text += f", hitting {plural(jobs.tenant_count, 'tenant')}: {named}{more}"
    whose = jobs.trouble.service.label
    pointing = f"{jobs.named:,} of them with an error" if jobs.named else "none with an error"
    return f"{text}; {pointing} that points to {whose}."
