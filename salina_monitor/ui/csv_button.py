"""CSV of exactly what is filtered, made when it is asked for."""

from __future__ import annotations

import streamlit as st

from salina_monitor import runtime
from salina_monitor.export import to_csv
from salina_monitor.models import JobFilters
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.queries import COUNT_CAP, iter_jobs
from salina_monitor.ui import session
from salina_monitor.ui.live import Live


def csv_button(monitor: Monitor, live: Live, filters: JobFilters) -> None:
    """A download button whose content is made at the click, for whoever may still see it then."""
    secret, as_of = session.secret(), live.as_of

    def make() -> str:
        # Runs outside any script: no callback gate applies, so the session is looked up here.
        found = runtime.get().accounts.sessions.find(secret) if secret else None
        if found is None or not allows(found.user, Right.EXPORT):
            return "You are signed out or may not see this; reload the page.\n"
        return to_csv(iter_jobs(filters, as_of, COUNT_CAP, source=monitor.source))

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
