"""Title, what the page is, and the three things one does here: Inngest, refresh, own account."""

from __future__ import annotations

import streamlit as st

from salina_monitor.inngest.links import dashboard_url
from salina_monitor.models import User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.ui import auto_refresh
from salina_monitor.ui import live as tab
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.format import ago, clock, zone
from salina_monitor.ui.live import Live
from salina_monitor.ui.session import guarded, viewer_or_none

SKEW_WORTH_SAYING_S = 30


def render(monitor: Monitor, live: Live, user: User) -> None:
    """The header row and the freshness line under it."""

    @guarded
    def press_refresh() -> None:
        tab.refresh(monitor, live)

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        with st.container(width="stretch", gap=None):
            st.markdown("### System Monitoring")
            st.caption("Background jobs and the services they depend on")
        url = dashboard_url(monitor.settings)
        with st.container(width="content", key="inngest_link"):
            st.link_button(
                "Open in Inngest",
                url or "about:blank",
                icon=":material/open_in_new:",
                disabled=url is None,
                help="View detailed job logs in Inngest" if url else "Set INNGEST_DASHBOARD_URL to an https address",
            )
        auto_refresh.choice()
        st.button("Refresh", icon=":material/refresh:", type="primary", key="refresh", on_click=press_refresh)
        user_menu(user)
    freshness(monitor, live)


@st.fragment(key="freshness")
def freshness(monitor: Monitor, live: Live) -> None:
    """`Live · as of 14:03:20 (Europe/Paris)`, or since when it is stale and why."""
    user = viewer_or_none()
    if user is None:
        return
    state, now = tab.state(monitor), utcnow()
    tz, name = zone(st.context.timezone)
    at = live.as_of.at
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="freshness"):
        if at is None:
            label, icon, color, text = "Unknown", ":material/help:", "gray", "no job has been read from Inngest yet"
        elif live.overdue:
            label, icon, color = "Stale", ":material/history:", "orange"
            text = f"Inngest has not answered yet · as of {clock(at, tz, now)} ({name})"
        elif state.stale(now) and not live.syncing:
            label, icon, color = "Stale", ":material/history:", "orange"
            text = f"Inngest last answered {ago(at, now)} · as of {clock(at, tz, now)} ({name})"
        elif tab.is_behind(state, live.as_of, now) and not live.syncing:
            label, icon, color = "Old", ":material/history:", "orange"
            text = f"as of {clock(at, tz, now)} ({name}) · newer data is here: press Refresh"
        else:
            label, icon, color = "Live", ":material/sensors:", "green"
            text = f"as of {clock(at, tz, now)} ({name})"
            if state.stale(now) or tab.is_behind(state, live.as_of, now):
                label, icon, color = "Known", ":material/history:", "gray"
        st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]
        st.text(text)
        if live.syncing:
            st.badge("reading from Inngest", icon=":material/sync:", color="blue")
    if state.problem is not None and not live.syncing:
        with st.container(key="sync_problem"):
            st.text(f"{state.problem.message} (code {state.problem.code})")
    skew = state.skew.total_seconds()
    if abs(skew) > SKEW_WORTH_SAYING_S:
        st.text(
            f"This machine's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} Inngest's; "
            "check its time synchronisation. Ranges follow Inngest's clock."
        )
    if at is not None and not monitor.client.can_read_events:
        st.text(
            "With an Inngest API key alone, tenants are known only of jobs whose trace was read; "
            "set INNGEST_SIGNING_KEY to know all."
        )
    live.painted_overdue = live.overdue
    live.painted_filling = tab.is_filling(state)
    if state.filling and state.fill is not None:
        st.progress(min(max(state.fill, 0.0), 1.0), text=f"Reading the history of jobs: {state.fill:.0%}")
    if state.rejected_rows and user.tenant is None:
        st.text(f"{state.rejected_rows:,} rows of Inngest could not be read, for example: {state.rejected_sample}")
