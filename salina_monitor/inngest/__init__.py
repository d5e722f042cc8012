"""The client of the Inngest REST API: runs, traces, events, functions; read only."""

from salina_monitor.inngest.client import EVENT_PAGE, PAGE, InngestClient
from salina_monitor.inngest.errors import (
    BadAnswer,
    BadCursor,
    BadKey,
    InngestError,
    NeedsSigningKey,
    NotConfigured,
    NotFound,
    RateLimited,
    Refused,
    TooOld,
    Unconfirmed,
    Unreachable,
    VendorDown,
    WrongBaseUrl,
)
from salina_monitor.inngest.results import EventPage, NextAttempt, RejectedRow, RunPage

__all__ = [
    "EVENT_PAGE",
    "PAGE",
    "BadAnswer",
    "BadCursor",
    "BadKey",
    "EventPage",
    "InngestClient",
    "InngestError",
    "NeedsSigningKey",
    "NextAttempt",
    "NotConfigured",
    "NotFound",
    "RateLimited",
    "Refused",
    "RejectedRow",
    "RunPage",
    "TooOld",
    "Unconfirmed",
    "Unreachable",
    "VendorDown",
    "WrongBaseUrl",
]
