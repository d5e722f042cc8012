"""The one sentence on top: is anything wrong right now?"""

from __future__ import annotations

import streamlit as st

from salina_monitor.models import utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.queries import get_job_summary
from salina_monitor.ui import live as tab
from salina_monitor.ui.live import Live
from salina_monitor.ui.session import viewer_or_none
from salina_monitor.ui.text import plain
from salina_monitor.verdict import Level, verdict

LOOK = {
    Level.GOOD: ("All well", "green", ":material/check_circle:"),
    Level.UNKNOWN: ("Not fully known", "gray", ":material/help:"),
    Level.ATTENTION: ("Attention", "orange", ":material/warning:"),
    Level.TROUBLE: ("Trouble", "red", ":material/error:"),
}


@st.fragment(key="verdict")
def render(monitor: Monitor, live: Live) -> None:
    """Badge and sentence."""
    user = viewer_or_none()
    if user is None:
        return
    state = monitor.mirror.state()
    stale = "" if live.syncing and not live.overdue else tab.stale_sentence(state, utcnow(), overdue=live.overdue)
    said = verdict(
        get_job_summary(as_of=live.as_of, source=monitor.jobs_for(user)),
        tab.known_health(monitor),
        stale_reason=stale,
        filling=state.filling,
    )
    label, color, icon = LOOK[said.level]
    with st.container(border=True, key="verdict", horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]
        plain(said.text)
