"""What one may do with a job on its page: run it again, cancel it. Each wants a reason and a second click."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.steering import Done, Steering
from salina_monitor.inngest import InngestError
from salina_monitor.models import JobEntry, User
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.ui.acting import act

REASON_LIMIT = 500


def render(monitor: Monitor, job: JobEntry, user: User) -> None:
    """The buttons that fit the job's state and the user's rights; none while Inngest cannot be asked."""
    if job.stale:
        return
    if job.status.is_terminal and allows(user, Right.RERUN):
        _menu(monitor, job, "Run again", ":material/replay:", "rerun", "The same event starts a new job.")
    elif not job.status.is_terminal and allows(user, Right.CANCEL):
        _menu(monitor, job, "Cancel", ":material/cancel:", "cancel", "Steps that have run stay done.")


def _menu(monitor: Monitor, job: JobEntry, label: str, icon: str, what: str, explained: str) -> None:
    # Part of the page, not a box that floats over it: while the page follows a job things move, and what floats is
    # carried out of the window, where nobody can scroll to it.
    with st.expander(label, icon=icon, key=f"{what}_menu"):
        st.text(explained)
        reason = f"{what}_why_{job.id}"
        st.text_input("Why", key=reason, max_chars=REASON_LIMIT, placeholder="kept in the log")
        st.button(
            f"{label} now", key=what, type="primary", icon=icon, on_click=_act, args=(monitor, job.id, what, reason)
        )


def _act(monitor: Monitor, job_id: str, what: str, reason: str) -> None:
    why = str(st.session_state.get(reason) or "")

    def change(actor: Actor) -> str:
        steering = Steering(monitor.store, monitor.client, runtime.get().accounts.activity, monitor.jobs_for)
        ask: Callable[[Actor, str, str], Done] = steering.rerun if what == "rerun" else steering.cancel
        try:
            done = ask(actor, job_id, why)
        except InngestError as error:
            return f"Inngest could not be asked for this job; nothing was done. {error.message}"
        if done.ok:
            st.session_state[reason] = ""
            monitor.mirror.request()
        return done.said

    act(change)
