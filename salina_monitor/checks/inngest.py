"""Inngest: is the key accepted? `GET /v2/health`; a server without it is asked for one event over v1.

v1 errors come as HTTP 200 with `{"error": …, "status": 401}` (recorded: v1-events.badfrom.json), so the body counts.
"""

from __future__ import annotations

import dataclasses
import time

from salina_monitor.checks import http
from salina_monitor.checks.context import unusable
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.settings import Settings
from salina_monitor.wire import Answer, WireError

API_KEY_PREFIX = "sk-inn-api-"


def probe(settings: Settings, budget_s: float) -> Finding:
    """Ask Inngest once or, for want of `/v2/health`, twice, within `budget_s` seconds in all."""
    if finding := unusable(settings, (), ("INNGEST_SIGNING_KEY", "INNGEST_API_KEY", "INNGEST_API_URL")):
        return finding
    key = settings.inngest_signing_key or settings.inngest_api_key
    if not key and settings.inngest_is_cloud:
        return found("not_configured", None, missing="INNGEST_SIGNING_KEY")
    started = time.monotonic()
    try:
        answer = http.ask(f"{settings.inngest_api_url}/v2/health", key=key, budget_s=budget_s)
        if answer.status != 404:
            return _judge(answer, key, healthy=_v2_healthy(answer))
        if key.startswith(API_KEY_PREFIX):
            return found("needs_signing_key", answer.elapsed_ms)
        left = budget_s - (time.monotonic() - started)
        answer = http.ask(f"{settings.inngest_api_url}/v1/events?limit=1", key=key, budget_s=left)
    except WireError as error:
        return http.not_answered(WireError(error.kind, _ms_since(started), error.detail))
    answer = dataclasses.replace(_unwrapped(answer), elapsed_ms=_ms_since(started))
    return _judge(answer, key, healthy=answer.status == 200 and isinstance(http.json_object(answer).get("data"), list))


def _judge(answer: Answer, key: str, *, healthy: bool) -> Finding:
    if healthy and not key:
        return found("ok", answer.elapsed_ms, said="Answers without a key, as a development server does")
    if healthy:
        kind = "API key" if key.startswith(API_KEY_PREFIX) else "Signing key"
        return found("ok", answer.elapsed_ms, said=f"{kind} accepted")
    if answer.status in (401, 403) and not key:
        return found("not_configured", answer.elapsed_ms, missing="INNGEST_SIGNING_KEY")
    return http.judge(answer)


def _v2_healthy(answer: Answer) -> bool:
    data = http.json_object(answer).get("data")
    return answer.status == 200 and isinstance(data, dict) and data.get("status") == "ok"


def _unwrapped(answer: Answer) -> Answer:
    """A v1 error inside a 200 as if it had come with its own status."""
    body = http.json_object(answer)
    inner = body.get("status")
    if answer.status == 200 and body.get("error") and type(inner) is int and 400 <= inner <= 599:
        return dataclasses.replace(answer, status=inner)
    return answer


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
