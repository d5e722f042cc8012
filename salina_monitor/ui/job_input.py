"""The input of a job: hidden until somebody with the right asks for it, which is written down."""

from __future__ import annotations

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.jobs import reveal_input
from salina_monitor.inngest import InngestError
from salina_monitor.models import JSON, User
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.ui.acting import act, said

_REVEALED = "_revealed"


def render(monitor: Monitor, user: User, job_id: str) -> None:
    """The section; paints nothing for those without the right."""
    if not allows(user, Right.VIEW_JOB_INPUT):
        return
    revealed: tuple[str, JSON] | None = st.session_state.get(_REVEALED)
    with st.container(border=True, key="job_input"):
        st.markdown("##### Input")
        if revealed and revealed[0] == job_id:
            st.caption("Secrets are masked. That you looked is in the activity log.")
            if isinstance(revealed[1], dict | list):
                st.json(revealed[1], expanded=3)
            else:
                st.text("This job has no input." if revealed[1] is None else str(revealed[1]))
            return
        st.text("Hidden, for it may hold data of people. Looking at it is written down.")
        st.button(
            "Show input", key="show_input", icon=":material/visibility:", on_click=_reveal, args=(monitor, job_id)
        )
        said()


def _reveal(monitor: Monitor, job_id: str) -> None:
    def reveal(actor: Actor) -> str:
        try:
            job = reveal_input(actor, runtime.get().accounts.activity, monitor.jobs_for(actor.user), job_id)
        except InngestError as error:
            return f"Inngest could not be asked for the input. {error.message}"
        if job is None:
            return "Nobody knows this job any more."
        if job.stale:
            return "Inngest has the input and could not be asked for it now; try again."
        st.session_state[_REVEALED] = (job_id, job.input)
        return ""

    act(reveal)
