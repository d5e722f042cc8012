"""The page of one job, as Inngest has it now: fields, timeline, attempts, what belongs to it, input."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from salina_monitor.inngest import InngestError
from salina_monitor.models import JobEntry, User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.queries import get_job_detail
from salina_monitor.ui import job_actions, job_attempts, job_input, job_related, waterfall
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.acting import said
from salina_monitor.ui.format import age, clock, plural, span, zone
from salina_monitor.ui.job_details import details
from salina_monitor.ui.session import viewer_or_none
from salina_monitor.ui.text import plain

ID_LIMIT = 64
LIVE_EVERY_S = 3.0
_ENDED = "_job_ended"


def render(monitor: Monitor, user: User) -> None:
    """Title, then the job; what is active is asked for again every few seconds."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("### Job", width="stretch")
        st.button("Refresh", icon=":material/refresh:", type="primary", key="refresh")
        user_menu(user)
    st.link_button("All jobs", "/admin/system", icon=":material/arrow_back:", type="tertiary")
    given = st.query_params.get_all("id")
    job_id = given[0].strip() if len(given) == 1 else ""
    if not job_id or len(job_id) > ID_LIMIT or not job_id.isprintable():
        plain("The address names no job: it should end in ?id= and the id of a job.")
        return
    said()
    ended = st.session_state.get(_ENDED) == job_id
    st.fragment(_job, run_every=None if ended else LIVE_EVERY_S, key="job_live")(monitor, job_id)
    job_input.render(monitor, user, job_id)


def _job(monitor: Monitor, job_id: str) -> None:
    user = viewer_or_none()
    if user is None:
        return
    source = monitor.jobs_for(user)
    try:
        job = get_job_detail(job_id, source=source)
    except InngestError as error:
        plain(f"This job is not in the mirror, and Inngest cannot be asked. {error.message}")
        return
    if job is None:
        plain(f"No job {job_id} is known, neither to Inngest nor to the mirror.")
        return
    now = utcnow()
    _freshness(job, now)
    said(keep=True)  # a click in this fragment runs nothing but this fragment
    with st.container(border=True, key="job"):
        details(monitor, job, now, link_to_page=False)
        job_actions.render(monitor, job, user)
    _next_attempt(monitor, job, now)
    _timeline(job, now)
    job_attempts.render(job, now)
    job_related.render(job, source, now)
    if (job.status.is_terminal or job.stale) and st.session_state.get(_ENDED) != job_id:
        st.session_state[_ENDED] = job_id
        st.rerun()  # what has ended does not change any more: no more questions


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
    lines = waterfall.lines_of(steps, job.queued_at, end)
    total = span(round((end - job.queued_at) / timedelta(milliseconds=1)))
    with st.container(border=True, key="job_timeline"):
        so_far = "" if job.status.is_terminal else " so far"
        st.markdown("##### Timeline")
        st.caption(f"{total}{so_far} from the queue to the end, waits included")
        st.html(waterfall.waterfall(lines, total))
        st.html(waterfall.legend())
        if len(steps) > len(lines):
            st.caption(f"{plural(len(steps) - len(lines), 'more line')} in Inngest.")
