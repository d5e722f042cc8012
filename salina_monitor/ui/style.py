"""The few lines of style that Streamlit has no option for."""

from __future__ import annotations

import streamlit as st

# A page of nothing but style takes no room. Pages begin close under the navigation, and leave every column of the
# list its place on a laptop; the sandbox's badge stays in sight while one scrolls. Tables' own toolbars are away: their
# CSV would hold formulas, and only one page.
_STYLE = """<style>
.stMainBlockContainer { padding-top: 4rem; padding-bottom: 3rem; }
@media (min-width: 64rem) { .stMainBlockContainer { padding-left: 2.5rem; padding-right: 2.5rem; } }
.st-key-sandbox_badge { position: fixed; top: 0.75rem; right: 1rem; width: auto; z-index: 1000000; }
.st-key-session_cookie { position: absolute; }
[data-testid="stElementToolbar"] { display: none; }
</style>"""


def apply() -> None:
    """Put the style on the page."""
    st.html(_STYLE)
