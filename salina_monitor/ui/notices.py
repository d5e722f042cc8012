"""What whoever opens the System page must know about the monitor itself: nobody watches, or alerts are quiet."""

from __future__ import annotations

import streamlit as st

from salina_monitor.health import get_windows, read_collector
from salina_monitor.models import User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.ui import maintenance_box
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.section import sectioned
from salina_monitor.ui.text import plain


@sectioned("The notices")
def render(monitor: Monitor, user: User) -> None:
    """One line a notice; nothing while all is as it should be."""
    now = utcnow()
    tz, name = zone(st.context.timezone)
    state = read_collector(monitor.store)
    if state.stands_still:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="notice_collector"):
            st.badge("Not watched", icon=":material/visibility_off:", color="red")
            plain(
                f"Nobody has watched since {clock(state.cycle_at, tz, now)} ({name}): no history, no alerts. "
                "Start `serve` or `collect` again, or see its log."
            )
    for window in get_windows(monitor.store, now):
        if window.starts_at <= now:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge("Maintenance", icon=":material/construction:", color="blue")
                plain(maintenance_box.told(window, now, tz, whole=user.tenant is None))
