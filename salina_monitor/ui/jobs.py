"""The list of jobs: filters, table, pages, errors. One fragment, so a click is one query and one repaint."""

from __future__ import annotations

import streamlit as st

from salina_monitor.models import JobFilters, JobPage, JobStatus, TimeRange, User
from salina_monitor.monitor import Monitor
from salina_monitor.queries import COUNT_CAP, PAGE_CAP, JobSource, count_new_jobs, get_filter_choices, get_recent_jobs
from salina_monitor.searchtext import MOST_VALUES, MOST_WORDS
from salina_monitor.ui import filter_row, job_details, job_table, trends
from salina_monitor.ui import live as tab
from salina_monitor.ui.bulk_links import bulk_link, query_of
from salina_monitor.ui.export_buttons import export_buttons
from salina_monitor.ui.filter_row import ChosenView, chosen_view
from salina_monitor.ui.filters import fingerprint
from salina_monitor.ui.format import count, plural, window, zone
from salina_monitor.ui.live import Live
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.section import section, sectioned
from salina_monitor.ui.session import guarded, viewer_or_none

PAGE_SIZE = 20


def show_only(status: JobStatus) -> None:
    """What a card counted: its status in the last 24 h, nothing else narrowed."""
    chosen_view().put(JobFilters(status=status))


@st.fragment(key="jobs")
@sectioned("The list of jobs")
def render(monitor: Monitor, live: Live) -> None:
    """Filters, table, pagination, expanders."""
    user = viewer_or_none()
    if user is None:
        return
    source = monitor.jobs_for(user)
    _views()
    filter_row.render(get_filter_choices(source=source))
    view = chosen_view()
    filter_row.write_url()  # before the question: should it take too long, the address keeps the filters
    page = get_recent_jobs(view.filters, view.page, PAGE_SIZE, as_of=live.as_of, source=source)
    view.page = page.page
    filter_row.write_url()
    with st.container(gap="small"):  # comes and goes: in a place of its own, or the table would be built anew each time
        _narrowed_further(view)
        _covered(view)
        for note in view.dropped:
            st.text(f"Ignored in the address: {note}.")
        with section("The trends"):
            trends.render(live, source, view.filters)
        _announce(monitor, live, view, source)
    if not page.jobs:
        _empty(monitor, live, view)
        return
    now = source.now_at(live.as_of)
    with st.container(key="jobs", gap="xsmall"):
        shown = fingerprint(view.filters, page.page, [job.id for job in page.jobs])
        job_table.render(monitor, live, page, now, shown)
    _below(monitor, live, page, view, user)
    job_details.expanders(monitor, live, page, now, source)
    tab.look_at(monitor, live, [job.id for job in page.jobs if not job.traced or not job.status.is_terminal])


VIEWS = (
    ("Failing now", ":material/error:", JobFilters(status=JobStatus.FAILED, range=TimeRange.HOUR)),
    ("Stuck", ":material/hourglass_bottom:", JobFilters(stuck=True)),
    ("Last night's batch", ":material/bedtime:", JobFilters(type="batch-statements")),
)
"""Ready-made views: label, icon, filters. Each is an address, so it can be kept as a bookmark."""


def _views() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="views"):
        for label, icon, filters in VIEWS:
            page_link(label, f"/admin/system?{query_of(filters)}", icon=icon)


def _announce(monitor: Monitor, live: Live, view: ChosenView, source: JobSource) -> None:
    """`+12 new`: what others' refreshes brought waits for a click, so that no row moves under the cursor."""
    latest = tab.state(monitor).as_of
    if live.syncing or latest.seq <= live.as_of.seq:
        return
    new = count_new_jobs(view.filters, live.as_of, latest, source=source)
    if new:
        capped = "+" if new >= 1_000 else ""
        st.button(
            f"+{new:,}{capped} new", key="new_jobs", icon=":material/arrow_upward:", type="tertiary",
            on_click=_take_new, args=(monitor, live),
        )  # fmt: skip


@guarded
def _take_new(monitor: Monitor, live: Live) -> None:
    live.as_of = monitor.mirror.state().as_of
    chosen_view().page = 1
    st.rerun(["cards", "verdict", "freshness", "jobs"])


def _narrowed_further(view: ChosenView) -> None:
    """What narrows the list without a widget of its own, and the way back."""
    since, until = view.filters.since, view.filters.until
    if not (view.filters.group or view.filters.stuck or since):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="group"):
        if view.filters.group:
            st.badge("One cause only", icon=":material/filter_alt:", color="orange")
        if view.filters.stuck:
            st.badge("Longer than usual only", icon=":material/filter_alt:", color="orange")
        if since and until:
            tz, name = zone(st.context.timezone)
            st.badge(f"Ended {window(since, until, tz)} ({name})", icon=":material/filter_alt:", color="orange")
        st.button("Show all", key="clear_group", type="tertiary", on_click=filter_row.clear_group)


@guarded
def _turned(key: str, filters: JobFilters) -> None:
    view = chosen_view()
    if view.filters == filters:  # else it is the page of the list before, told by a browser that is a moment behind
        view.page, view.dropped = st.session_state[key], ()


def _covered(view: ChosenView) -> None:
    """What a search looked at, so that nobody takes "not found" for "does not exist"."""
    if view.filters.text.strip():
        place = (
            "all that is remembered" if view.filters.range is TimeRange.ALL else f"the last {view.filters.range.value}"
        )
        if view.filters.since is not None:
            place = "what ended in the chosen time"
        st.caption(
            f"Searched {place}: ids of runs and events, tenants, documents and values of the input, functions, words"
            f" of the error; of long inputs the first {MOST_VALUES:,} values, and of their texts the first {MOST_WORDS}"
            " words. Every word must occur; the beginning of a word will do."
        )


def _below(monitor: Monitor, live: Live, page: JobPage, view: ChosenView, user: User) -> None:
    first = (page.page - 1) * page.page_size + 1
    total = count(page.total, capped=page.total_is_capped)
    word = view.filters.status.value + " " if view.filters.status else ""
    noun = "job" if page.total == 1 else "jobs"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{first:,}–{first + len(page.jobs) - 1:,} of {total} {word}{noun} · newest first", width="stretch")
        bulk_link(view.filters, user, "these")
        export_buttons(monitor, live, view.filters)
        pages = min(page.num_pages, PAGE_CAP)
        if pages > 1:
            # Another list or number of pages is another widget, which starts on the page the list is on.
            key = f"pages_{fingerprint(view.filters, pages, page.page)}"
            with st.container(key="page", width="content"):
                st.pagination(pages, default=page.page, key=key, on_change=_turned, args=(key, view.filters))
    if page.total_is_capped:
        st.caption(f"Only the newest {COUNT_CAP:,} can be paged through or exported; narrow the filter to see others.")


def _empty(monitor: Monitor, live: Live, view: ChosenView) -> None:
    """Why there is nothing: the reason decides what to do."""
    state = tab.state(monitor)
    narrowed = view.filters != JobFilters(range=view.filters.range) or view.filters.range is not TimeRange.DAY
    with st.container(border=True, key="jobs_empty", horizontal_alignment="center", gap="xsmall"):
        if live.as_of.at is None and state.problem is not None:
            st.text("No job can be shown: Inngest could not be read.")
            st.text(state.problem.message)
        elif live.as_of.at is None:
            st.text("Jobs are being read from Inngest for the first time…")
        elif state.filling and not narrowed:
            st.text("The history of jobs is being read; the first ones appear here in a moment.")
        elif narrowed:
            st.text("No job matches these filters.")
            if view.filters.text.strip() and (view.filters.range is not TimeRange.ALL or view.filters.since):
                st.button("Search all that is remembered", key="search_all", icon=":material/manage_search:",
                          on_click=filter_row.search_all)  # fmt: skip
            st.button("Clear filters", key="clear_filters", icon=":material/filter_alt_off:", on_click=filter_row.clear)
        else:
            st.text(f"{plural(0, 'job')} in the last 24 h: none ended and none is active.")
