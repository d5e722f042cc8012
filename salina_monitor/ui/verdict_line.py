"""The one sentence on top: is anything wrong right now, and what to do first?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from salina_monitor.models import AsOf, JobFilters, User, iso, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.ui import live as tab
from salina_monitor.ui.filter_row import chosen_view
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.live import Live
from salina_monitor.ui.section import sectioned
from salina_monitor.ui.session import guarded, viewer_or_none
from salina_monitor.ui.text import plain
from salina_monitor.verdict import Level, Verdict, verdict

LOOK = {
    Level.GOOD: ("All well", "green", ":material/check_circle:"),
    Level.UNKNOWN: ("Not fully known", "gray", ":material/help:"),
    Level.ATTENTION: ("Attention", "orange", ":material/warning:"),
    Level.TROUBLE: ("Trouble", "red", ":material/error:"),
}


def judge(
    monitor: Monitor,
    as_of: AsOf,
    user: User,
    *,
    stale: str,
    clock: Callable[[datetime], str] = lambda at: iso(at) or "",
) -> Verdict:
    """The verdict at `as_of`, as far as this user may look. Raises StoreError, Denied."""
    source = monitor.jobs_for(user)
    return verdict(
        tab.summary(source, as_of),
        tab.known_health(monitor),
        tab.evidence(source, as_of),
        stale_reason=stale,
        filling=tab.state(monitor).filling,
        clock=clock,
    )


@st.fragment(key="verdict")
@sectioned("The verdict")
def render(monitor: Monitor, live: Live) -> None:
    """Badge, sentence, and the next step with the jobs it is about."""
    user = viewer_or_none()
    if user is None:
        return
    now = utcnow()
    tz, _ = zone(st.context.timezone)
    state = tab.state(monitor)
    stale = tab.stale_sentence(state, now, shown=live.as_of, syncing=live.syncing, overdue=live.overdue)
    said = judge(monitor, live.as_of, user, stale=stale, clock=lambda at: clock(at, tz, now).rpartition(":")[0])
    label, color, icon = LOOK[said.level]
    with st.container(border=True, key="verdict", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]
            plain(said.text)
        if said.step:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="next_step"):
                plain(f"Next: {said.step}", width="content")
                if said.show is not None:
                    st.button(
                        "Show these jobs", key="verdict_open", type="tertiary", icon=":material/filter_alt:",
                        on_click=_show, args=(said.show,),
                    )  # fmt: skip


@guarded
def _show(filters: JobFilters) -> None:
    chosen_view().put(filters)
    st.rerun(["cards", "jobs"])
