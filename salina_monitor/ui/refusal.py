"""What somebody signed in sees where their role ends."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from salina_monitor import runtime
from salina_monitor.activity import Entry, Kind, Outcome
from salina_monitor.navigation import ACCOUNT, BASE, PageRule
from salina_monitor.policy import Right
from salina_monitor.ui import account, session
from salina_monitor.ui.page_link import page_link

_TOLD = "_refusal_logged"


def render() -> None:
    """One sentence and the way out."""
    st.title("Salina Monitor")
    st.text(session.REFUSAL)
    _log(Right.VIEW_SYSTEM, "every page")
    with st.container(horizontal=True, gap="small"):
        account.sign_out_button()
        page_link("Your account", f"{BASE}/{ACCOUNT}", icon=":material/account_circle:")


def of_page(rule: PageRule) -> Callable[[], None]:
    """A page that this role lacks, for somebody who may see others."""

    def not_here() -> None:
        st.title("Salina Monitor")
        st.text(session.NOT_ALLOWED)
        _log(rule.right, rule.path)

    return not_here


def _log(right: Right, page: str) -> None:
    """Leave one row a tab and page: a rerun is not another try."""
    actor = session.current_actor()
    told: set[str] = st.session_state.setdefault(_TOLD, set())
    if actor is None or page in told:
        return
    told.add(page)
    entry = Entry(Kind.ACCESS_REFUSED, actor.origin(), page, Outcome.REFUSED, {"right": right.value})
    runtime.get().accounts.activity.add(entry)
