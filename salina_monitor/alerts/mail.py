"""One mail through Resend, and what came of it in our own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from salina_monitor.alerts.outcomes import Outcome, not_sent, of_wire, taken
from salina_monitor.checks.http import retry_after_s
from salina_monitor.settings import Settings
from salina_monitor.wire import Answer

if TYPE_CHECKING:
    from salina_monitor.alerts.package import Client

WHO = "Resend"
SEND_S = 8.0
_QUOTAS = ("daily_quota_exceeded", "monthly_quota_exceeded")


def problem(settings: Settings) -> Outcome | None:
    """Why no mail can be sent with these settings; None when one can."""
    unusable = settings.problem("RESEND_API_KEY", "RESEND_API_URL", "MONITOR_MAIL_FROM")
    if unusable:
        return not_sent("bad_setting", WHO, detail=unusable.message)
    missing = [name for name in ("RESEND_API_KEY", "MONITOR_MAIL_FROM") if not settings.values[name.lower()]]
    return not_sent("not_configured", WHO, missing=" and ".join(missing)) if missing else None


def send(settings: Settings, address: str, subject: str, text: str, html: str, key: str) -> Outcome:
    """Send one mail, within `SEND_S` seconds. Tries with one `key` and the same mail are one mail, for 24 hours."""
    if (unable := problem(settings)) is not None:
        return unable
    # Late: the package takes a third of a second to import, and most processes send nothing.
    from salina_monitor.alerts import package

    mail = {
        "from": settings.monitor_mail_from, "to": [address], "subject": " ".join(subject.split()), "text": text,
        "html": html,
    }  # fmt: skip
    # Resend refuses a known key with another mail: after a change of sender or address it is another one.
    stamp = sha256(json.dumps([key, mail], sort_keys=True).encode()).hexdigest()
    return _judge(*package.send(settings.resend_api_url, settings.resend_api_key, mail, f"salina-{stamp}", SEND_S))


def _judge(client: Client, name: str, found: Any) -> Outcome:
    if client.failed is not None:
        return of_wire(client.failed, WHO)
    if client.answer is None:
        return not_sent("sending_bug", WHO)
    status = client.answer.status
    if 200 <= status < 300:
        known = isinstance(found, Mapping) and isinstance(found.get("id"), str)
        return taken(WHO, status) if known else not_sent("bad_body", WHO)
    wait = retry_after_s(client.answer.headers)
    if 300 <= status < 400:
        return not_sent("redirect", WHO, http=status, setting="RESEND_API_URL")
    if status == 409:
        return not_sent("busy", WHO, http=status)
    if status == 429:
        return not_sent("quota_exceeded" if name in _QUOTAS else "rate_limited", WHO, retry_after_s=wait)
    if status == 401 or name in ("invalid_api_key", "missing_api_key") or _says_key(client.answer):
        return not_sent("bad_key", WHO, http=status)
    if status == 403:
        return not_sent("bad_sender", WHO, http=status)
    if status >= 500:
        return not_sent("vendor_error", WHO, http=status)
    return not_sent("rejected", WHO, http=status, setting="MONITOR_MAIL_FROM and the address")


def _says_key(answer: Answer) -> bool:
    """A key that is none is a `validation_error` like a bad address; only the message tells."""
    return answer.status == 400 and b"api key is invalid" in answer.body.lower()
