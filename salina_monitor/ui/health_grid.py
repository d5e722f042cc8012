"""Five cards, one a service: state as icon, word and colour, latency, what to do, when it was asked."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from salina_monitor.models import HealthCheckResult, HealthStatus, Service, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.ui import live as tab
from salina_monitor.ui.format import clock, span, zone
from salina_monitor.ui.live import Live
from salina_monitor.ui.session import guarded, viewer_or_none
from salina_monitor.ui.text import plain

LOOK = {
    HealthStatus.HEALTHY: ("Healthy", "green", ":material/check_circle:"),
    HealthStatus.DEGRADED: ("Degraded", "orange", ":material/warning:"),
    HealthStatus.UNHEALTHY: ("Unhealthy", "red", ":material/cancel:"),
    HealthStatus.CHECKING: ("Checking", "yellow", ":material/progress_activity:"),
    HealthStatus.NOT_CONFIGURED: ("Not configured", "gray", ":material/do_not_disturb_on:"),
}


@st.fragment(key="health")
def render(monitor: Monitor, live: Live) -> None:
    """The grid; each card says what is known of its service, and whether an answer is being waited for."""
    if viewer_or_none() is None:
        return
    live.painted_health = tab.health_stamp(monitor)

    @guarded
    def check_again(*services: Service) -> None:
        monitor.checks.start(services or tuple(Service), force=True)

    states = Counter(_state(monitor, service) for service in Service)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("##### Services", width="stretch")
        st.caption(" · ".join(f"{n} {LOOK[s][0].lower()}" for s in LOOK if (n := states[s])), width="content")
        pressed = st.button(
            "Check all", icon=":material/restart_alt:", type="tertiary", key="check_all", on_click=check_again
        )
    again = False
    with st.grid(columns=5, min_column_width=170, gap="small", border=True):
        for service in Service:
            with st.container(
                gap="xxsmall", key=f"health_{service.value}", height="stretch", vertical_alignment="distribute"
            ):
                again |= _card(monitor, service, check_again)
    if (pressed or again) and monitor.checks.running():
        st.rerun()  # the ticker has to start


def _state(monitor: Monitor, service: Service) -> HealthStatus:
    result = monitor.checks.latest(service)
    if result is None or monitor.checks.is_waiting(service):
        return HealthStatus.CHECKING
    return result.status


def _card(monitor: Monitor, service: Service, check_again: object) -> bool:
    state, result = _state(monitor, service), monitor.checks.latest(service)
    word, color, icon = LOOK[state]
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.text(service.label, width="stretch")
            st.badge(word, icon=icon, color=color)  # type: ignore[arg-type]
        if result is None:
            st.markdown("#### …")
            plain("Asked now, no answer yet")
            return False
        _known(result, being_asked=state is HealthStatus.CHECKING)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
        # A moment, not an age: the page may stay open for an hour, and an age would go on claiming "3 s ago".
        tz, _ = zone(st.context.timezone)
        st.caption(f"checked {clock(result.checked_at, tz, utcnow())}", width="stretch")
        return st.button(
            "Again",
            type="tertiary",
            key=f"check_{service.value}",
            on_click=check_again,  # type: ignore[arg-type]
            args=(service,),
            disabled=state is HealthStatus.CHECKING,
        )


def _known(result: HealthCheckResult, *, being_asked: bool) -> None:
    st.markdown(f"#### {span(result.latency_ms) if result.latency_ms is not None else '—'}")
    plain(f"Before: {LOOK[result.status][0].lower()}. {result.message}" if being_asked else result.message)
