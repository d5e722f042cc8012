"""Clerk: is the secret key accepted? `GET /users/count` (https://clerk.com/docs/reference/backend-api)."""

from __future__ import annotations

from salina_monitor.checks import http
from salina_monitor.checks.context import unusable
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.settings import Settings
from salina_monitor.wire import WireError


def probe(settings: Settings, budget_s: float) -> Finding:
    """Ask Clerk once, within `budget_s` seconds."""
    if finding := unusable(settings, ("CLERK_SECRET_KEY",), ("CLERK_API_URL",)):
        return finding
    try:
        answer = http.ask(f"{settings.clerk_api_url}/users/count", key=settings.clerk_secret_key, budget_s=budget_s)
    except WireError as error:
        return http.not_answered(error)
    if answer.status == 200:
        body = http.json_object(answer)
        if body.get("object") == "total_count" and type(body.get("total_count")) is int:
            return found("ok", answer.elapsed_ms, said="API key accepted")
    return http.judge(answer)
