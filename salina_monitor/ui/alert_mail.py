"""On the account page: whether and where to one gets alerts, and a test of it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.alerts import AddressRefused, send_test, subscribe, unsubscribe
from salina_monitor.alerts import mail, subscription_of
from salina_monitor.alerts.watch import base_of
from salina_monitor.models import User, utcnow
from salina_monitor.policy import Right, allows
from salina_monitor.ui import acting
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.text import plain

_ADDRESS, _SAID = "alert_address", "_alert_mail_said"


def render(user: User) -> None:
    """The section; nothing for roles that get no alerts anyway."""
    if not allows(user, Right.VIEW_SYSTEM):
        return
    services = runtime.get()
    st.markdown("#### Alerts by mail")
    if not allows(user, Right.RECEIVE_ALERTS):
        st.text("Alerts are about all tenants, so a user who sees one tenant only gets none.")
        return
    found = subscription_of(services.store, user.name)
    if found is None:
        st.text("You get none. Whoever wants them is told of trouble, once, and when it is over.")
    else:
        tz, name = zone(st.context.timezone)
        plain(f"Sent to {found.address}, since {clock(found.since, tz, utcnow())} ({name}).")
    if (unable := mail.problem(services.settings)) is not None:
        st.warning("No mail can be sent at present.", icon=":material/warning:")
        plain(unable.said)
    if not base_of(services.settings):
        st.caption("Mails hold no links, for MONITOR_PUBLIC_URL is not set.")
    if sentence := st.session_state.pop(_SAID, ""):
        with st.container(border=True, key="alert_mail_said", width=440):
            plain(sentence)
    with st.container(key="alert_mail"):
        if _ADDRESS not in st.session_state:
            st.session_state[_ADDRESS] = found.address if found else ""
        st.text_input(
            "Address", key=_ADDRESS, max_chars=254, autocomplete="email", placeholder="ada@example.com", width=440
        )
        with st.container(horizontal=True, gap="small"):
            label = "Change the address" if found else "Send me alerts"
            st.button(label, key="alerts_on", type="primary", icon=":material/mail:", on_click=_on)
            if found:
                st.button("Send a test", key="alerts_test", icon=":material/send:", on_click=_test)
                st.button("No more mail", key="alerts_off", icon=":material/notifications_off:", on_click=_off)


def _on() -> None:
    address = str(st.session_state.get(_ADDRESS) or "")

    def change(actor: Actor) -> str:
        services = runtime.get()
        try:
            kept = subscribe(actor, services.accounts.activity, services.store, address)
        except AddressRefused as error:
            return str(error)
        return f"Alerts go to {kept} from now on. Send a test to see whether they arrive."

    _act(change)


def _off() -> None:
    def change(actor: Actor) -> str:
        services = runtime.get()
        unsubscribe(actor, services.accounts.activity, services.store)
        st.session_state.pop(_ADDRESS, None)
        return "You get no more mail."

    _act(change)


def _test() -> None:
    def change(actor: Actor) -> str:
        services = runtime.get()
        return send_test(actor, services.accounts.activity, services.store, services.settings)

    _act(change)


def _act(change: Callable[[Actor], str]) -> None:
    """As everywhere; how it went is said in this section and not among the sessions."""
    acting.act(change)
    st.session_state[_SAID] = acting.taken()
