"""On the System page, and only while an alert could not be delivered: that, and why."""

from __future__ import annotations

from datetime import datetime, tzinfo

import streamlit as st

from salina_monitor.alerts import Delivery, get_deliveries
from salina_monitor.models import User, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.ui.format import clock, zone
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.section import section
from salina_monitor.ui.text import plain
from salina_monitor.words import plural


def render(monitor: Monitor, user: User) -> None:
    """The banner; nothing while everything goes out."""
    if not allows(user, Right.RECEIVE_ALERTS):
        return
    now = utcnow()
    with section("What alerts wait"):
        stuck = [one for one in get_deliveries(monitor.store, now) if one.in_trouble(now)]
        if not stuck:
            return
        tz, _ = zone(st.context.timezone)
        with st.container(border=True, key="alert_banner", gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge("Alerts not delivered", icon=":material/notification_important:", color="red")
                page_link("Health", "/admin/health", icon=":material/monitor_heart:")
            for one in stuck:
                plain(f"{one.name}: {_told(one, now, tz)}. {one.said}")


def _told(delivery: Delivery, now: datetime, tz: tzinfo) -> str:
    if not delivery.waiting:
        return "given up"
    since = clock(delivery.since, tz, now)
    return f"{plural(delivery.waiting, 'letter')} waiting since {since}, tried again by itself"
