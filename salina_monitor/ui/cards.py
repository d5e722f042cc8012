"""Four numbers about jobs. Each leads to the list it counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from salina_monitor.evidence import SHORT_QUEUE, pace
from salina_monitor.models import JobStatus, JobSummary
from salina_monitor.monitor import Monitor
from salina_monitor.ui import jobs
from salina_monitor.ui import live as tab
from salina_monitor.ui.bars import bars
from salina_monitor.ui.format import UNKNOWN, age, count, percent
from salina_monitor.ui.live import Live
from salina_monitor.ui.section import sectioned
from salina_monitor.ui.session import guarded, viewer_or_none


@dataclass(frozen=True, slots=True)
class Card:
    """One card: what it counts, how it looks, what the line under it says."""

    key: str
    label: str
    icon: str
    color: str
    status: JobStatus
    number: int | None
    capped: bool
    bars: tuple[int, ...]
    note: str
    before: int | None = None
    delta_color: Literal["normal", "inverse", "off"] = "off"


def cards_of(summary: JobSummary, waited: str, pace: str = "") -> tuple[Card, ...]:
    """The four cards of a summary.

    `waited` is how long the oldest queued job has been waiting, or ""; `pace` what becomes of the queue, or "".
    """
    completed, failed = summary.completed_last_24h, summary.failed_last_24h
    ended = None if completed is None or failed is None else completed + failed
    rate = UNKNOWN if ended is None else f"{percent(failed or 0, ended)} of ended" if ended else "none ended"
    longest = f"oldest {waited}" if waited else "none waiting" if summary.queued == 0 else ""
    running = "running now"
    if summary.stuck_running:
        running = f"{summary.stuck_running:,} longer than usual"
    if summary.stuck_queued:
        longest += f", {summary.stuck_queued:,} longer than usual"
    if pace:
        longest += f", {pace}"
    return (
        Card("active", "Active", ":material/play_circle:", "blue", JobStatus.RUNNING, summary.active,
             "active" in summary.capped, summary.active_by_hour, running),
        Card("queued", "Queued", ":material/hourglass_top:", "orange", JobStatus.QUEUED, summary.queued,
             "queued" in summary.capped, summary.queued_by_hour, longest),
        Card("completed", "Completed, 24 h", ":material/check_circle:", "green", JobStatus.COMPLETED, completed,
             "completed_last_24h" in summary.capped, summary.completed_by_hour, "against 24 h before",
             summary.completed_previous_24h, "normal"),
        Card("failed", "Failed, 24 h", ":material/cancel:", "red", JobStatus.FAILED, failed,
             "failed_last_24h" in summary.capped, summary.failed_by_hour, rate,
             summary.failed_previous_24h, "inverse"),
    )  # fmt: skip


def delta(card: Card) -> str | None:
    """Change against the 24 h before, in jobs; None where nothing can be compared."""
    if card.before is None or card.number is None or card.capped:
        return None
    change = card.number - card.before
    return f"{change:+,}" if change else None


@st.fragment(key="cards")
@sectioned("The numbers of jobs")
def render(monitor: Monitor, live: Live) -> None:
    """The grid of cards."""
    user = viewer_or_none()
    if user is None:
        return
    source = monitor.jobs_for(user)
    # While history is still being read, "more than the day before" would only mean "not read yet".
    comparable = not tab.state(monitor).filling
    summary = tab.summary(source, live.as_of)
    waited = ""
    if summary.oldest_queued_at and live.as_of.at:
        waited = age(source.now_at(live.as_of) - summary.oldest_queued_at)

    moves = ""
    if (summary.queued or 0) >= SHORT_QUEUE and (evidence := tab.evidence(source, live.as_of)):
        moves = pace(evidence)

    @guarded
    def show(status: JobStatus) -> None:
        jobs.show_only(status)
        st.rerun(["cards", "jobs"])

    st.markdown("##### Jobs")
    with st.grid(columns=4, min_column_width=150, gap="small", border=True):
        for card in cards_of(summary, waited, moves):
            with st.container(key=f"card_{card.key}", gap="xsmall", height="stretch", vertical_alignment="distribute"):
                st.metric(
                    f":{card.color}[{card.icon}] {card.label}",
                    count(card.number, capped=card.capped),
                    delta(card) if comparable else None,
                    delta_color=card.delta_color,
                    delta_arrow="auto",
                )
                if card.bars:
                    st.html(bars(card.bars, card.color, card.label))
                with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                    st.caption(card.note, width="stretch")
                    st.button(
                        "Show",
                        key=f"card_{card.key}_open",
                        type="tertiary",
                        icon=":material/filter_alt:",
                        on_click=show,
                        args=(card.status,),
                    )
