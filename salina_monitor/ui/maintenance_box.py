"""Maintenance windows on the Health page: those that run and come, and the form that plans one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.incidents import NOTE_LIMIT, end_maintenance, plan_maintenance
from salina_monitor.health import JOBS, SCOPES, Window, WindowRefused, get_windows
from salina_monitor.models import Service, User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.ui.acting import act
from salina_monitor.ui.format import clock
from salina_monitor.ui.text import plain

LENGTHS = {
    "15 minutes": timedelta(minutes=15), "1 hour": timedelta(hours=1), "2 hours": timedelta(hours=2),
    "4 hours": timedelta(hours=4), "8 hours": timedelta(hours=8), "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
}  # fmt: skip


def scope_label(scope: str) -> str:
    """`S3`, `Jobs`."""
    return "Jobs" if scope == JOBS else Service(scope).label


def render(monitor: Monitor, user: User, now: datetime, tz: tzinfo, zone_name: str) -> None:
    """What is planned, then the way to plan more for those with the right."""
    windows = get_windows(monitor.store, now)
    for window in windows:
        _window(monitor, window, user, now, tz)
    if allows(user, Right.TRIAGE):
        with st.popover("Plan maintenance", icon=":material/construction:", key="maintenance_menu"):
            _form(monitor, now, tz, zone_name)


def told(window: Window, now: datetime, tz: tzinfo, *, whole: bool) -> str:
    """`Maintenance of S3 until 15:00: no alerts. moving buckets (ada)`."""
    names = ", ".join(scope_label(scope) for scope in SCOPES if scope in window.scopes)
    until = clock(window.ends_at, tz, now).rpartition(":")[0]
    begins = "" if window.starts_at <= now else f"from {clock(window.starts_at, tz, now).rpartition(':')[0]} "
    # The reason may name other tenants: who sees one only is told the times.
    why = f" {window.why} ({window.who})" if whole else ""
    return f"Maintenance of {names} {begins}until {until}: no alerts.{why}"


def _window(monitor: Monitor, window: Window, user: User, now: datetime, tz: tzinfo) -> None:
    runs = window.starts_at <= now
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"maintenance_{window.id}"):
        st.badge("Maintenance" if runs else "Planned", icon=":material/construction:", color="blue" if runs else "gray")
        plain(told(window, now, tz, whole=user.tenant is None))
        if allows(user, Right.TRIAGE):
            st.button(
                "End now" if runs else "Call off", key=f"maintenance_end_{window.id}", type="tertiary",
                icon=":material/event_busy:", on_click=_end, args=(monitor, window.id),
            )  # fmt: skip


def _form(monitor: Monitor, now: datetime, tz: tzinfo, zone_name: str) -> None:
    st.text("Alerts keep quiet; history, incidents and counts go on.")
    st.multiselect(
        "What", list(SCOPES), key="maintenance_scopes", format_func=scope_label, placeholder="services, jobs"
    )
    begins = st.radio("From", ("now", "a time"), key="maintenance_from", horizontal=True)
    if begins != "now":
        local = now.astimezone(tz)
        with st.container(horizontal=True, gap="small"):
            st.date_input("Day", local.date(), key="maintenance_day", min_value=local.date())
            st.time_input(f"Time ({zone_name})", local.time().replace(second=0, microsecond=0), key="maintenance_time")
    st.selectbox("For", list(LENGTHS), index=1, key="maintenance_for")
    st.text_input("Why", key="maintenance_why", max_chars=NOTE_LIMIT, placeholder="everybody sees it")
    st.button("Plan it", key="maintenance_plan", type="primary", on_click=_plan, args=(monitor, tz))


def moment_of(day: date, at: time, tz: tzinfo) -> datetime:
    """A time on a viewer's clock, in UTC: adding to it there would be wrong by an hour when clocks change."""
    return datetime.combine(day, at, tz).astimezone(UTC)


def _plan(monitor: Monitor, tz: tzinfo) -> None:
    chosen = st.session_state.get
    now = utcnow()
    day, at, starts = chosen("maintenance_day"), chosen("maintenance_time"), now
    if chosen("maintenance_from") != "now" and isinstance(day, date) and isinstance(at, time):
        starts = moment_of(day, at, tz)
    scopes: Sequence[str] = chosen("maintenance_scopes") or ()
    why, length = str(chosen("maintenance_why") or ""), LENGTHS[str(chosen("maintenance_for"))]

    def change(actor: Actor) -> str:
        activity = runtime.get().accounts.activity
        try:
            plan_maintenance(actor, activity, monitor.store, starts, starts + length, tuple(scopes), why, now=now)
        except WindowRefused as refused:
            return str(refused)
        st.session_state["maintenance_why"] = ""
        return "Planned. Alerts keep quiet then; history does not."

    act(change)


def _end(monitor: Monitor, window_id: int) -> None:
    def change(actor: Actor) -> str:
        done = end_maintenance(actor, runtime.get().accounts.activity, monitor.store, window_id)
        return "Alerts are on again." if done else "That maintenance is over."

    act(change)
