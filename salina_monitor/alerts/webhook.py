"""The same letters as JSON to one address of the operator's choice, signed: a chat, or whatever wakes people."""

from __future__ import annotations

import hmac
import json
import time
from datetime import datetime
from hashlib import sha256
from typing import Any

from salina_monitor import __version__, wire
from salina_monitor.alerts.outcomes import Outcome, not_sent, of_wire, taken
from salina_monitor.checks.http import retry_after_s
from salina_monitor.models import iso
from salina_monitor.settings import Settings
from salina_monitor.wire import WireError

WHO = "The webhook"
SEND_S = 8.0
TIMESTAMP, SIGNATURE, DELIVERY = "X-Salina-Timestamp", "X-Salina-Signature", "X-Salina-Delivery"


def problem(settings: Settings) -> Outcome | None:
    """Why nothing can be posted with these settings; None when it can."""
    unusable = settings.problem("MONITOR_WEBHOOK_URL", "MONITOR_WEBHOOK_SECRET")
    if unusable:
        return not_sent("bad_setting", WHO, detail=unusable.message)
    return None if settings.monitor_webhook_url else not_sent("not_configured", WHO, missing="MONITOR_WEBHOOK_URL")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the HMAC-SHA256 of `timestamp.body` in hexadecimal."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def body_of(letter: dict[str, Any], key: str, made_at: datetime) -> bytes:
    """What is posted. `text` is what chat tools show."""
    shown = f"{letter['subject']}\n\n{letter['text']}"
    content = {
        "text": shown,
        "id": key,
        "made_at": iso(made_at),
        "source": "salina-monitor",
        "alerts": letter["alerts"],
    }
    return json.dumps(content, ensure_ascii=False).encode()


def post(settings: Settings, letter: dict[str, Any], key: str, made_at: datetime) -> Outcome:
    """Post one letter, within `SEND_S` seconds; any 2xx takes it. Redirects are not followed."""
    if (unable := problem(settings)) is not None:
        return unable
    body, timestamp = body_of(letter, key, made_at), str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8", "User-Agent": f"salina-monitor/{__version__}",
        TIMESTAMP: timestamp, DELIVERY: key,
    }  # fmt: skip
    if settings.monitor_webhook_secret:
        headers[SIGNATURE] = signature(settings.monitor_webhook_secret, timestamp, body)
    try:
        with wire.new_client(keepalive=False) as client:
            answer = wire.fetch(
                client, "POST", settings.monitor_webhook_url, headers=headers, content=body, deadline_s=SEND_S
            )
    except WireError as error:
        return of_wire(error, WHO)
    status = answer.status
    if 200 <= status < 300:
        return taken(WHO, status)
    if 300 <= status < 400:
        return not_sent("redirect", WHO, http=status, setting="MONITOR_WEBHOOK_URL")
    if status == 429:
        return not_sent("rate_limited", WHO, retry_after_s=retry_after_s(answer.headers))
    if status >= 500:
        return not_sent("vendor_error", WHO, http=status)
    return not_sent("rejected", WHO, http=status, setting="MONITOR_WEBHOOK_URL")
