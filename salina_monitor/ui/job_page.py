"""The page of one job, as Inngest has it now: fields, timeline, attempts, what belongs to it, input."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from salina_monitor.inngest import InngestError
from salina_monitor.inngest.steps import MOST_STEPS
from salina_monitor.models import JobEntry, User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource, get_job_detail
from salina_monitor.ui import job_actions, job_attempts, job_input, job_related, waterfall
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.acting import said
from salina_monitor.ui.bulk_links import query_of
from salina_monitor.ui.filter_row import chosen_view
from salina_monitor.ui.format import age, clock, plural, span, zone
from salina_monitor.ui.job_details import details, troubles_of
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.section import section
from salina_monitor.ui.session import BY_ITSELF, viewer_or_none
from salina_monitor.ui.text import plain

ID_LIMIT = 64
LIVE_EVERY_S, AWAY_EVERY_S = 3.0, 15.0
TALL, TALL_LINES = 620, 24
_PACE = "_job_pace"
"""Which job is followed, and every how many seconds; None when nothing of it changes any more."""


def render(monitor: Monitor, user: User) -> None:
    """Title, then the job; what is active is asked for again every few seconds."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("### Job", width="stretch")
        st.button("Refresh", icon=":material/refresh:", type="primary", key="refresh")
        user_menu(user)
    view = chosen_view()
    page_link("All jobs", f"/admin/system?{query_of(view.filters, view.page)}", icon=":material/arrow_back:")
    given = st.query_params.get_all("id")
    job_id = given[0].strip() if len(given) == 1 else ""
    if not job_id or len(job_id) > ID_LIMIT or not job_id.isprintable():
        plain("The address names no job: it should end in ?id= and the id of a job.")
        return
    said()
    st.fragment(_job, run_every=_pace(job_id), key="job_live")(monitor, job_id)
    job_input.render(monitor, user, job_id)


def _pace(job_id: str) -> float | None:
    followed, every = st.session_state.get(_PACE, ("", LIVE_EVERY_S))
    return every if followed == job_id else LIVE_EVERY_S


def _job(monitor: Monitor, job_id: str) -> None:
    st.session_state[BY_ITSELF] = True  # the clock looks: a job that runs for days keeps nobody signed in
    user = viewer_or_none()
    st.session_state.pop(BY_ITSELF, None)
    if user is None:
        return
    source = monitor.jobs_for(user)
    every: float | None = AWAY_EVERY_S
    with section("This job"):
        every = _found(monitor, job_id, source, user)
    if every != _pace(job_id):
        st.session_state[_PACE] = (job_id, every)
        st.rerun()


def _found(monitor: Monitor, job_id: str, source: JobSource, user: User) -> float | None:
    """Paint the job; in how many seconds to look again, None when it has ended."""
    try:
        job = get_job_detail(job_id, source=source)
    except InngestError as error:
        plain(f"This job is not in the mirror, and Inngest cannot be asked. {error.message}")
        return AWAY_EVERY_S
    if job is None:
        plain(f"No job {job_id} is known, neither to Inngest nor to the mirror.")
        return AWAY_EVERY_S
    now = utcnow()
    _freshness(job, now)
    said(keep=True)  # a click in this fragment runs nothing but this fragment
    # Above everything that can be long: how it went is said right here, and nobody scrolls past a stack to act.
    job_actions.render(monitor, job, user)
    with st.container(border=True, key="job"):
        details(monitor, job, now, link_to_page=False, troubles=troubles_of(job, source))
    _next_attempt(monitor, job, now)
    _timeline(job, now)
    job_attempts.render(job, now)
    job_related.render(job, source, now)
    if job.status.is_terminal:
        return None
    return AWAY_EVERY_S if job.stale else LIVE_EVERY_S


def _freshness(job: JobEntry, now: datetime) -> None:
    tz, name = zone(st.context.timezone)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if job.stale:
            st.badge("Remembered", icon=":material/history:", color="orange")
            st.text("Inngest could not be asked for this job now; this is what the mirror remembers.")
        else:
            st.badge("Live", icon=":material/sensors:", color="green")
            st.text(f"as of {clock(now, tz, now)} ({name})")


def _next_attempt(monitor: Monitor, job: JobEntry, now: datetime) -> None:
    """While a job is between two attempts: which one comes, and when."""
    if not job_attempts.is_between_attempts(job):
        return
    tz, name = zone(st.context.timezone)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="next_attempt"):
        st.badge("Retrying", icon=":material/autorenew:", color="orange")
        try:
            coming = monitor.client.next_attempt(job.id) if monitor.client.can_read_events else None
        except InngestError as error:
            plain(f"When it is tried again could not be asked. {error.message}")
            return
        if coming is None or coming.at is None:
            st.text("It failed and is to be tried again; Inngest does not say when.")
        else:
            when = f"in {age(coming.at - now)}" if coming.at > now else "now"
            st.text(f"Attempt {coming.number} comes {when}, at {clock(coming.at, tz, now)} ({name}).")


def _timeline(job: JobEntry, now: datetime) -> None:
    steps = job.steps or ()
    if not steps:
        return
    ends = [step.ended_at for step in steps if step.ended_at]
    end = max([job.completed_at or now, *ends])
    total = span(round((end - job.queued_at) / timedelta(milliseconds=1)))
    with st.container(border=True, key="job_timeline"):
        so_far = "" if job.status.is_terminal else " so far"
        st.markdown("##### Timeline")
        st.caption(f"{total}{so_far} from the queue to the end, waits included")
        most = _most_lines(job.id, len(steps))
        lines = waterfall.lines_of(steps, job.queued_at, end, most=most)
        # What is under a long timeline must not be out of sight: it scrolls in its own box.
        with st.container(height=TALL if len(lines) > TALL_LINES else "content", border=False, key="job_lines"):
            st.html(waterfall.waterfall(lines, total, of=len(steps)))
        st.html(waterfall.legend())
        if len(steps) >= MOST_STEPS:
            st.caption(f"Only the first {MOST_STEPS} lines are read; the others are in Inngest.")


def _most_lines(job_id: str, count: int) -> int:
    """How many lines to draw: all of a short timeline; of a long one the first, until somebody wants the others."""
    if count <= waterfall.MOST_LINES:
        return count
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        wants = st.toggle(f"All {plural(count, 'line')}", key=f"all_lines_{job_id}")
        if not wants:
            st.caption(f"The first {waterfall.MOST_LINES} are drawn.")
    return count if wants else waterfall.MOST_LINES
