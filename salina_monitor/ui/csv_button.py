"""CSV of exactly what is filtered, made when it is asked for."""

from __future__ import annotations

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions.jobs import export_jobs
from salina_monitor.models import JobFilters
from salina_monitor.monitor import Monitor
from salina_monitor.ui import session
from salina_monitor.ui.live import Live


def csv_button(monitor: Monitor, live: Live, filters: JobFilters) -> None:
    """A download button whose content is made at the click, for whoever may still have it then."""
    secret, address, as_of = session.secret(), session.address(), live.as_of

    def make() -> str:
        # Runs outside any script: no callback gate applies, so the session is looked up here.
        accounts = runtime.get().accounts
        found = accounts.sessions.find(secret) if secret else None
        if found is None:
            return f"{session.ENDED}\n"
        actor = Actor(found.user, found.id, address)
        try:
            return export_jobs(actor, accounts.activity, monitor.jobs_for, filters, as_of)
        except Denied as error:
            return f"{error}\n"

    moment = as_of.at.strftime("%Y%m%dT%H%M%SZ") if as_of.at else "unknown"
    st.download_button(
        "CSV",
        make,
        file_name=f"jobs-{moment}.csv",
        mime="text/csv",
        key="csv",
        icon=":material/download:",
        on_click="ignore",
    )
