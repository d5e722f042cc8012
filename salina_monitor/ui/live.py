"""What one tab looks at: its as-of, and what goes on beside it.

Opening the page or pressing Refresh paints what is known at once, asks for a sync and five probes, and
returns. A small fragment then looks every quarter second (every second where only details are still to
come) whether something has arrived, has the page repainted, and goes away when all is settled. Nothing ever
waits in a script run, so a silent service or API holds no click up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime

import streamlit as st

from salina_monitor.evidence import Evidence
from salina_monitor.mirror import STALE_AFTER, MirrorState
from salina_monitor.models import AsOf, HealthCheckResult, JobSummary, Service, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource, get_evidence, get_job_summary
from salina_monitor.ui.once import once
from salina_monitor.ui.session import BY_ITSELF, viewer_or_none

KEY = "_live"
TICK_S = 0.25
LATER_TICK_S = 1.0
"""For exact starts and history: a repaint takes from the browser what it needs for its first paint."""
FIRST_PAINT_S = 1.0
"""So long after opening nothing is painted anew: a browser that still builds the first page would begin again, and what
the sync and the services answered meanwhile comes in one repaint."""
SYNC_PROMISE_S = 5.0
SYNC_GIVE_UP_S = 30.0
TRACE_GIVE_UP_S = 8.0
FILL_REPAINT_S = 2.0


@dataclass
class Live:
    """State of one tab. `as_of` is what every section shows; `ticket` a sync under way."""

    as_of: AsOf
    ticket: int | None = None
    asked_at: float = 0.0
    opened_at: float = field(default_factory=time.monotonic)
    tracing: list[str] = field(default_factory=list)
    tracing_since: float = 0.0
    looked_at: tuple[object, ...] = ()
    painted_health: tuple[object, ...] = ()
    painted_filling: bool = False
    painted_overdue: bool = False
    fill_painted_at: float = 0.0
    selected: str | None = None

    @property
    def syncing(self) -> bool:
        return self.ticket is not None

    @property
    def overdue(self) -> bool:
        """Whether the sync takes longer than people are promised: what is shown must not look live any more."""
        return self.syncing and time.monotonic() - self.asked_at > SYNC_PROMISE_S


def is_opening() -> bool:
    """Whether the page was not on this tab's screen before this run."""
    return KEY not in st.session_state


def begin(monitor: Monitor) -> Live:
    """The tab's state; on opening the page, everything is asked anew."""
    live = st.session_state.get(KEY)
    if not isinstance(live, Live):
        live = Live(monitor.mirror.state().as_of)
        st.session_state[KEY] = live
        refresh(monitor, live, force=False)
    return live


def refresh(monitor: Monitor, live: Live, *, force: bool = True) -> None:
    """Ask for a sync and for all probes; returns at once."""
    live.ticket = monitor.mirror.request()
    live.asked_at = time.monotonic()
    monitor.checks.start(force=force)


def leave() -> None:
    """Another page was opened: coming back counts as opening again."""
    st.session_state.pop(KEY, None)


def look_at(monitor: Monitor, live: Live, run_ids: list[str]) -> None:
    """These rows are on the screen: their traces come first. Asked once a view, or running jobs would never settle."""
    shown = (live.as_of.seq, *run_ids)
    if run_ids and shown != live.looked_at:
        live.looked_at = shown
        live.tracing, live.tracing_since = run_ids, time.monotonic()
        monitor.mirror.want_traces(run_ids)


def state(monitor: Monitor) -> MirrorState:
    """The mirror's state in this run. Raises StoreError."""
    return once("mirror", monitor.mirror.state)


def summary(source: JobSource, as_of: AsOf) -> JobSummary:
    """The numbers of the cards, which the verdict is judged from too. Raises StoreError."""
    return once(("summary", source.tenant, as_of), lambda: get_job_summary(as_of=as_of, source=source))


def evidence(source: JobSource, as_of: AsOf) -> Evidence | None:
    """What else the verdict is judged from. Raises StoreError."""
    return once(("evidence", source.tenant, as_of), lambda: get_evidence(as_of=as_of, source=source))


def is_filling(state: MirrorState) -> bool:
    """Whether history is being read right now."""
    return state.filling and state.problem is None


def unsettled(monitor: Monitor, live: Live) -> bool:
    """Whether something is under way, or has ended since the page was painted."""
    return (
        live.syncing
        or bool(live.tracing)
        or live.painted_filling
        or monitor.checks.running()
        or health_stamp(monitor) != live.painted_health
    )


def ticker(monitor: Monitor, live: Live) -> None:
    """Paint the fragment that looks for news, while there may be any. Comes last on the page."""
    if unsettled(monitor, live):
        soon = live.syncing or monitor.checks.running() or health_stamp(monitor) != live.painted_health
        st.fragment(_tick, run_every=TICK_S if soon else LATER_TICK_S, key="ticker")(monitor, live)


def _tick(monitor: Monitor, live: Live) -> None:
    st.session_state[BY_ITSELF] = True  # the clock looks, nobody clicked
    # A run of the whole page also ends this fragment's timer once all is settled.
    is_built = time.monotonic() - live.opened_at > FIRST_PAINT_S
    if viewer_or_none() is not None and is_built and (_news(monitor, live) or not unsettled(monitor, live)):
        st.rerun()
    st.session_state.pop(BY_ITSELF, None)


def _news(monitor: Monitor, live: Live) -> bool:
    """Whether anything on the page has changed since it was painted; takes a new as-of when a sync ended."""
    now = time.monotonic()
    changed = health_stamp(monitor) != live.painted_health or live.overdue != live.painted_overdue
    if live.ticket is not None and (monitor.mirror.wait(live.ticket, 0) or now - live.asked_at > SYNC_GIVE_UP_S):
        live.ticket = None
        live.as_of = monitor.mirror.state().as_of
        changed = True
    if live.painted_filling:
        state = monitor.mirror.state()
        if not is_filling(state) or now - live.fill_painted_at > FILL_REPAINT_S:
            live.as_of, live.fill_painted_at = state.as_of, now
            changed = True
    if live.tracing and (not monitor.mirror.traces_pending(live.tracing) or now - live.tracing_since > TRACE_GIVE_UP_S):
        live.tracing = []
        changed = True
    return changed


def health_stamp(monitor: Monitor) -> tuple[object, ...]:
    """Changes whenever a health card has to be painted anew."""
    return tuple((service, monitor.checks.is_waiting(service), monitor.checks.latest(service)) for service in Service)


def known_health(monitor: Monitor) -> list[HealthCheckResult]:
    """The last result of each service that has one; not an old one while its service is being asked."""
    now = utcnow()
    found = ((monitor.checks.latest(service), monitor.checks.is_waiting(service)) for service in Service)
    return [
        result for result, waiting in found
        if result is not None and not (waiting and now - result.checked_at > STALE_AFTER)
    ]  # fmt: skip


def is_behind(state: MirrorState, shown: AsOf, now: datetime) -> bool:
    """Whether what a tab shows is old while newer data is here: it was left open, and nobody pressed Refresh."""
    return not state.stale(now) and replace(state, as_of=shown).stale(now)


def stale_sentence(
    state: MirrorState, now: datetime, *, shown: AsOf | None = None, syncing: bool = False, overdue: bool = False
) -> str:
    """That job data is old, for the verdict; "" while it is fresh, or was never read (which the counts say).

    `shown` is what the tab shows; while it is `syncing`, what went wrong before is not told yet.
    """
    if overdue:
        return "Inngest has not answered yet, so job data may be old."
    shown = shown or state.as_of
    if shown.at is None:
        return ""
    if syncing:
        return "Job data is old and is being read anew." if now - shown.at > STALE_AFTER else ""
    if is_behind(state, shown, now):
        return "Job data on this page is old; press Refresh."
    if not state.stale(now):
        return ""
    if state.problem is not None:
        return "Job data could not be refreshed, the reason is above."
    return "Job data was not refreshed for a while; press Refresh."
