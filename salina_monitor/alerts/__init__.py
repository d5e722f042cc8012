"""Telling people of trouble: rules, what is open, letters, and the outbox from which they are sent."""

from salina_monitor.alerts.book import Alert, Event
from salina_monitor.alerts.outbox import Postman
from salina_monitor.alerts.reading import Delivery, get_alerts, get_deliveries, get_receivers
from salina_monitor.alerts.receivers import Subscription, subscribe_sandbox_owner, subscription_of
from salina_monitor.alerts.rules import Silence
from salina_monitor.alerts.silences import get_silences
from salina_monitor.alerts.watch import Alerts

__all__ = [
    "Alert",
    "Alerts",
    "Delivery",
    "Event",
    "Postman",
    "Silence",
    "Subscription",
    "get_alerts",
    "get_deliveries",
    "get_receivers",
    "get_silences",
    "subscribe_sandbox_owner",
    "subscription_of",
]
