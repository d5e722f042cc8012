"""Sandbox only: break the played services and watch cards turn and jobs fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import streamlit as st

from salina_monitor.models import Service, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.sandbox import Fault, SandboxControl, SandboxUnreachable, control_url
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.session import guarded, viewer_or_none
from salina_monitor.ui.text import block, plain

MOST_MAILS = 10
_EPOCH, _STATE, _MISSED = "_faults_epoch", "_faults", "_faults_missed"
LABELS = {
    Fault.OK: "Well",
    Fault.SLOW: "Slow",
    Fault.SILENT: "Silent",
    Fault.ERROR: "Error",
    Fault.REFUSED_KEY: "Key refused",
}


def render(monitor: Monitor) -> None:
    """The panel, folded away; paints nothing outside the sandbox."""
    if monitor.settings.sandbox:
        _panel(monitor)


@st.fragment(key="sandbox_panel")
def _panel(monitor: Monitor) -> None:
    if viewer_or_none() is None:
        return
    control = SandboxControl(_control_url(monitor))

    @guarded
    def switch(service: Service, key: str) -> None:
        if key == _key(service, _epoch()):
            _told(lambda: control.set(service, st.session_state.get(key) or Fault.OK.value))
            monitor.checks.start((service,), force=True)

    @guarded
    def heal() -> None:
        _told(control.heal_all)
        monitor.checks.start(force=True)

    panel = st.expander("Sandbox: break a service", icon=":material/science:", key="sandbox_panel", on_change="rerun")
    if not panel.open:
        return
    with panel:
        st.text("Everything here is played. Break a service and watch its card turn, and jobs that need it fail.")
        try:
            state = control.state()
        except SandboxUnreachable as error:
            st.text(str(error))
            return
        if st.session_state.pop(_MISSED, False):
            st.text("Not switched: the sandbox's services did not answer. Try again.")
        _choices(state, switch)
        healed = st.button("Heal all", key="heal_all", icon=":material/healing:", on_click=heal)
        _mails(control)
    before, st.session_state[_STATE] = st.session_state.get(_STATE), state
    if healed or before not in (None, state):
        st.rerun()  # the ticker has to start


def _choices(state: Mapping[Service, str], switch: Callable[[Service, str], None]) -> None:
    """A row of faults for each service.

    Where the truth is not what a row shows, all rows are made anew: a browser that is a moment behind goes on to send
    what its old rows show, and that must not be taken for a choice.
    """
    epoch = _epoch()
    if any(st.session_state.get(_key(service, epoch), fault) != fault for service, fault in state.items()):
        epoch += 1
        st.session_state[_EPOCH] = epoch
    for service in Service:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"fault_{service.value}"):
            st.text(service.label, width=90)
            st.segmented_control(
                service.label, [fault.value for fault in Fault], default=state[service], key=_key(service, epoch),
                format_func=lambda value: LABELS[Fault(value)], label_visibility="collapsed", required=True,
                on_change=switch, args=(service, _key(service, epoch)),
            )  # fmt: skip


def _epoch() -> int:
    return int(st.session_state.get(_EPOCH, 0))


def _key(service: Service, epoch: int) -> str:
    return f"fault_of_{service.value}_{epoch}"


def _mails(control: SandboxControl) -> None:
    """What was mailed: nothing of it leaves this machine."""
    with st.container(key="sandbox_mails", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**Mails taken by the played Resend**", width="content")
            st.button("Look again", key="mails_again", icon=":material/refresh:", type="tertiary")
        try:
            mails = control.mails()
        except SandboxUnreachable as error:
            st.text(str(error))
            return
        if not mails:
            st.text("None yet. Break a service: within about a minute its alert is here.")
        tz, _ = zone(st.context.timezone)
        for mail in mails[:MOST_MAILS]:
            plain(f"{clock(mail.at, tz, utcnow())} to {', '.join(mail.to)}: {mail.subject}")
            with st.expander("Text", key=f"mail_{mail.id}"):
                block(mail.text)


def _control_url(monitor: Monitor) -> str:
    return control_url({**os.environ, "MONITOR_DATA_DIR": str(monitor.settings.data_dir.parent)})


def _told(switch: Callable[[], object]) -> None:
    try:
        switch()
    except SandboxUnreachable:
        st.session_state[_MISSED] = True
