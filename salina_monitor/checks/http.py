"""What Clerk, Resend and Inngest have in common: one GET on a connection of its own, and the common outcomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from salina_monitor import __version__, wire
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.wire import Answer, WireError

USER_AGENT = f"salina-monitor/{__version__}"
LONGEST_RETRY_AFTER_S = 3600.0
DEFAULT_RETRY_AFTER_S = 10.0


def ask(url: str, *, key: str, budget_s: float) -> Answer:
    """GET `url` with `key` as bearer (none if empty). Raises WireError; see `not_answered`."""
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    with wire.new_client(keepalive=False) as client:
        return wire.fetch(client, "GET", url, headers=headers, deadline_s=budget_s)


def not_answered(error: WireError) -> Finding:
    """The finding for a request that got no complete answer; kinds of the wire are codes of the table."""
    detail = error.detail
    if error.kind == "protocol":
        detail = f" ({detail})" if detail else ""
    return found(error.kind, error.elapsed_ms, detail=detail)


def judge(answer: Answer) -> Finding:
    """The common outcome of a status that the service's own rules did not settle."""
    status, ms = answer.status, answer.elapsed_ms
    if 300 <= status < 400:
        return found("redirect", ms, http=status)
    if status == 429:
        return limited(answer)
    if status in (502, 503, 504):
        return found("vendor_down", ms, http=status)
    if status >= 500:
        return found("vendor_error", ms, http=status)
    if 200 <= status < 300:
        return found("bad_body", ms)
    plain = {401: "bad_key", 403: "forbidden", 404: "not_found"}
    return found(plain[status], ms) if status in plain else found("unexpected", ms, http=status)


def limited(answer: Answer) -> Finding:
    """429: degraded, and not asked again before Retry-After."""
    wait = retry_after_s(answer.headers)
    return found("rate_limited", answer.elapsed_ms, retry_after_s=wait, again=f"in {wait:.0f} s at the earliest")


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds that Retry-After asks for (a number or an HTTP date), within 1 s and one hour; 10 s if it is unusable."""
    raw = headers.get("retry-after", "").strip()
    try:
        seconds = float(raw)
    except ValueError:
        seconds = _seconds_until(raw, now or datetime.now(UTC))
    if seconds != seconds:  # NaN, which float() accepts
        seconds = DEFAULT_RETRY_AFTER_S
    return min(max(seconds, 1.0), LONGEST_RETRY_AFTER_S)


def _seconds_until(date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError, IndexError, OverflowError):  # what the library lets out for texts that are no dates
        return DEFAULT_RETRY_AFTER_S
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def json_object(answer: Answer) -> Mapping[str, Any]:
    """The body as a JSON object; empty when it is anything else, so that every look into it fails softly."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):  # RecursionError: 64 KiB of "[" nests deeper than Python goes
        return {}
    return body if isinstance(body, dict) else {}
