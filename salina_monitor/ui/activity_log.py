"""The log itself: filters, table, pages, CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor, Denied, log
from salina_monitor.activity import COUNT_CAP, ActivityFilters, ActivityPage, Kind, Outcome, Recorded
from salina_monitor.models import JSON, TimeRange
from salina_monitor.ui import session
from salina_monitor.ui.activity_view import PAGE_CAP, ActivityView
from salina_monitor.ui.filter_row import RANGES
from salina_monitor.ui.filters import stamp
from salina_monitor.ui.format import count, plural, zone
from salina_monitor.ui.text import one_line

PAGE_SIZE = 50
NOBODY = "(unknown name)"
_ALL = "-"
_LOOK = {
    Outcome.DONE: ("Done", "green"),
    Outcome.REFUSED: ("Refused", "orange"),
    Outcome.FAILED: ("Failed", "red"),
    Outcome.UNCONFIRMED: ("Answer lost", "violet"),
}
_TIME = "D MMM YYYY, HH:mm:ss"


def render(view: ActivityView, epoch: int) -> ActivityView:
    """Paint it; the view as it is after what was chosen in this run."""
    actor, activity = session.current_actor(), runtime.get().accounts.activity
    if actor is None:
        st.text(session.ENDED)
        return view
    filters = _filter_row(view, epoch, log.people(actor, activity))
    wanted = view.page if filters == view.filters else 1
    turned = st.session_state.get(f"activity_pages_{stamp(filters)}")
    page = log.read(actor, activity, filters, int(turned or wanted), PAGE_SIZE)
    if not page.rows:
        with st.container(border=True, key="activity_empty", horizontal_alignment="center"):
            st.text("Nothing was recorded that matches; choose a longer range or another filter.")
        return ActivityView(filters=filters)
    _table(page)
    _below(page, filters)
    return ActivityView(filters=filters, page=page.page)


def _filter_row(view: ActivityView, epoch: int, people: tuple[str, ...]) -> ActivityFilters:
    who = view.filters.who
    names = [_ALL, *dict.fromkeys([*people, *([who] if who else [])])]
    kinds = [_ALL, *(kind.value for kind in Kind)]
    ranges = [span.value for span in TimeRange]
    kind = view.filters.kind.value if view.filters.kind else _ALL
    with st.container(horizontal=True, gap="small", key="activity_filters"):
        chosen_who = st.selectbox(
            "Person", names, names.index(who or _ALL), key=f"who_{epoch}", width=220, label_visibility="collapsed",
            format_func=lambda name: {_ALL: "Everybody", "": NOBODY}.get(name, name),
        )  # fmt: skip
        chosen_kind = st.selectbox(
            "What", kinds, kinds.index(kind), key=f"kind_{epoch}", width=220, label_visibility="collapsed",
            format_func=lambda name: "Everything" if name == _ALL else Kind(name).label,
        )  # fmt: skip
        chosen_range = st.selectbox(
            "Time range", ranges, ranges.index(view.filters.range.value), key=f"span_{epoch}", width=160,
            format_func=RANGES.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
    return ActivityFilters(
        who=None if chosen_who == _ALL else chosen_who,
        kind=None if chosen_kind == _ALL else Kind(chosen_kind),
        range=TimeRange(chosen_range),
    )


def _table(page: ActivityPage) -> None:
    tz, name = zone(st.context.timezone)
    with st.container(key="activity"):
        st.dataframe(
            pd.DataFrame([_row(row) for row in page.rows]),
            hide_index=True,
            height="content",
            alt=f"Activity, page {page.page}: {len(page.rows)} rows",
            column_config={
                "When": st.column_config.DatetimeColumn(f"When ({name})", format=_TIME, timezone=str(tz), width=170),
                "Who": st.column_config.TextColumn("Who", width=110),
                "What": st.column_config.TextColumn("What", width=135),
                "To": st.column_config.TextColumn("To", width=140),
                "How": st.column_config.MultiselectColumn(
                    "How", options=[look[0] for look in _LOOK.values()], color=[look[1] for look in _LOOK.values()],
                    width=110,
                ),
                "From": st.column_config.TextColumn("From", width=105),
                "Why": st.column_config.TextColumn("Why", width=160),
                "Details": st.column_config.TextColumn("Details", width=190),
            },
        )  # fmt: skip


def _row(row: Recorded) -> dict[str, Any]:
    known = row.outcome in set(Outcome)
    return {
        "When": row.at,
        "Who": one_line(row.who, 64) if row.who else NOBODY,
        "What": Kind(row.kind).label if row.kind in set(Kind) else one_line(row.kind, 64),
        "To": one_line(row.target, 200),
        "How": [_LOOK[Outcome(row.outcome)][0] if known else one_line(row.outcome, 20)],
        "From": one_line(row.address, 64),
        "Why": one_line(row.why, 500),
        "Details": one_line(facts(row.detail), 400),
    }


def facts(detail: Mapping[str, JSON]) -> str:
    """`role admin → owner`, `jobs 12 · range 24h`: the facts of a row in one line."""
    if "before" in detail and "after" in detail:
        return f"{detail['before'] or 'none'} → {detail['after'] or 'none'}"
    shown = (value if isinstance(value, str) else json.dumps(value) for value in detail.values() if value is not None)
    names = (name for name, value in detail.items() if value is not None)
    return " · ".join(f"{name} {value}" for name, value in zip(names, shown, strict=True))


def _below(page: ActivityPage, filters: ActivityFilters) -> None:
    first = (page.page - 1) * page.page_size + 1
    total = count(page.total, capped=page.total >= COUNT_CAP)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        noun = plural(page.total, "row").partition(" ")[2]
        st.caption(f"{first:,}–{first + len(page.rows) - 1:,} of {total} {noun} · newest first", width="stretch")
        st.download_button(
            "CSV", _csv_of(filters), file_name="activity.csv", mime="text/csv", key="activity_csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        pages = min(page.num_pages, PAGE_CAP)
        if pages > 1:
            with st.container(key="activity_page", width="content"):
                st.pagination(pages, default=page.page, key=f"activity_pages_{stamp(filters)}")


def _csv_of(filters: ActivityFilters) -> Any:
    secret, address = session.secret(), session.address()

    def make() -> str:
        # Runs outside any script: no callback gate applies, so the session is looked up here.
        accounts = runtime.get().accounts
        found = accounts.sessions.find(secret) if secret else None
        if found is None:
            return f"{session.ENDED}\n"
        try:
            return log.export(Actor(found.user, found.id, address), accounts.activity, filters)
        except Denied as error:
            return f"{error}\n"

    return make
