"""On the Health page: which alerts are open, who is told, what waits to be sent and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

import streamlit as st

from salina_monitor.alerts import (
    Alert,
    Delivery,
    get_alerts,
    get_deliveries,
    get_receivers,
    get_silences,
    mail,
    webhook,
)
from salina_monitor.alerts.rules import Rule
from salina_monitor.models import User
from salina_monitor.monitor import Monitor
from salina_monitor.settings import Settings
from salina_monitor.ui.format import age, ago, clock, plural
from salina_monitor.ui.section import section
from salina_monitor.ui.text import plain
from salina_monitor.verdict import Level

LOOK_BACK = timedelta(hours=24)
MOST_NAMED = 5


def render(monitor: Monitor, user: User, now: datetime, tz: tzinfo) -> None:
    """The section. Who sees one tenant only sees alerts about services: the others count everybody's jobs."""
    st.markdown("##### Alerts")
    with section("The alerts"), st.container(border=True, key="alerts", gap="xsmall"):
        whole = user.tenant is None
        found = [a for a in get_alerts(monitor.store, now - LOOK_BACK) if whole or a.rule in (Rule.SERVICE, Rule.STALE)]
        people, deliveries = get_receivers(monitor.store), get_deliveries(monitor.store, now)
        hooked = bool(monitor.settings.monitor_webhook_url)
        if not any(alert.closed_at is None for alert in found):
            st.text("No alert is open.")
        for alert in found:
            _alert(alert, _news(alert, deliveries, hooked or bool(people), now, tz), now, tz)
        if whole:
            _told(monitor.settings, people, deliveries, now, tz)
            _unknown(monitor, user)


def _alert(alert: Alert, news: str, now: datetime, tz: tzinfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"alert_{alert.id}"):
        if alert.closed_at is not None:
            st.badge("Ended", icon=":material/check_circle:", color="gray")
        elif alert.level is Level.TROUBLE:
            st.badge("Trouble", icon=":material/error:", color="red")
        else:
            st.badge("Attention", icon=":material/warning:", color="orange")
        plain(alert.title, width="content")
        st.caption(_times(alert, news, now, tz))


def _times(alert: Alert, news: str, now: datetime, tz: tzinfo) -> str:
    parts = [f"since {clock(alert.began_at, tz, now)}"]
    if alert.closed_at is not None:
        parts.append(f"over {clock(alert.closed_at, tz, now)}")
    elif alert.returns and alert.gone_at is not None:
        parts.append(f"well {clock(alert.gone_at, tz, now)}, over if it stays so")
    parts.append(news)
    if alert.reminders:
        parts.append(plural(alert.reminders, "reminder"))
    return " · ".join(parts)


def _news(alert: Alert, deliveries: Sequence[Delivery], anybody: bool, now: datetime, tz: tzinfo) -> str:
    """Whether people know of it: that it was written says nothing while nothing goes out."""
    if alert.told == 0 or alert.told_at is None:
        return "not told: quiet for maintenance"
    at = alert.told_at
    if not any(one.took(at) for one in deliveries):
        if any(one.owes(at) for one in deliveries):
            return "not delivered yet"
        if not deliveries and not anybody:
            return "told to nobody"
    return f"told {clock(at, tz, now)}"


def _told(settings: Settings, people: Sequence[str], deliveries: Sequence[Delivery], now: datetime, tz: tzinfo) -> None:
    names = [*(f"mail to {name}" for name in people), *(["the webhook"] if settings.monitor_webhook_url else [])]
    if names:
        plain(f"Told: {', '.join(names)}.")
    else:
        st.text("Nobody is told: nobody asked for mail under Account, and MONITOR_WEBHOOK_URL is not set.")
    for sentence in problems(settings, mailing=bool(people)):
        plain(sentence)
    for delivery in deliveries:
        _delivery(delivery, now, tz)


def problems(settings: Settings, *, mailing: bool) -> list[str]:
    """What keeps alerts from being sent with these settings; of mail only when somebody wants it."""
    unable = [mail.problem(settings)] if mailing else []
    if settings.monitor_webhook_url or settings.problem("MONITOR_WEBHOOK_URL", "MONITOR_WEBHOOK_SECRET"):
        unable.append(webhook.problem(settings))
    return [outcome.said for outcome in unable if outcome is not None]


def _delivery(delivery: Delivery, now: datetime, tz: tzinfo) -> None:
    said = f"{delivery.name}: last sent {ago(delivery.sent_at, now)}"
    if delivery.waiting:
        said += f"; {plural(delivery.waiting, 'letter')} waiting since {clock(delivery.since, tz, now)}"
        if delivery.attempts:
            said += f", tried {plural(delivery.attempts, 'time')}, again {clock(delivery.next_at, tz, now)}"
            said += f". {delivery.said}"
    elif delivery.given_up_at is not None:
        said += f"; given up {clock(delivery.given_up_at, tz, now)} after days. {delivery.said}"
    plain(said)


def _unknown(monitor: Monitor, user: User) -> None:
    found = get_silences(monitor.jobs_for(user))
    unknown = [one.label for one in found if one.usual is None]
    known = [one for one in found if one.limit is not None]
    if known:
        shown = ", ".join(f"{one.label} {age(one.limit)}" for one in known[:MOST_NAMED] if one.limit)
        more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
        with st.expander("After how long without success a type is an alert", key="silences"):
            plain(f"{shown}{more}.")
            if unknown:
                plain(f"Not judged, for too few successes in a week: {', '.join(unknown)}.")
    elif unknown:
        named = ", ".join(unknown[:MOST_NAMED])
        plain(f"How long a type usually goes without success is not known yet: {named}.")
