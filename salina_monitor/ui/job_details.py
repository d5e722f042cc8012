"""What is known of one job: fields, error, links. In expanders under the table and on the job page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

import streamlit as st

from salina_monitor.coincidence import Trouble, points_to, told_of_job
from salina_monitor.inngest.links import event_url, function_url, run_url
from salina_monitor.models import JobEntry, JobPage, JobStatus, iso
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource, get_troubles
from salina_monitor.ui.format import NONE, UNKNOWN, clock, plural, short_id, zone
from salina_monitor.ui.job_table import CHIPS, duration, wait
from salina_monitor.ui.live import Live
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.text import block, plain

_ICONS = {
    JobStatus.QUEUED: ":material/hourglass_top:",
    JobStatus.RUNNING: ":material/play_circle:",
    JobStatus.COMPLETED: ":material/check_circle:",
    JobStatus.FAILED: ":material/error:",
    JobStatus.CANCELLED: ":material/block:",
    JobStatus.UNKNOWN: ":material/help:",
}
# A label renders Markdown and links addresses: of foreign names only letters, digits, blanks and dashes stay.
_NOT_PLAIN = re.compile(r"[^\w \-]|_")


def expanders(monitor: Monitor, live: Live, page: JobPage, now: datetime, source: JobSource) -> None:
    """One expander for each failed job of the page, and for the one chosen in the table, which comes first, open."""
    chosen = [job for job in page.jobs if job.id == live.selected]
    failed = [job for job in page.jobs if job.status is JobStatus.FAILED and job.id != live.selected]
    for job in (*chosen, *failed):
        opened = st.expander(
            label(job),
            icon=_ICONS[job.status],
            expanded=job.id == live.selected,
            key=f"job_error_{job.id}",
            on_change="rerun",  # the body is painted when it is looked at: twenty stacks are a lot of page
        )
        if opened.open:
            with opened:
                details(monitor, job, now, link_to_page=True, troubles=troubles_of(job, source))


def troubles_of(job: JobEntry, source: JobSource) -> Sequence[Trouble]:
    """Incidents of services while a failed job was at work. Raises StoreError."""
    if job.status is not JobStatus.FAILED or job.completed_at is None:
        return ()
    return get_troubles(job.started_at or job.queued_at, job.completed_at, points_to(job.error), source=source)


def label(job: JobEntry) -> str:
    """`PDF generation · 01M84R…5QH14J · failed after 4 attempts (3 retries)`."""
    type_label = _NOT_PLAIN.sub(" ", job.type_label)[:80].strip() or "job"
    return f"{type_label} · {short_id(_NOT_PLAIN.sub(' ', job.id))} · {outcome(job)}"


def outcome(job: JobEntry) -> str:
    """How it stands, with attempts and retries as far as known."""
    word = "retrying" if job.status is JobStatus.RUNNING and job.retry_count else job.status.value
    if job.stuck:
        word += ", longer than usual for its type"
    if job.retry_count is None:
        return f"{word}, attempts not read yet" if job.status is JobStatus.FAILED else word
    attempts, retries = plural(job.retry_count + 1, "attempt"), plural(job.retry_count, "retry", "retries")
    if job.status is JobStatus.FAILED:
        return f"failed after {attempts} ({retries})"
    return f"{word}, {retries}" if job.retry_count else word


def details(
    monitor: Monitor, job: JobEntry, now: datetime, *, link_to_page: bool, troubles: Sequence[Trouble] = ()
) -> None:
    """All fields of a job, then its error. `troubles` are the incidents of services when it failed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        plain(outcome(job).capitalize())
        if link_to_page:
            url = f"/admin/job?id={quote(job.id, safe='')}"
            page_link("Job page", url, icon=":material/open_in_full:")
        url = run_url(monitor.settings, job.id) or ""
        if url:
            st.link_button("Run in Inngest", url, icon=":material/open_in_new:", type="tertiary",
                           help="View detailed job logs in Inngest")  # fmt: skip
        url = function_url(monitor.settings, job.function_id) or ""
        if url and not link_to_page:
            st.link_button("Function in Inngest", url, icon=":material/open_in_new:", type="tertiary")
        url = event_url(monitor.settings, job.event_id) or "" if job.event_id else ""
        if url and not link_to_page:
            st.link_button("Event in Inngest", url, icon=":material/open_in_new:", type="tertiary")
    _fields(job, now)
    if job.status is JobStatus.FAILED:
        _trouble(job, troubles, now)
    if job.error is not None:
        st.caption("Error")
        block(f"{job.error.name}: {job.error.message}" if job.error.name else job.error.message)
        if job.error.stack:
            st.caption("Stack")
            block(job.error.stack)
    elif job.status is JobStatus.FAILED:
        plain("Inngest gave no error for this run.")


def _trouble(job: JobEntry, troubles: Sequence[Trouble], now: datetime) -> None:
    tz, _ = zone(st.context.timezone)
    said = told_of_job(job.error, troubles, lambda at: clock(at, tz, now).rpartition(":")[0])
    if said:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"job_trouble_{job.id}"):
            st.badge("Service", icon=":material/link:", color="violet")
            plain(said)


def _fields(job: JobEntry, now: datetime) -> None:
    tz, zone_name = zone(st.context.timezone)

    def moment(at: datetime | None, unknown: str) -> tuple[str, str]:
        return (clock(at, tz, now), iso(at) or "") if at else (unknown, "")

    never = NONE if job.traced else UNKNOWN
    fields: list[tuple[str, str, str]] = [
        ("ID", job.id, ""),
        (
            "Type",
            job.type_label if job.type_label == job.function_name else f"{job.type_label} ({job.function_id})",
            "",
        ),
        ("Status", CHIPS[job.status][0], ""),
        ("Tenant", job.tenant_id or ("none" if job.tenant_known else UNKNOWN), ""),
        (f"Queued ({zone_name})", *moment(job.queued_at, UNKNOWN)),
        ("Started", *moment(job.started_at, never)),
        ("Completed" if job.status is JobStatus.COMPLETED else "Ended", *moment(job.completed_at, NONE)),
        ("Wait", wait(job, now), ""),
        ("Duration", duration(job, now), ""),
        ("Retries", UNKNOWN if job.retry_count is None else str(job.retry_count), ""),
    ]
    if job.cron_schedule:
        fields.append(("Schedule", job.cron_schedule, ""))
    with st.grid(columns="auto", min_column_width=150, gap="small"):
        for name, value, exact in fields:
            with st.container(gap=None):
                st.caption(name)
                st.text(value[:300], help=exact or None)
