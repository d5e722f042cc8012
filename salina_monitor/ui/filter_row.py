"""The row of filters, and the view they stand for, in step with the address.

Widgets are seeded through their defaults, and get new keys when something else than themselves changes
them (address, card, "clear"). Set through the session state instead, a value is sent to the browser only
once, and is lost when the page is painted again before the widget's code has been loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import streamlit as st

from salina_monitor.models import NO_TENANT, JobFilters, TimeRange
from salina_monitor.queries import FilterChoices
from salina_monitor.ui.address import Address
from salina_monitor.ui.filters import STATUSES, TEXT_LIMIT, parameters_of, view_of
from salina_monitor.ui.session import guarded

_KEY = "_view"
ALL = ""
RANGES = {
    TimeRange.HOUR.value: "Last hour",
    TimeRange.DAY.value: "Last 24 h",
    TimeRange.WEEK.value: "Last 7 days",
    TimeRange.MONTH.value: "Last 30 days",
    TimeRange.ALL.value: "All",
}
_NAMES = ("status", "type", "tenant", "range", "q")


@dataclass
class ChosenView:
    """What one tab's list shows. `seed` is what the widgets of this `epoch` began with."""

    filters: JobFilters
    page: int = 1
    dropped: tuple[str, ...] = ()
    seed: JobFilters = field(default_factory=JobFilters)
    epoch: int = 0
    address: Address = field(default_factory=Address)

    def put(self, filters: JobFilters, page: int = 1, dropped: tuple[str, ...] = ()) -> None:
        """Show something that the widgets did not choose themselves."""
        self.filters, self.seed, self.page, self.dropped = filters, filters, page, dropped
        self.epoch += 1


def chosen_view() -> ChosenView:
    """The tab's view."""
    view: ChosenView = st.session_state.setdefault(_KEY, ChosenView(JobFilters()))
    return view


def read_url(*, opening: bool) -> None:
    """Take filters from an address that this tab did not write: deep links, back and forward.

    `opening`: the page was not on the screen before, so its widgets are new.
    """
    view = chosen_view()
    if (given := view.address.arrived()) is not None:
        read = view_of(given)
        view.put(read.filters, read.page, read.dropped)
    elif opening:
        view.put(view.filters, view.page)


def write_url() -> None:
    """Put the view into the address."""
    view = chosen_view()
    view.address.write(parameters_of(view.filters, view.page))


def render(choices: FilterChoices) -> None:
    """Paint the filters."""
    view = chosen_view()
    seed = {name: values[0] for name, values in _values(view.seed).items()}
    offered = {
        "type": {ALL: "All types", **choices.types},
        "tenant": {ALL: "All tenants", NO_TENANT: "No tenant", **{tenant: tenant for tenant in choices.tenants}},
        "range": RANGES,
    }
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        with st.container(key="q", width=280):
            st.text_input(
                "Search words and ids", seed["q"], key=f"q_{view.epoch}", placeholder="Search words and ids",
                label_visibility="collapsed", icon=":material/search:", max_chars=TEXT_LIMIT, on_change=_narrowed,
                args=(view.epoch,),
            )  # fmt: skip
        for name, label, width in (("type", "Type", 200), ("tenant", "Tenant", 190), ("range", "Time range", 150)):
            options = offered[name]
            if seed[name] not in options:  # a deep link may name what has no job here (any more)
                options = {**options, seed[name]: seed[name]}
            with st.container(key=name, width=width):
                st.selectbox(
                    label, list(options), list(options).index(seed[name]), key=f"{name}_{view.epoch}",
                    format_func=options.__getitem__,
                    label_visibility="collapsed", on_change=_narrowed, args=(view.epoch,),
                )  # fmt: skip
        with st.container(key="status", width="content"):
            st.segmented_control(
                "Status", [ALL, *STATUSES], default=seed["status"], key=f"status_{view.epoch}", required=True,
                format_func=lambda status: status.capitalize() or "All", label_visibility="collapsed",
                on_change=_narrowed, args=(view.epoch,),
            )  # fmt: skip


@guarded
def clear() -> None:
    """Nothing narrowed any more."""
    chosen_view().put(JobFilters())


@guarded
def search_all() -> None:
    """The same search, in all that is remembered."""
    view = chosen_view()
    view.put(replace(view.filters, range=TimeRange.ALL, since=None, until=None))


@guarded
def clear_group() -> None:
    """Without what has no widget: cause, stuck, window. The other filters stay as they are."""
    view = chosen_view()
    view.put(replace(view.filters, group=None, stuck=False, since=None, until=None))


@guarded
def _narrowed(epoch: int) -> None:
    view = chosen_view()
    if epoch != view.epoch:
        return  # a widget that was replaced meanwhile: what it says is of the list before
    given = {name: [str(st.session_state.get(f"{name}_{epoch}") or "")] for name in _NAMES}
    written = parameters_of(view.filters)
    # Another time range takes the place of a window.
    other_time = given["range"][0] != view.filters.range.value
    names = ("group", "stuck") if other_time else ("group", "stuck", "from", "to")
    kept = {name: [written[name]] for name in names if name in written}
    read = view_of({**given, **kept})
    view.filters, view.page, view.dropped = read.filters, 1, read.dropped


def _values(filters: JobFilters) -> dict[str, list[str]]:
    found = {name: [ALL] for name in _NAMES}
    found |= {name: [value] for name, value in parameters_of(filters).items()}
    found["range"] = [filters.range.value]
    return found
