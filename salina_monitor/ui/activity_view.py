"""What the Activity page shows ↔ its address. What cannot be used is dropped and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from salina_monitor.activity import ActivityFilters, Kind
from salina_monitor.models import TimeRange
from salina_monitor.ui.filters import Parameters

LOG, PEOPLE, SESSIONS = "log", "people", "sessions"
SECTIONS = (LOG, PEOPLE, SESSIONS)
PARAMETERS = ("section", "who", "kind", "range", "page")
NAME_LIMIT = 64
PAGE_CAP = 200


@dataclass(frozen=True, slots=True)
class ActivityView:
    """Section, filters and page, and notes about parameters that were dropped."""

    section: str = LOG
    filters: ActivityFilters = field(default_factory=ActivityFilters)
    page: int = 1
    dropped: tuple[str, ...] = ()


def view_of(given: Mapping[str, Sequence[str]]) -> ActivityView:
    """Read a view from query parameters (each a list of values). Never raises."""
    read = Parameters(given, PARAMETERS)
    kind, span = read.one_of("kind", [kind.value for kind in Kind]), read.one_of("range", [r.value for r in TimeRange])
    filters = ActivityFilters(
        who=read.bounded("who", NAME_LIMIT),
        kind=Kind(kind) if kind else None,
        range=TimeRange(span) if span else ActivityFilters().range,
    )
    section = read.one_of("section", SECTIONS) or LOG
    return ActivityView(section, filters, read.number("page", PAGE_CAP), tuple(read.dropped))


def parameters_of(view: ActivityView) -> dict[str, str]:
    """The query parameters that lead to a view; what is usual is left out."""
    usual, filters = ActivityFilters(), view.filters
    found = {
        "section": "" if view.section == LOG else view.section,
        "who": filters.who or "",
        "kind": filters.kind.value if filters.kind else "",
        "range": "" if filters.range is usual.range else filters.range.value,
        "page": str(view.page) if view.page > 1 else "",
    }
    return {name: value for name, value in found.items() if value}
