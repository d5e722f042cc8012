"""How a bulk action goes: numbers, what became of each job, how the new runs stand, stop and resume."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import quote

import pandas as pd
import streamlit as st

from salina_monitor.actions import Actor
from salina_monitor.actions.bulk import BulkState, What
from salina_monitor.models import User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.ui.acting import act, said
from salina_monitor.ui.bulk_links import VERB, bulk_of, work_on
from salina_monitor.ui.format import ago, plural
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.section import sectioned
from salina_monitor.ui.session import BY_ITSELF, current_actor, viewer_or_none
from salina_monitor.ui.text import one_line, plain

LIVE_EVERY_S, READ_EVERY = 1.5, timedelta(seconds=5)
WATCH_S = 300.0
"""For so long the page follows the runs that were started; then a refresh does."""
LOOK = {
    "running": ("Under way", ":material/sync:", "blue"),
    "left": ("Left undone", ":material/pause_circle:", "orange"),
    "paused": ("Paused", ":material/pause_circle:", "orange"),
    "stopped": ("Stopped", ":material/stop_circle:", "gray"),
    "done": ("Finished", ":material/check_circle:", "green"),
}
WORDS = {"waiting": "waiting", "asking": "being asked for", "done": "done", "skipped": "skipped", "failed": "refused",
         "unconfirmed": "answer lost"}  # fmt: skip
RUNS = {"completed": "completed", "failed": "failed again", "cancelled": "cancelled", "active": "still active",
        "not_seen": "not seen yet", "unknown": "unknown"}  # fmt: skip
_SINCE = "_bulk_since"
_SETTLED = "_bulk_settled"
_AGAIN = "_bulk_again"
"""Set by a click after which the whole page has to run, because its timer may have ended."""


def render(monitor: Monitor, bulk_id: int) -> None:
    """The live part; it looks again by itself until nothing more can change."""
    settled = st.session_state.get(_SETTLED) == bulk_id
    if not settled and st.session_state.get(_SINCE, (0, 0.0))[0] != bulk_id:
        st.session_state[_SINCE] = (bulk_id, time.monotonic())
    st.fragment(_live, run_every=None if settled else LIVE_EVERY_S, key="bulk_live")(monitor, bulk_id)


def _live(monitor: Monitor, bulk_id: int) -> None:
    if st.session_state.pop(_AGAIN, False):
        st.rerun()
    st.session_state[BY_ITSELF] = True
    user = viewer_or_none()
    actor = current_actor() if user is not None else None
    st.session_state.pop(BY_ITSELF, None)
    if user is None or actor is None:
        return
    state = bulk_of(monitor).state(actor, bulk_id)
    if state is None:
        plain(f"There is no bulk action {bulk_id} that you may see.")
        return
    said(keep=True)
    _numbers(state)
    _buttons(monitor, state, user)
    _items(monitor, state, actor)
    begun = st.session_state.get(_SINCE, (bulk_id, 0.0))[1]
    open_runs = state.new_runs.get("active", 0) + state.new_runs.get("not_seen", 0)
    # Nobody works on it before its thread has begun, a moment after the click: that is not the end of it.
    more_to_come = open_runs or state.state == "running"
    if state.active or (more_to_come and time.monotonic() - begun < WATCH_S):
        read_at = monitor.mirror.state().as_of.at
        if read_at is None or utcnow() - read_at > READ_EVERY:
            monitor.mirror.request()  # not with every look: the rate is for the jobs that are asked for
    elif st.session_state.get(_SETTLED) != bulk_id:
        st.session_state[_SETTLED] = bulk_id
        st.rerun()


def _numbers(state: BulkState) -> None:
    look = "running" if state.active else "left" if state.state == "running" else state.state
    word, icon, color = LOOK[look]
    with st.container(border=True, key="bulk", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(word, icon=icon, color=color)  # type: ignore[arg-type]
            plain(f"{VERB[state.what]} {plural(state.jobs, 'job')}: {state.scope}")
        plain(f"{state.who}, {ago(state.at, utcnow())}: {state.why}")
        if state.said:
            plain(state.said)
        elif look == "left":
            st.text("The process that worked on it ended. Nothing is lost; resume does the rest.")
        share = state.settled / state.jobs if state.jobs else 1.0
        counts = [f"{getattr(state, name):,} {WORDS[name]}" for name in WORDS if getattr(state, name)]
        st.progress(share, text=f"{state.settled:,} of {state.jobs:,}: {', '.join(counts)}")
        if state.new_runs:
            stand = ", ".join(f"{n:,} {RUNS.get(name, name)}" for name, n in sorted(state.new_runs.items()))
            plain(f"The new runs: {stand}")


def _buttons(monitor: Monitor, state: BulkState, user: User) -> None:
    if not allows(user, state.what.right):
        return
    if state.active:
        st.button("Stop", icon=":material/stop_circle:", key="bulk_stop", on_click=_stop, args=(monitor, state.id))
    elif state.can_resume and state.waiting + state.asking:
        left = plural(state.waiting + state.asking, "job")
        st.button(
            f"Resume with {left}", icon=":material/play_arrow:", type="primary", key="bulk_resume", on_click=_resume,
            args=(monitor, state.id),
        )  # fmt: skip


def _stop(monitor: Monitor, bulk_id: int) -> None:
    def change(actor: Actor) -> str:
        done = bulk_of(monitor).stop(actor, bulk_id)
        return "Stopped; the job under way is still finished." if done else "It was not running any more."

    act(change)


def _resume(monitor: Monitor, bulk_id: int) -> None:
    def change(actor: Actor) -> str:
        if not bulk_of(monitor).resume(actor, bulk_id):
            return "Somebody works on it already, or it is done."
        work_on(monitor, bulk_id)
        st.session_state.pop(_SETTLED, None)
        st.session_state.pop(_SINCE, None)
        return ""

    act(change)
    st.session_state[_AGAIN] = True


def _items(monitor: Monitor, state: BulkState, actor: Actor) -> None:
    rows = [
        {
            "Job": f"/admin/job?id={quote(item.job_id, safe='')}",
            "Result": WORDS.get(item.state, item.state).capitalize(),
            "What was said": one_line(item.said, 300),
            "New job": f"/admin/job?id={quote(item.new_id, safe='')}" if item.new_id else "",
            "It stands": RUNS.get(item.new_state, item.new_state) if item.new_state else "",
        }
        for item in bulk_of(monitor).items(actor, state.id)
    ]
    id_text = r"id=(.+)$"
    shown = pd.DataFrame(rows)
    if state.what is What.CANCEL:
        shown = shown.drop(columns=["New job", "It stands"], errors="ignore")
    st.dataframe(
        shown, hide_index=True, height=min(38 + 35 * len(rows), 560), key="bulk_items",
        alt=f"What became of {plural(len(rows), 'job')}",
        column_config={
            "Job": st.column_config.LinkColumn("Job", display_text=id_text),
            "New job": st.column_config.LinkColumn("New job", display_text=id_text),
            "What was said": st.column_config.TextColumn("What was said", width="large"),
        },
    )  # fmt: skip


@sectioned("What was done lately")
def recent(monitor: Monitor, besides: int | None = None) -> None:
    """The latest bulk actions, so that colleagues find them; less the one that is shown anyway."""
    actor = current_actor()
    if actor is None or not allows(actor.user, Right.VIEW_SYSTEM):
        return
    states = [state for state in bulk_of(monitor).recent(actor) if state.id != besides]
    if not states:
        return
    st.markdown("##### Lately")
    for state in states:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            page_link(f"No. {state.id}", f"/admin/bulk?id={state.id}")
            plain(
                f"{state.who}, {ago(state.at, utcnow())}: {VERB[state.what].lower()} {plural(state.jobs, 'job')}, "
                f"{state.done:,} done, {state.skipped:,} skipped, {state.failed + state.unconfirmed:,} not: {state.why}"
            )
