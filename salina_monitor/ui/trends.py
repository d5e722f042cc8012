"""What ended when, by status or by tenant, and how long jobs usually take. Folded until somebody wants it.

A piece of a bar, or its line in the menu below, narrows the list to exactly the jobs it counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from salina_monitor.coincidence import Trouble
from salina_monitor.models import NO_TENANT, JobFilters, JobStatus, TimeRange
from salina_monitor.parts import edges_of
from salina_monitor.queries import (
    Counts,
    JobSource,
    get_counts_by_status,
    get_counts_by_tenant,
    get_first_count,
    get_troubles,
)
from salina_monitor.queries.counts import OTHERS, SHOWN
from salina_monitor.ui import trend_chart, type_table
from salina_monitor.ui.bars import COLORS
from salina_monitor.ui.filter_row import chosen_view
from salina_monitor.ui.filters import stamp
from salina_monitor.ui.format import clock, plural, window, zone
from salina_monitor.ui.live import Live
from salina_monitor.ui.session import guarded
from salina_monitor.ui.text import one_line, plain

BY = {"status": "By status", "tenant": "By tenant", "type": "Usual times by type"}
RANGES = {TimeRange.DAY: "24 h", TimeRange.WEEK: "7 days", TimeRange.MONTH: "30 days"}
_STATUS_COLORS = (COLORS["green"], COLORS["red"], "#8a8f98")
# Told apart by colour-blind people too (Okabe and Ito), grey for all others.
_TENANT_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f5aa8", "#8a8f98")


def render(live: Live, source: JobSource, filters: JobFilters) -> None:
    """The folded section; part of the list's fragment, so that it follows the list's filters."""
    folded = st.expander("Trends and usual times", icon=":material/bar_chart:", key="trends", on_change="rerun")
    if not folded.open:
        return
    with folded:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="trends_choice"):
            by = st.segmented_control(
                "What", list(BY), default="status", key="trends_by", required=True, format_func=BY.__getitem__,
                label_visibility="collapsed",
            )  # fmt: skip
            if by != "type":
                span = st.segmented_control(
                    "Over", list(RANGES), default=TimeRange.DAY, key="trends_range", required=True,
                    format_func=RANGES.__getitem__, label_visibility="collapsed",
                )  # fmt: skip
        if by == "type":
            type_table.render(live, source)
        elif live.as_of.at is not None:
            _bars(live, source, filters, str(by), TimeRange(span))
        else:
            st.text("No job has been read from Inngest yet.")


def _bars(live: Live, source: JobSource, filters: JobFilters, by: str, span: TimeRange) -> None:
    tz, zone_name = zone(st.context.timezone)
    edges = edges_of(span, source.now_at(live.as_of), tz)
    labels: Mapping[str, str]
    colors: tuple[str, ...]
    if by == "status":
        counts = get_counts_by_status(edges, filters, as_of=live.as_of, source=source)
        labels = {status.value: status.value.capitalize() for status in SHOWN}
        colors = _STATUS_COLORS
        about = _about(filters.type, None if filters.tenant == NO_TENANT else filters.tenant)
        if filters.tenant == NO_TENANT:
            about += ", of all tenants and none"
    else:
        counts = get_counts_by_tenant(edges, filters, as_of=live.as_of, source=source)
        labels = {key: one_line(key, 60) if key != OTHERS else "all others" for key in counts.series}
        colors = tuple(_TENANT_COLORS[-1 if key == OTHERS else n] for n, key in enumerate(counts.series))
        about = _about(filters.type, filters.status if filters.status in SHOWN else None)
    step = "day" if span is TimeRange.MONTH else "hour"
    begins = _begins(source, edges[0])
    plain(f"Jobs that ended, by {step} ({zone_name}){about}; the last bar is still growing{begins}")
    if not counts.total:
        st.text(f"No job ended in these {RANGES[span]}.")
        return
    key = f"trend_{stamp(by, span, filters.type, filters.tenant, filters.status, live.as_of.seq)}"
    st.altair_chart(
        trend_chart.chart(counts, labels, colors, tz), key=key, on_select=partial(_picked, key, counts.edges, by),
        selection_mode=trend_chart.PICKED,
        alt=trend_chart.described(counts, labels, f"Jobs by {step} and {by}, {RANGES[span]}"),
    )  # fmt: skip
    _trouble(counts.edges, live, source)
    _menu(counts, labels, key, by)


def _trouble(edges: Sequence[datetime], live: Live, source: JobSource) -> None:
    """What was wrong with services meanwhile, under the bars, or that nothing is known to have been."""
    tz, _ = zone(st.context.timezone)
    now = source.now_at(live.as_of)
    troubles = get_troubles(edges[0], edges[-1], as_of=live.as_of, source=source)
    if not troubles:
        st.caption("No incident of a service is known over this time.")
        return

    def told(one: Trouble) -> str:
        return one.told(lambda at: clock(at, tz, now).rpartition(":")[0])

    st.caption("Incidents of services over the same time")
    st.altair_chart(
        trend_chart.bands(troubles, edges, now, told),
        key=f"trouble_{stamp(*edges[:: len(edges) - 1], live.as_of.seq)}",
        alt="; ".join(told(one) for one in troubles[-20:]),
    )  # fmt: skip


def _begins(source: JobSource, first: datetime) -> str:
    """From when on anything is known, where that is within the bars: before it an empty place is no zero."""
    tz, _ = zone(st.context.timezone)
    known = get_first_count(source=source)
    if known is None or known <= first:
        return ""
    local = known.astimezone(tz)
    return f"; no job from before {local.day} {local:%b %H:%M} is known"


def _about(*chosen: str | None) -> str:
    named = [one_line(str(one), 60) for one in chosen if one]
    return f", only {', '.join(named)}" if named else ""


def _menu(counts: Counts, labels: Mapping[str, str], key: str, by: str) -> None:
    """The same choice by keyboard: every piece that is not empty, newest first."""
    tz, _ = zone(st.context.timezone)
    pieces = [
        (part, series)
        for part in range(len(counts.edges) - 2, -1, -1) for series, bars in counts.series.items()
        if bars[part] and series != OTHERS  # a list of "all but these" cannot be asked for
    ]  # fmt: skip

    def label(piece: tuple[int, str]) -> str:
        part, series = piece
        when = window(counts.edges[part], counts.edges[part + 1], tz)
        return f"{when}: {labels[series]}, {plural(counts.series[series][part], 'job')}"

    st.selectbox(
        "Show the jobs of a bar", pieces, index=None, key=f"{key}_menu", format_func=label, on_change=_chosen,
        args=(f"{key}_menu", counts.edges, by), placeholder="Click a bar, or choose one here, to list its jobs",
        label_visibility="collapsed",
    )  # fmt: skip


@guarded
def _picked(key: str, edges: tuple[datetime, ...], by: str) -> None:
    """A click on the bars of `key`, which newer ones may have replaced meanwhile."""
    chosen = st.session_state.get(key) or {"selection": {}}
    picked = chosen["selection"].get(trend_chart.PICKED) or []
    if picked and isinstance(picked[0].get("part"), int) and 0 <= picked[0]["part"] < len(edges) - 1:
        _narrow(edges, picked[0]["part"], str(picked[0].get("key")), by)


@guarded
def _chosen(key: str, edges: tuple[datetime, ...], by: str) -> None:
    piece = st.session_state.get(key)
    if piece is not None:
        _narrow(edges, piece[0], piece[1], by)


def _narrow(edges: tuple[datetime, ...], part: int, series: str, by: str) -> None:
    """List what one piece of a bar counted; the filters that shaped the bars stay."""
    view = chosen_view()
    before = view.filters
    since, until = edges[part], edges[part + 1]
    if by == "status":
        status = JobStatus(series) if series in {s.value for s in SHOWN} else None
        tenant = None if before.tenant == NO_TENANT else before.tenant  # the bars count all then
        view.put(JobFilters(before.type, status, tenant, since=since, until=until))
    elif series != OTHERS:
        status = before.status if before.status in SHOWN else None
        view.put(JobFilters(before.type, status, series, since=since, until=until))
