"""A click that acts: who clicks is looked up at that moment, and how it went is said in the run that follows."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from salina_monitor.accounts import AccountError
from salina_monitor.actions import Actor, Denied
from salina_monitor.store import StoreError
from salina_monitor.ui import session
from salina_monitor.ui.text import block, plain

log = logging.getLogger(__name__)
_SAID, _SECRET = "_said", "_said_once"
TOO_SLOW = "The monitor's database took too long for this: narrow the time range or the filters, and try again."


def act(action: Callable[[Actor], str]) -> None:
    """Run `action` for whoever is signed in now; its sentence, or why it was refused, is kept for `said`."""
    try:
        actor = session.current_actor()
        st.session_state[_SAID] = action(actor) if actor else session.ENDED
    except (Denied, AccountError) as error:
        st.session_state[_SAID] = str(error)
    except StoreError as error:
        log.warning("an action was lost with the store: %s", error)
        st.session_state[_SAID] = TOO_SLOW if error.code == "store_timeout" else session.NO_STORE


def show_once(secret: str) -> None:
    """Have `said` show this below the sentence, once."""
    st.session_state[_SECRET] = secret


def taken() -> str:
    """How the last click went, for a section that says it itself; `said` then has nothing to say."""
    return str(st.session_state.pop(_SAID, ""))


def said(*, keep: bool = False) -> None:
    """Paint how the last click went, if there was one.

    `keep`: for a fragment that runs again by itself; the sentence then stays until the whole page runs.
    """
    take = st.session_state.get if keep else st.session_state.pop
    sentence, secret = take(_SAID, ""), take(_SECRET, "")
    if sentence:
        with st.container(border=True, key="said"):
            plain(sentence)
            if secret:
                block(secret)
