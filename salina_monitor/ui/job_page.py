"""The page of one job: the same fields as in the list's details, plainly, as Inngest has them now."""

from __future__ import annotations

import streamlit as st

from salina_monitor.inngest import InngestError
from salina_monitor.models import User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.queries import get_job_detail
from salina_monitor.ui import job_input
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.job_details import details
from salina_monitor.ui.text import plain

ID_LIMIT = 64


def render(monitor: Monitor, user: User) -> None:
    """Title, freshness, fields."""
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
    try:
        job = get_job_detail(job_id, source=monitor.jobs_for(user))
    except InngestError as error:
        plain(f"This job is not in the mirror, and Inngest cannot be asked. {error.message}")
        return
    if job is None:
        plain(f"No job {job_id} is known, neither to Inngest nor to the mirror.")
        return
    now = utcnow()
    tz, name = zone(st.context.timezone)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if job.stale:
            st.badge("Remembered", icon=":material/history:", color="orange")
            st.text("Inngest could not be asked for this job now; this is what the mirror remembers.")
        else:
            st.badge("Live", icon=":material/sensors:", color="green")
            st.text(f"as of {clock(now, tz, now)} ({name})")
    with st.container(border=True, key="job"):
        details(monitor, job, now, link_to_page=False)
    job_input.render(monitor, user, job.id)
