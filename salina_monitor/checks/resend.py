"""Resend: is the API key accepted? `GET /domains?limit=1` (https://resend.com/docs/api-reference); sends no mail."""

from __future__ import annotations

from salina_monitor.checks import http
from salina_monitor.checks.context import unusable
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.settings import Settings
from salina_monitor.wire import Answer, WireError

_QUOTAS = {"daily_quota_exceeded": "daily", "monthly_quota_exceeded": "monthly"}


def probe(settings: Settings, budget_s: float) -> Finding:
    """Ask Resend once, within `budget_s` seconds."""
    if finding := unusable(settings, ("RESEND_API_KEY",), ("RESEND_API_URL",)):
        return finding
    try:
        answer = http.ask(f"{settings.resend_api_url}/domains?limit=1", key=settings.resend_api_key, budget_s=budget_s)
    except WireError as error:
        return http.not_answered(error)
    return _own_rules(answer) or http.judge(answer)


def _own_rules(answer: Answer) -> Finding | None:
    body, ms = http.json_object(answer), answer.elapsed_ms
    name, message = str(body.get("name")), str(body.get("message"))
    if answer.status == 200 and isinstance(body.get("data"), list):
        return found("ok", ms, said="API key accepted")
    if answer.status == 401 and name == "restricted_api_key":
        # The key is known and may send; listing domains is what it may not. That is all the ERP needs.
        return found("ok", ms, said="Sending access only")
    if name in ("invalid_api_key", "missing_api_key") and 400 <= answer.status < 500:
        return found("bad_key", ms)
    if answer.status == 400 and name == "validation_error" and "api key is invalid" in message.lower():
        return found("bad_key", ms)
    if answer.status == 429 and name in _QUOTAS:
        wait = http.retry_after_s(answer.headers)
        return found("quota_exceeded", ms, retry_after_s=wait, period=_QUOTAS[name])
    return None
