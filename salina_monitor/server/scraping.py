"""`/metrics`: with the token; without one for this machine, if only this machine gets here; else it does not exist."""

from __future__ import annotations

import hmac
import logging

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from salina_monitor import metrics as measured
from salina_monitor import monitor, runtime
from salina_monitor.accounts import AccountError
from salina_monitor.server.exposure import is_loopback, is_public
from salina_monitor.settings import Settings
from salina_monitor.store import StoreError

log = logging.getLogger(__name__)
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Whoever sends one of these is a proxy, or pretends to be one: the request began elsewhere."""
_STORE_DOWN = (
    "# HELP salina_monitor_store_up 1 while the monitor's own database answers.\n"
    "# TYPE salina_monitor_store_up gauge\nsalina_monitor_store_up 0.0\n"
)


def metrics(request: Request) -> Response:
    """Prometheus text; 404 for whoever may not have it, as for any address that is none of ours."""
    if not may_scrape(request, runtime.settings()):
        return PlainTextResponse("Not found", 404)
    try:
        text: bytes | str = measured.of(monitor.get()).text()
    except (StoreError, AccountError) as error:
        log.warning("metrics without a store: %s", error)
        text = _STORE_DOWN
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})


def may_scrape(request: Request, settings: Settings) -> bool:
    """Whether the request brings the token; where there is none and nobody elsewhere gets here, whether it comes
    straight from this machine. A proxy on this machine that hides whom it speaks for would pass as this machine."""
    token = str(settings.monitor_metrics_token)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token and hmac.compare_digest(given.strip().encode(), token.encode()):
        return True
    unusable = settings.problem("MONITOR_METRICS_TOKEN", "MONITOR_PUBLIC_URL")
    if token or unusable or is_public(settings):
        return False
    if request.client is None or not is_loopback(request.client.host):
        return False
    # A page elsewhere whose name was made to mean this machine still sends that name.
    host = request.url.hostname or ""
    return is_loopback(host) and not any(name in request.headers for name in FORWARDED)
