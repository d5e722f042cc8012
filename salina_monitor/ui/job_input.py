"""Input, output and raw trace of a job: hidden until somebody with the right asks for them, which is written down."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.jobs import reveal_input, reveal_trace
from salina_monitor.inngest import InngestError
from salina_monitor.models import JSON, User
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.ui.acting import act
from salina_monitor.ui.text import block

_REVEALED = "_revealed"
_AWAY = "Inngest has it and could not be asked for it now; try again."


def render(monitor: Monitor, user: User, job_id: str) -> None:
    """The section; paints nothing for those without the right."""
    if not allows(user, Right.VIEW_JOB_INPUT):
        return
    shown = _shown(user, job_id)
    with st.container(border=True, key="job_input"):
        st.markdown("##### Input and output")
        if shown:
            st.caption("Secrets are masked. That you looked is in the activity log.")
        else:
            st.text("Hidden, for they may hold data of people. Looking at them is written down.")
        for name, value in shown.items():
            st.caption(name)
            _value(value)
        with st.container(horizontal=True, gap="small"):
            icon = ":material/visibility:"
            if "Input" not in shown:
                st.button(
                    "Show input and output", key="show_input", icon=icon, on_click=_reveal, args=(monitor, job_id)
                )
            if "Raw trace" not in shown:
                st.button("Show raw trace", key="show_trace", icon=icon, on_click=_trace, args=(monitor, job_id))


def _value(value: JSON) -> None:
    if isinstance(value, dict | list):
        st.json(value, expanded=3)
    else:
        block("none" if value is None else str(value))


def _reveal(monitor: Monitor, job_id: str) -> None:
    def ask(actor: Actor) -> dict[str, JSON] | str:
        job = reveal_input(actor, runtime.get().accounts.activity, monitor.jobs_for, job_id)
        if job is None:
            return "Nobody knows this job any more."
        return _AWAY if job.stale else {"Input": job.input, "Output": job.output}

    _keep(job_id, ask)


def _trace(monitor: Monitor, job_id: str) -> None:
    def ask(actor: Actor) -> dict[str, JSON] | str:
        trace = reveal_trace(actor, runtime.get().accounts.activity, monitor.jobs_for, job_id)
        return _AWAY if trace is None else {"Raw trace": trace}

    _keep(job_id, ask)


def _keep(job_id: str, ask: Callable[[Actor], dict[str, JSON] | str]) -> None:
    """Remember what was shown of this job until another one is looked at."""

    def reveal(actor: Actor) -> str:
        try:
            found = ask(actor)
        except InngestError as error:
            return f"Inngest could not be asked. {error.message}"
        if isinstance(found, str):
            return found
        st.session_state[_REVEALED] = (_reach(actor.user, job_id), {**_shown(actor.user, job_id), **found})
        return ""

    act(reveal)


def _shown(user: User, job_id: str) -> dict[str, JSON]:
    revealed: tuple[tuple[str, str, str | None], dict[str, JSON]] | None = st.session_state.get(_REVEALED)
    return revealed[1] if revealed and revealed[0] == _reach(user, job_id) else {}


def _reach(user: User, job_id: str) -> tuple[str, str, str | None]:
    # A tab outlives sign-ins and limits: what one person saw is not the next one's, nor theirs under a new limit.
    return job_id, user.name, user.tenant
