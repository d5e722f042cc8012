"""What else belongs to a job: was it made after all, what else did its event start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

import streamlit as st

from salina_monitor.models import JobEntry, JobStatus
from salina_monitor.queries import JobSource, get_related_jobs
from salina_monitor.ui.format import clock, short_id, zone
from salina_monitor.ui.job_table import CHIPS
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.section import sectioned
from salina_monitor.ui.text import one_line, plain

_COLORS = {status: color for status, (_, color) in CHIPS.items()}


@sectioned("What belongs to this job")
def render(job: JobEntry, source: JobSource, now: datetime) -> None:
    """The section; says so where nothing is known."""
    related = get_related_jobs(job, source=source)
    with st.container(border=True, key="job_related"):
        _outcome(job, related.made_good_by, now)
        st.markdown("##### The same document")
        if not job.documents:
            st.text("This job names no document.")
        else:
            plain(", ".join(one_line(document.replace(":", " ", 1), 100) for document in job.documents))
            _rows(related.same_document, now, "No other job of this document is known.")
        st.markdown("##### The same event")
        _rows(related.same_event, now, "The event started no other job that is known.")


def _outcome(job: JobEntry, made: JobEntry | None, now: datetime) -> None:
    tz, name = zone(st.context.timezone)
    if job.status is not JobStatus.FAILED or (made is None and not job.documents):
        return  # of what names no document nobody can say that it was not made another way
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="made_later"):
        if made is None:
            st.badge("Not made since", icon=":material/error:", color="red")
            st.text("No later job of this document has completed.")
        else:
            st.badge("Made later", icon=":material/check_circle:", color="green")
            st.text(f"A later job completed it at {clock(made.completed_at, tz, now)} ({name}).")
            page_link("Open it", f"/admin/job?id={quote(made.id, safe='')}")


def _rows(jobs: Sequence[JobEntry], now: datetime, nothing: str) -> None:
    if not jobs:
        st.caption(nothing)
        return
    tz, _ = zone(st.context.timezone)
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(CHIPS[job.status][0], color=_COLORS[job.status])  # type: ignore[arg-type]
            st.text(f"{clock(job.queued_at, tz, now)} · {one_line(job.type_label, 60)}", width="stretch")
            url = f"/admin/job?id={quote(job.id, safe='')}"
            label = "".join(c for c in short_id(job.id) if c.isalnum() or c == "…") or "open"
            page_link(label, url, icon=":material/open_in_full:")
