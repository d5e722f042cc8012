"""Refreshing by itself, if people want it: never while they are at something, and never as a sign of life."""

from __future__ import annotations

import time

import streamlit as st

from salina_monitor.monitor import Monitor
from salina_monitor.ui import live as tab
from salina_monitor.ui.live import Live
from salina_monitor.ui.session import BY_ITSELF, viewer_or_none

CHOICES = {0: "Off", 15: "15 s", 30: "30 s", 60: "60 s"}
_KEY = "auto_refresh"
_SEEN = "_auto_seen"


def choice() -> None:
    """The menu; place it in the header."""
    with st.container(key="auto", width=130):
        st.selectbox(
            "Refresh by itself", list(CHOICES), key=_KEY, label_visibility="collapsed",
            format_func=lambda seconds: f"Auto: {CHOICES[seconds].lower()}",
        )  # fmt: skip


def render(monitor: Monitor, live: Live) -> None:
    """The clockwork, at the end of the page; nothing while it is off."""
    seconds = int(st.session_state.get(_KEY) or 0)
    if seconds in CHOICES and seconds:
        st.session_state[_SEEN] = time.monotonic()
        st.fragment(_tick, run_every=float(seconds), key="auto_tick")(monitor, live)


def _tick(monitor: Monitor, live: Live) -> None:
    # The first run of a fragment is the page's own; only later ones are the clock's.
    seconds = int(st.session_state.get(_KEY) or 0)
    if seconds not in CHOICES or not seconds or time.monotonic() - st.session_state.get(_SEEN, 0.0) < seconds / 2:
        return
    st.session_state[BY_ITSELF] = True
    if viewer_or_none() is None or live.syncing:
        st.session_state.pop(BY_ITSELF, None)
        return
    if at_something(live):
        st.session_state.pop(BY_ITSELF, None)
        monitor.mirror.request()  # read on; the list says "+N new" at the next click
        return
    tab.refresh(monitor, live, force=False)
    st.rerun()


def at_something(live: Live) -> bool:
    """Whether somebody is looking into a row: then nothing may move under their eyes."""
    opened = (st.session_state.get(key) for key in st.session_state if str(key).startswith("job_error_"))
    return live.selected is not None or any(bool(one) for one in opened)
