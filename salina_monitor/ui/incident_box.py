"""One incident: what, from when to when, who looks after it, what people wrote."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.incidents import NOTE_LIMIT, acknowledge, add_note
from salina_monitor.health import NETWORK, Incident
from salina_monitor.models import Service, User
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.queries import TroubleJobs
from salina_monitor.ui import incident_jobs
from salina_monitor.ui.acting import act
from salina_monitor.ui.format import clock, plural, span
from salina_monitor.ui.text import plain


def label_of(incident: Incident) -> str:
    """`S3`, or `The monitor's network`."""
    return "The monitor's network" if incident.scope == NETWORK else Service(incident.scope).label


def render(
    monitor: Monitor, incident: Incident, jobs: TroubleJobs | None, user: User, now: datetime, tz: tzinfo
) -> None:
    """A bordered box; `jobs` None: nothing can be said about jobs."""
    ended = incident.closed_at
    lasted = span(max(0, round(((ended or now) - incident.opened_at) / timedelta(milliseconds=1))))
    with st.container(border=True, key=f"incident_{incident.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            color = "gray" if ended else "red" if incident.worst == "unhealthy" else "orange"
            icon = ":material/check_circle:" if ended else ":material/error:"
            st.badge("Over" if ended else "Open", icon=icon, color=color)  # type: ignore[arg-type]
            word = "down" if incident.worst == "unhealthy" else "degraded"
            many = f" ({plural(incident.parts, 'service')} at once)" if incident.parts else ""
            plain(f"{label_of(incident)} {word}{many}", width="content")
        until = f" until {clock(ended, tz, now)}, {lasted}" if ended else f", for {lasted} now"
        plain(f"Since {clock(incident.opened_at, tz, now)}{until}: {incident.message}")
        if incident.unwatched:
            plain("No longer watched since then: nobody knows how it went on.")
        if jobs is not None:
            incident_jobs.render(jobs, user, now)
        # Notes may name other tenants: who sees one only is told that somebody is at it, not what they say.
        whole = user.tenant is None
        if incident.acknowledged_at is not None:
            who = incident.acknowledged_by if whole else "somebody"
            plain(f"{who} looks after it since {clock(incident.acknowledged_at, tz, now)}")
        for note in incident.notes if whole else ():
            plain(f"{note.who}, {clock(note.at, tz, now)}: {note.text}")
        if allows(user, Right.TRIAGE):
            _buttons(monitor, incident)


def _buttons(monitor: Monitor, incident: Incident) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if incident.acknowledged_at is None and incident.closed_at is None:
            st.button(
                "I look after it", key=f"ack_{incident.id}", icon=":material/front_hand:", on_click=_acknowledge,
                args=(monitor, incident.id),
            )  # fmt: skip
        with st.popover("Note", icon=":material/edit_note:", key=f"note_menu_{incident.id}"):
            key = f"note_{incident.id}"
            st.text_area("What the next one should know", key=key, max_chars=NOTE_LIMIT)
            st.button("Keep it", key=f"note_add_{incident.id}", type="primary", on_click=_note,
                      args=(monitor, incident.id, key))  # fmt: skip


def _acknowledge(monitor: Monitor, incident_id: int) -> None:
    def change(actor: Actor) -> str:
        done = acknowledge(actor, runtime.get().accounts.activity, monitor.store, incident_id)
        return "You look after it; everybody sees that." if done else "Somebody said so before."

    act(change)


def _note(monitor: Monitor, incident_id: int, key: str) -> None:
    text = str(st.session_state.get(key) or "")

    def change(actor: Actor) -> str:
        if not add_note(actor, runtime.get().accounts.activity, monitor.store, incident_id, text):
            return "There was nothing to keep."
        st.session_state[key] = ""
        return "Kept with the incident."

    act(change)
