"""Sandbox only: break the played services and watch cards turn and jobs fail."""

from __future__ import annotations

import os

import streamlit as st

from salina_monitor.models import Service, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.sandbox import Fault, SandboxControl, SandboxUnreachable, control_url
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.session import guarded, viewer_or_none
from salina_monitor.ui.text import block, plain

MOST_MAILS = 10
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
    def switch(service: Service) -> None:
        chosen = st.session_state.get(f"fault_{service.value}")
        _told(lambda: control.set(service, chosen or Fault.OK.value))
        monitor.checks.start((service,), force=True)

    @guarded
    def heal() -> None:
        _told(control.heal_all)
        for service in Service:
            st.session_state[f"fault_{service.value}"] = Fault.OK.value
        monitor.checks.start(force=True)

    changed = False
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
        for service in Service:
            key = f"fault_{service.value}"
            if key not in st.session_state:
                st.session_state[key] = state[service]
            before = st.session_state.get("_faults", {}).get(service)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(service.label, width=90)
                now = st.segmented_control(
                    service.label, [fault.value for fault in Fault], key=key, required=True,
                    format_func=lambda value: LABELS[Fault(value)], label_visibility="collapsed",
                    on_change=switch, args=(service,),
                )  # fmt: skip
            changed |= before is not None and before != now
        healed = st.button("Heal all", key="heal_all", icon=":material/healing:", on_click=heal)
        _mails(control)
    st.session_state["_faults"] = {service: st.session_state.get(f"fault_{service.value}") for service in Service}
    if changed or healed:
        st.rerun()  # the ticker has to start


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


def _told(switch: object) -> None:
    try:
        switch()  # type: ignore[operator]
    except SandboxUnreachable:
        return  # the run that follows asks again and says so
