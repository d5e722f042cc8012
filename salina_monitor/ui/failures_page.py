"""Failures by cause: those that need attention first, then what was made good, ignored or resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import streamlit as st

from salina_monitor.coincidence import Coincidence
from salina_monitor.failures import FailureGroup, GroupState, state_of
from salina_monitor.models import AsOf, TimeRange, User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource, get_coincidences, get_failure_groups
from salina_monitor.queries.failures import left_out
from salina_monitor.ui import failure_group
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.acting import said
from salina_monitor.ui.format import clock, plural, zone
from salina_monitor.ui.range_choice import range_choice
from salina_monitor.ui.section import section
from salina_monitor.ui.session import guarded

RANGES = {TimeRange.DAY: "24 h", TimeRange.WEEK: "7 days", TimeRange.MONTH: "30 days"}
_APART = {
    GroupState.SUPERSEDED: "Made good later",
    GroupState.IGNORED: "Ignored",
    GroupState.RESOLVED: "Resolved",
}


def render(monitor: Monitor, user: User) -> None:
    """Title, range, groups."""

    @guarded
    def refresh() -> None:
        monitor.mirror.refresh()

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        with st.container(width="stretch", gap=None):
            st.markdown("### Failures")
            st.caption("Failed jobs by cause, most of them first")
        st.button("Refresh", icon=":material/refresh:", type="primary", key="refresh", on_click=refresh)
        user_menu(user)
    span = TimeRange(range_choice("failures", {one.value: words for one, words in RANGES.items()}, TimeRange.DAY.value))
    source = monitor.jobs_for(user)
    as_of = source.state().as_of
    _freshness(as_of, source, monitor)
    said()
    if as_of.at is None:
        st.text("No job has been read from Inngest yet; open the System page, it says why.")
        return
    with section("The failures"):
        _groups(monitor, source, span, as_of, user)


def _groups(monitor: Monitor, source: JobSource, span: TimeRange, as_of: AsOf, user: User) -> None:
    groups = get_failure_groups(span, as_of=as_of, source=source)
    now = source.now_at(as_of)
    by_state = {state: [group for group in groups if state_of(group, now) is state] for state in GroupState}
    attention = by_state[GroupState.REOPENED] + by_state[GroupState.OPEN]
    links = _links(groups, now - (span.span or timedelta(days=90)), as_of, source)
    _summary(attention, groups, span)
    for group in attention:
        fell_into = links.get(group.fingerprint, ())
        failure_group.render(monitor, group, state_of(group, now), span, as_of, user, fell_into)
    for state, title in _APART.items():
        _apart(monitor, by_state[state], title, state, span, as_of, user, links)


def _links(
    groups: Sequence[FailureGroup], since: datetime, as_of: AsOf, source: JobSource
) -> Mapping[str, Sequence[Coincidence]]:
    """The trouble of services that each group fell into, surest first."""
    causes = {g.fingerprint: (g.functions, g.count, g.points_to) for g in groups}
    found = get_coincidences(causes, since, as_of=as_of, source=source)
    return {key: [one for one in links if one.worth_saying] for key, links in found.items()}


def _freshness(as_of: AsOf, source: JobSource, monitor: Monitor) -> None:
    now = utcnow()
    tz, name = zone(st.context.timezone)
    stale = monitor.mirror.state().stale(now)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="freshness"):
        if stale:
            st.badge("Known", icon=":material/history:", color="gray")
        else:
            st.badge("Live", icon=":material/sensors:", color="green")
        st.text(f"as of {clock(as_of.at, tz, now)} ({name}){'; press Refresh to ask Inngest' if stale else ''}")
    if source.tenant is not None:
        st.text(f"Only jobs of {source.tenant} are counted.")


def _summary(attention: Sequence[FailureGroup], groups: Sequence[FailureGroup], span: TimeRange) -> None:
    missing = left_out(groups)
    if not groups:
        with st.container(border=True, key="failures_empty", horizontal_alignment="center"):
            st.text(f"No job failed in the last {RANGES[span]}.")
        return
    if not attention:
        none = "None of the failures looked at needs" if missing else "No failure needs"
        with st.container(border=True, key="failures_empty", horizontal_alignment="center"):
            st.text(f"{none} attention: what failed was made good, resolved or ignored; it is listed below.")
    else:
        failed = sum(group.open for group in attention)
        st.markdown(f"##### Needs attention: {plural(len(attention), 'cause')}, {plural(failed, 'failed job')}")
    if missing:
        st.caption(missing)


def _apart(
    monitor: Monitor, groups: Sequence[FailureGroup], title: str, state: GroupState, span: TimeRange, as_of: AsOf,
    user: User, links: Mapping[str, Sequence[Coincidence]],
) -> None:  # fmt: skip
    if not groups:
        return
    folded = st.expander(f"{title}: {plural(len(groups), 'cause')}", key=f"failures_{state.value}", on_change="rerun")
    if folded.open:
        with folded:
            for group in groups:
                fell_into = links.get(group.fingerprint, ())
                failure_group.render(monitor, group, state, span, as_of, user, fell_into)
