"""The table of one page of jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from salina_monitor.inngest.links import run_url
from salina_monitor.models import JobEntry, JobPage, JobStatus
from salina_monitor.monitor import Monitor
from salina_monitor.ui.format import NONE, UNKNOWN, span, zone
from salina_monitor.ui.live import Live
from salina_monitor.ui.text import one_line

CHIPS = {
    JobStatus.QUEUED: ("Queued", "orange"),
    JobStatus.RUNNING: ("● Running", "blue"),
    JobStatus.COMPLETED: ("Completed", "green"),
    JobStatus.FAILED: ("Failed", "red"),
    JobStatus.CANCELLED: ("Cancelled", "gray"),
    JobStatus.UNKNOWN: ("Unknown", "violet"),
}
_TIME = "D MMM, HH:mm:ss"


def render(monitor: Monitor, live: Live, page: JobPage, now: datetime, rows_id: str) -> None:
    """Paint the table; choosing a row opens that job below. `rows_id` changes with the rows shown."""
    tz, _ = zone(st.context.timezone)
    frame = pd.DataFrame([_row(monitor, job, now) for job in page.jobs])
    with_links = frame["Inngest"].notna().any()
    chosen = st.dataframe(
        frame,
        # A selection is a position: it must not survive the rows that were under it.
        key=f"table_{rows_id}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        placeholder=NONE,
        alt=f"Jobs, page {page.page}: {len(page.jobs)} rows",
        column_order=[c for c in frame.columns if c != "Inngest" or with_links],
        column_config={
            # Cut by its width on the screen; copied, and read out, in full.
            "ID": st.column_config.TextColumn("ID", width=104),
            "Status": st.column_config.MultiselectColumn(
                "Status", options=[c[0] for c in CHIPS.values()], color=[c[1] for c in CHIPS.values()], width=98
            ),
            "Type": st.column_config.TextColumn("Type", width=135),
            "Tenant": st.column_config.TextColumn("Tenant", width=120),
            "Queued": st.column_config.DatetimeColumn("Queued", format=_TIME, timezone=str(tz), width=116),
            "Started": st.column_config.DatetimeColumn("Started", format=_TIME, timezone=str(tz), width=116),
            "Wait": st.column_config.TextColumn("Wait", width=84, help="Queued to started"),
            "Duration": st.column_config.TextColumn(
                "Duration", width=100, help="Started to ended, without the wait; “in all”: with it, not yet told apart"
            ),
            "Retries": st.column_config.NumberColumn("Retries", width=58),
            "Error": st.column_config.TextColumn("Error", width=106 if with_links else 162),
            "Open": st.column_config.LinkColumn("Open", display_text="Job page", width=70),
            "Inngest": st.column_config.LinkColumn("Inngest", display_text="Run", width=56),
        },
    )
    rows = chosen["selection"]["rows"]
    live.selected = page.jobs[rows[0]].id if rows and rows[0] < len(page.jobs) else None


def _row(monitor: Monitor, job: JobEntry, now: datetime) -> dict[str, Any]:
    return {
        "ID": job.id,
        "Type": one_line(job.type_label, 80),
        "Tenant": one_line(job.tenant_id, 80) if job.tenant_id else NONE if job.tenant_known else UNKNOWN,
        "Status": [CHIPS[job.status][0]],
        "Queued": job.queued_at,
        "Started": job.started_at,
        "Wait": wait(job, now),
        "Duration": duration(job, now),
        "Retries": job.retry_count,
        "Error": one_line(job.error.first_line) if job.error else "",
        "Open": f"/admin/job?id={quote(job.id, safe='')}",
        "Inngest": run_url(monitor.settings, job.id),
    }


def wait(job: JobEntry, now: datetime) -> str:
    """How long it waited; so far, while it waits; `…` until the trace was read, `—` where it never started."""
    if job.wait_ms is not None:
        return span(job.wait_ms)
    if job.status is JobStatus.QUEUED:
        return _so_far(job.queued_at, job, now)
    return NONE if job.traced and job.started_at is None else UNKNOWN


def duration(job: JobEntry, now: datetime) -> str:
    """How long it ran; "so far" while it runs; the total, marked as such, until the trace was read."""
    if job.duration_ms is not None:
        return span(job.duration_ms)
    if job.status is JobStatus.RUNNING and job.started_at is not None:
        return _so_far(job.started_at, job, now)
    if job.traced and job.started_at is None:
        return NONE
    return f"{span(job.total_ms)} in all" if job.total_ms is not None else UNKNOWN


def _so_far(since: datetime, job: JobEntry, now: datetime) -> str:
    so_far = span(max(0, round((now - since) / timedelta(milliseconds=1))))
    return f"{'⚠ ' if job.stuck else ''}{so_far} so far"
