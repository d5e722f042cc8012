"""Open sessions, each with the button that ends it: the own ones on the account page, everyone's for owners."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from salina_monitor import runtime
from salina_monitor.accounts import OpenSession
from salina_monitor.actions import Actor, own
from salina_monitor.actions import people as manage
from salina_monitor.models import utcnow
from salina_monitor.ui import session
from salina_monitor.ui.acting import act, said
from salina_monitor.ui.format import ago, clock, plural, zone
from salina_monitor.ui.text import one_line, plain

MOST_SHOWN = 50


def own_sessions() -> None:
    """The sessions of whoever is signed in now."""
    actor = session.current_actor()
    if actor is None:
        st.text(session.ENDED)
        return
    found = own.sessions(actor, runtime.get().accounts)
    st.markdown("#### Your sessions")
    said()
    _rows(actor, found, _end_own)
    if len(found) > 1:
        st.button("End all others", key="end_others", icon=":material/logout:", on_click=_end_others)


def everyone() -> None:
    """All sessions, for owners."""
    actor = session.current_actor()
    if actor is None:
        st.text(session.ENDED)
        return
    found = manage.sessions(actor, runtime.get().accounts)
    st.caption(f"{plural(len(found), 'session')} open")
    said()
    _rows(actor, found, _end_anybodys)


def _rows(actor: Actor, found: Sequence[OpenSession], end: Callable[[int], None]) -> None:
    now = utcnow()
    tz, name = zone(st.context.timezone)
    for one in found[:MOST_SHOWN]:
        mine = one.id == actor.session_id
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", gap="small", key=f"session_{one.id}"
        ):
            with st.container(width="stretch", gap=None):
                plain(f"{one.user_name} · from {one.address}{' · this one' if mine else ''}")
                since = f"since {clock(one.since, tz, now)} ({name}), used {ago(one.last_seen_at, now)}"
                st.caption(f"{since}, ends {clock(one.expires_at, tz, now)} at the latest")
                st.text(one_line(one.agent, 120) or "no browser named")
            st.button(
                "End", key=f"end_session_{one.id}", icon=":material/logout:", on_click=end, args=(one.id,),
                disabled=mine, help="Use Sign out for this one" if mine else None,
            )  # fmt: skip
    if len(found) > MOST_SHOWN:
        st.text(f"The {MOST_SHOWN} used last are shown.")


def _end_own(session_id: int) -> None:
    act(lambda actor: _words(own.end_session(actor, runtime.get().accounts, session_id)))


def _end_others() -> None:
    def others(actor: Actor) -> str:
        return f"{plural(own.end_other_sessions(actor, runtime.get().accounts), 'session')} ended."

    act(others)


def _end_anybodys(session_id: int) -> None:
    act(lambda actor: _words(manage.end_session(actor, runtime.get().accounts, session_id)))


def _words(ended: bool) -> str:
    return "The session has ended." if ended else "That session had ended already."
