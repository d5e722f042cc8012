"""The Activity page: the log, and for owners the people and their sessions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import streamlit as st

from salina_monitor.models import User
from salina_monitor.policy import Right, allows
from salina_monitor.ui import activity_log, people, session_list
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.activity_view import LOG, PEOPLE, SECTIONS, SESSIONS, ActivityView, parameters_of, view_of
from salina_monitor.ui.address import Address

_KEY = "_activity_view"
_TITLES = {LOG: "Log", PEOPLE: "People", SESSIONS: "Sessions"}


@dataclass
class ChosenActivity:
    """What one tab shows; widgets get new keys with each `epoch`, when the address chose for them."""

    view: ActivityView = field(default_factory=ActivityView)
    epoch: int = 0
    address: Address = field(default_factory=Address)


def render(user: User) -> None:
    """Title, sections, the chosen section."""
    chosen = _chosen()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        with st.container(width="stretch", gap=None):
            st.markdown("### Activity")
            st.caption("Who signed in, was refused, exported, looked into an input or changed a user")
        user_menu(user)
    manages = allows(user, Right.MANAGE_USERS)
    if not manages and chosen.view.section != LOG:
        chosen.view = dataclasses.replace(chosen.view, section=LOG)
    if manages:
        key = f"section_{chosen.epoch}"
        with st.container(key="section"):
            section = st.segmented_control(
                "Section", SECTIONS, default=chosen.view.section, key=key, required=True,
                format_func=_TITLES.__getitem__, label_visibility="collapsed",
            )  # fmt: skip
        if section != chosen.view.section:
            chosen.view = ActivityView(str(section))
    for note in chosen.view.dropped:
        st.text(f"Ignored in the address: {note}.")
    if chosen.view.section == PEOPLE:
        people.render()
    elif chosen.view.section == SESSIONS:
        session_list.everyone()
    else:
        chosen.view = activity_log.render(chosen.view, chosen.epoch)
    chosen.address.write(parameters_of(chosen.view))


def _chosen() -> ChosenActivity:
    chosen: ChosenActivity = st.session_state.setdefault(_KEY, ChosenActivity())
    if (given := chosen.address.arrived()) is not None:
        chosen.view = view_of(given)
        chosen.epoch += 1
    return chosen
