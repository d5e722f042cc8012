"""Taking away what is on the screen: CSV of the filtered list, Markdown of the whole state. Made when asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions.jobs import export_jobs, export_summary
from salina_monitor.models import JobFilters, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.store import StoreError
from salina_monitor.ui import live as tab
from salina_monitor.ui import session
from salina_monitor.ui.live import Live
from salina_monitor.ui.section import what_helps
from salina_monitor.ui.verdict_line import judge

log = logging.getLogger(__name__)


def export_buttons(monitor: Monitor, live: Live, filters: JobFilters) -> None:
    """Two download buttons; their content is made at the click, for whoever may still have it then."""
    as_of = live.as_of
    moment = as_of.at.strftime("%Y%m%dT%H%M%SZ") if as_of.at else "unknown"

    def csv(actor: Actor) -> str:
        return export_jobs(actor, runtime.get().accounts.activity, monitor.jobs_for, filters, as_of)

    def summary(actor: Actor) -> str:
        stale = tab.stale_sentence(monitor.mirror.state(), utcnow(), shown=as_of)
        said = judge(monitor, as_of, actor.user, stale=stale)
        sentence = f"{said.text} Next: {said.step}" if said.step else said.text
        return export_summary(
            actor, runtime.get().accounts.activity, monitor.jobs_for, filters, as_of,
            verdict=sentence, health=tab.known_health(monitor),
        )  # fmt: skip

    st.download_button(
        "Summary", _made_for_whoever_clicks(summary), file_name=f"incident-{moment}.md", mime="text/markdown",
        key="summary", icon=":material/description:", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        "CSV", _made_for_whoever_clicks(csv), file_name=f"jobs-{moment}.csv", mime="text/csv", key="csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _made_for_whoever_clicks(make: Callable[[Actor], str]) -> Callable[[], str]:
    secret, address = session.secret(), session.address()

    def content() -> str:
        # Runs outside any script: no callback gate applies, so the session is looked up here.
        found = runtime.get().accounts.sessions.find(secret) if secret else None
        if found is None:
            return f"{session.ENDED}\n"
        try:
            return make(Actor(found.user, found.id, address))
        except Denied as error:
            return f"{error}\n"
        except StoreError as error:
            log.warning("a file could not be made: %s", error)
            return f"Nothing is in this file: it could not be made from the monitor's database. {what_helps(error)}\n"

    return content
