"""What a signed-in finance, editor or author user sees, at every address."""

from __future__ import annotations

import streamlit as st

from salina_monitor.ui import account, session


def render() -> None:
    """One sentence and the way out."""
    st.title("Salina Monitor")
    st.text(session.REFUSAL)
    account.sign_out_button()
