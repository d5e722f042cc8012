"""What anybody sees while the store cannot be reached: nobody can be recognised, so no details."""

from __future__ import annotations

import streamlit as st

from salina_monitor import runtime
from salina_monitor.accounts import AccountError
from salina_monitor.store import StoreError
from salina_monitor.ui import session

RETRY_EVERY = "5s"


def render() -> None:
    """One sentence, and the page comes back by itself."""
    st.title("Salina Monitor")
    st.text(session.NO_STORE)
    st.text("This page tries again by itself.")
    _wait_for_store()


@st.fragment(run_every=RETRY_EVERY)
def _wait_for_store() -> None:
    try:
        with runtime.get().store.connection() as conn:
            conn.execute("select 1")
    except (StoreError, AccountError):
        return  # logged where it was raised
    st.rerun()
