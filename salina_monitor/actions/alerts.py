"""Alerts by mail: who wants them and where to, for those who may have them; and a test of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.activity import Activity, Entry, Kind, Outcome, record
from salina_monitor.alerts import mail, webhook
from salina_monitor.alerts.letters import test_letter
from salina_monitor.alerts.receivers import SQL, WEBHOOK, receivers
from salina_monitor.alerts.watch import base_of, name_of
from salina_monitor.models import utcnow
from salina_monitor.policy import Right
from salina_monitor.settings import Settings, is_address
from salina_monitor.store import Store

TEST_EVERY = timedelta(minutes=1)
_TARGET = "alerts by mail"


class AddressRefused(ValueError):
    """Mail cannot be sent there. The text is a sentence for people."""


def subscribe(actor: Actor, activity: Activity, store: Store, address: str) -> str:
    """Have alerts mailed to `address`; the address as kept. Raises Denied, AddressRefused, StoreError."""
    permit(activity, actor, Right.RECEIVE_ALERTS, _TARGET)
    address = address.strip(" ")
    if not is_address(address):
        raise AddressRefused(
            "That is not a mail address: write one alone, like ada@example.com, without names, blanks or line breaks."
        )
    now = utcnow()
    with store.connection() as conn:
        conn.execute(SQL["subscribe"], {"name": actor.user.name, "address": address, "now": now})
        detail = {"domain": address.rpartition("@")[2]}
        record(conn, Entry(Kind.ALERT_MAIL_ON, actor.origin(), actor.user.name, detail=detail), now)
    return address


def unsubscribe(actor: Actor, activity: Activity, store: Store) -> bool:
    """No more mail; False when there was none. Everybody may, whatever the role became. Raises StoreError."""
    now = utcnow()
    with store.connection() as conn:
        if conn.execute(SQL["unsubscribe"], {"name": actor.user.name}).fetchone() is None:
            return False
        record(conn, Entry(Kind.ALERT_MAIL_OFF, actor.origin(), actor.user.name), now)
    return True


def send_test(actor: Actor, activity: Activity, store: Store, settings: Settings) -> str:
    """Send a test to the own address, and to the webhook if there is one; what came of it, in a sentence or two.

    Once a minute a user. Takes some seconds where nobody answers. Raises Denied, StoreError.
    """
    permit(activity, actor, Right.RECEIVE_ALERTS, _TARGET)
    now = utcnow()
    with store.connection() as conn:
        values = {"name": actor.user.name, "now": now, "before": now - TEST_EVERY}
        row = conn.execute(SQL["begin_test"], values).fetchone()
        hooked = (WEBHOOK, "") in receivers(conn, settings)
        wanted = conn.execute(SQL["subscription"], {"name": actor.user.name}).fetchone()
    if wanted is None:
        return "Write an address first; there is nowhere to send a test to."
    if row is None:
        return "A test was sent less than a minute ago; wait a moment. Nothing was sent."
    key = str(uuid4())
    letter = test_letter(actor.user.name, now, base=base_of(settings), name=name_of(settings))
    outcomes = [mail.send(settings, row["address"], letter.subject, letter.text, letter.html, key)]
    if hooked:
        outcomes.append(webhook.post(settings, letter.to_json(), key, now))
    outcome = Outcome.DONE if all(one.sent for one in outcomes) else Outcome.FAILED
    detail = {"codes": ", ".join(one.code for one in outcomes)}
    activity.add(Entry(Kind.ALERT_TESTED, actor.origin(), actor.user.name, outcome, detail))
    more = " Look into your inbox, and into spam." if outcomes[0].sent else ""
    return " ".join(one.said for one in outcomes) + more
