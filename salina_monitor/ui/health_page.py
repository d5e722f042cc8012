"""How the five services did: uptime, latency, incidents; and whether anybody was watching."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

import streamlit as st

from salina_monitor.health import (
    CollectorState,
    Incident,
    Uptime,
    count_incidents,
    get_uptime,
    newest_results,
    reach_s,
    read_collector,
)
from salina_monitor.models import HealthStatus, Service, TimeRange, User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.parts import days, edges_of, quarters
from salina_monitor.queries import get_trouble_jobs
from salina_monitor.ui import alert_section, incident_box, maintenance_box, uptime_bars
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.acting import said
from salina_monitor.ui.format import ago, clock, plural, span, zone
from salina_monitor.ui.health_grid import LOOK
from salina_monitor.ui.range_choice import range_choice
from salina_monitor.ui.section import section
from salina_monitor.ui.session import guarded
from salina_monitor.ui.text import plain

RANGES = {"24h": "24 h", "7d": "7 days", "90d": "90 days"}
AT_FIRST = 10


def render(monitor: Monitor, user: User) -> None:
    """Title, range, services, incidents."""

    @guarded
    def refresh() -> None:
        monitor.checks.start(force=True)
        monitor.checks.wait(6)

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        with st.container(width="stretch", gap=None):
            st.markdown("### Health")
            st.caption("The five services over time, and what went wrong")
        st.button("Refresh", icon=":material/refresh:", type="primary", key="refresh", on_click=refresh)
        user_menu(user)
    chosen = range_choice("health", RANGES, "24h")
    now = utcnow()
    tz, zone_name = zone(st.context.timezone)
    with section("Who watches"):
        _collector(read_collector(monitor.store), monitor, now, tz, zone_name)
    said()
    edges = _edges(chosen, now, tz)
    incidents = None
    with section("The incidents"):
        incidents, in_all = count_incidents(monitor.store, edges[0])
        if going_on := [one for one in incidents if one.closed_at is None]:
            st.markdown("##### Open incidents")
            _incidents(monitor, going_on, user, now, tz)
    with section("Maintenance"):
        maintenance_box.render(monitor, user, now, tz, zone_name)
    with section("The history of the services"):
        newest = newest_results(monitor.store)
        for uptime in get_uptime(monitor.store, edges):
            _service(monitor, uptime, newest.get(uptime.service), chosen, now, tz)
        st.html(uptime_bars.legend())
    alert_section.render(monitor, user, now, tz)
    if incidents is not None:  # else it was said above
        with section("The incidents"):
            _over(monitor, incidents, in_all, chosen, user, now, tz)


def _edges(chosen: str, now: datetime, tz: tzinfo) -> tuple[datetime, ...]:
    if chosen == "24h":
        return quarters(now)
    return edges_of(TimeRange.WEEK, now, tz) if chosen == "7d" else days(now, tz, 90)


def _collector(state: CollectorState, monitor: Monitor, now: datetime, tz: tzinfo, zone_name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="collector"):
        if state.age is None:
            st.badge("Not watched", icon=":material/visibility_off:", color="gray")
            st.text("Nothing collects yet: `serve` and `collect` do, unless MONITOR_COLLECT=0."
                    if monitor.settings.monitor_collect else
                    "Nothing collects: MONITOR_COLLECT is 0, so start `python -m salina_monitor collect`.")  # fmt: skip
        elif state.stands_still:
            st.badge("Stands still", icon=":material/error:", color="red")
            st.text(f"Nobody has watched since {clock(state.cycle_at, tz, now)} ({zone_name}); "
                    "start `serve` or `collect` again, or see its log.")  # fmt: skip
        else:
            st.badge("Watching", icon=":material/visibility:", color="green")
            took = "" if state.cycle_ms is None else f", which took {span(state.cycle_ms)}"
            plain(f"last round {ago(state.cycle_at, now)}{took}; {state.place}")
    if state.error_at is not None and now - state.error_at < timedelta(hours=1):
        plain(f"{plural(state.errors, 'fault')} so far, the last {ago(state.error_at, now)}: {state.error_message}")


def _service(
    monitor: Monitor, uptime: Uptime, newest: tuple[datetime, HealthStatus] | None, chosen: str, now: datetime,
    tz: tzinfo,
) -> None:  # fmt: skip
    with st.container(border=True, key=f"uptime_{uptime.service.value}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{uptime.service.label}**", width="content")
            _badge(monitor, uptime.service, newest, now, tz)
            facts = uptime_bars.summary(uptime, now)
            if uptime.p50_ms is not None:
                typical = " on a typical day" if chosen == "90d" else ""
                facts += f" · answers in {span(uptime.p50_ms)} (p50), {span(uptime.p95_ms)} (p95){typical}"
            st.text(facts)
        st.html(uptime_bars.bars(uptime, tz, now))


def _badge(
    monitor: Monitor, service: Service, newest: tuple[datetime, HealthStatus] | None, now: datetime, tz: tzinfo
) -> None:
    """How it is now by the newest result, be it another process's; nothing where there never was one."""
    own = monitor.checks.latest(service)  # may not be written yet
    if own is not None and (own.status is HealthStatus.NOT_CONFIGURED or newest is None or own.checked_at > newest[0]):
        newest = own.checked_at, own.status
    if newest is None:
        return
    at, status = newest
    until = at + timedelta(seconds=reach_s(monitor.settings)[service])
    if status is not HealthStatus.NOT_CONFIGURED and until < now:
        st.badge(f"Not watched since {clock(until, tz, now)}", icon=":material/visibility_off:", color="gray")
        return
    word, color, icon = LOOK[status]
    st.badge(word, icon=icon, color=color)  # type: ignore[arg-type]


def _over(
    monitor: Monitor, incidents: Sequence[Incident], in_all: int, chosen: str, user: User, now: datetime, tz: tzinfo
) -> None:
    over = [one for one in incidents if one.closed_at is not None]
    st.markdown(f"##### Incidents, {RANGES[chosen]}")
    if in_all > len(incidents):
        st.text(f"The newest {len(incidents)} of {in_all:,} incidents; those before are not listed.")
    if not over:
        with st.container(border=True, key="no_incidents"):
            also = "further " if incidents else ""
            st.text(f"No {also}incident in this range, as far as it was watched.")
        return
    shown = over if len(over) <= AT_FIRST else over[: _how_many(len(over))]
    _incidents(monitor, shown, user, now, tz)


def _incidents(monitor: Monitor, incidents: Sequence[Incident], user: User, now: datetime, tz: tzinfo) -> None:
    troubles = [trouble for one in incidents if (trouble := one.trouble) is not None]
    jobs = get_trouble_jobs(troubles, source=monitor.jobs_for(user))
    for incident in incidents:
        incident_box.render(monitor, incident, jobs.get(incident.id), user, now, tz)


def _how_many(found: int) -> int:
    return found if st.toggle(f"All {plural(found, 'incident')}", key="all_incidents") else AT_FIRST
