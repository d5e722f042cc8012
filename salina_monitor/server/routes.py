"""The few paths that are not Streamlit's: liveness, readiness, numbers, and the cookie of a fresh sign-in."""

from __future__ import annotations

import base64
import logging
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from salina_monitor import runtime
from salina_monitor.accounts import AccountError
from salina_monitor.health import STANDS_STILL, CollectorState, read_collector
from salina_monitor.models import utcnow
from salina_monitor.navigation import BASE, HOME
from salina_monitor.server.scraping import metrics
from salina_monitor.settings import Settings
from salina_monitor.store import StoreError

log = logging.getLogger(__name__)
PATHS = ("/", "/healthz", "/readyz", "/metrics")
_NO_STORE = {"Cache-Control": "no-store"}
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def healthz(_: Request) -> Response:
    """The process serves. Asks nobody else."""
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


def readyz(_: Request) -> Response:
    """The store answers and somebody collects. Of what is wrong it says one word: anybody may ask."""
    try:
        services = runtime.get()
        why = "" if services.store.reachable() else "store"
        if not why and _stands_still(read_collector(services.store), services):
            why = "collector"
    except (StoreError, AccountError) as error:
        log.warning("not ready: %s", error)
        why = "store"
    if why:
        return JSONResponse({"status": "unavailable", "why": why}, 503, headers=_NO_STORE)
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


def _stands_still(collector: CollectorState, services: runtime.Runtime) -> bool:
    """Whether collecting should go on and does not. A process that has just started is given time for a round."""
    if utcnow() - services.started_at < STANDS_STILL:
        return False
    return collector.stands_still or (collector.age is None and bool(services.settings.monitor_collect))


def to_home(_: Request) -> Response:
    """The bare address leads to the System page."""
    return RedirectResponse(HOME, 307, headers=_NO_STORE)


def session_cookie(request: Request) -> Response:
    """Trade a one-time ticket for the session cookie.

    Only an `<img>` of our own page may ask: a link, a form, a script's fetch or another site, which could
    otherwise plant its own session in somebody's browser, all announce themselves differently in `Sec-Fetch-*`.
    """
    if not _is_image_of_our_page(request, runtime.settings()):
        return PlainTextResponse("Forbidden", 403, headers=_NO_STORE)
    try:
        services = runtime.get()
        redeemed = services.accounts.sessions.redeem(request.path_params["ticket"])
    except (StoreError, AccountError) as error:
        log.warning("a session ticket could not be redeemed: %s", error)
        return PlainTextResponse("Unavailable", 503, headers=_NO_STORE)
    if redeemed is None:
        return PlainTextResponse("Not found", 404, headers=_NO_STORE)
    cookie, life = redeemed
    answer = Response(_PIXEL, media_type="image/gif", headers=_NO_STORE)
    answer.set_cookie(
        services.accounts.cookie_name,
        cookie,
        max_age=int(life.total_seconds()),
        path=BASE,
        secure=services.settings.cookie_secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def _is_image_of_our_page(request: Request, settings: Settings) -> bool:
    asked = {name: request.headers.get(f"sec-fetch-{name}") for name in ("site", "dest", "mode")}
    if asked == {"site": "same-origin", "dest": "image", "mode": "no-cors"}:
        return True
    # Browsers send none of these over plain http from elsewhere. Only where that was allowed in so many words,
    # the page that asks may name itself: a page of another site cannot name ours.
    if not settings.monitor_allow_http or any(asked.values()):
        return False
    referrer = urlsplit(request.headers.get("referer", ""))
    return referrer.netloc == request.headers.get("host") and referrer.path.startswith(f"{BASE}/")


def routes() -> list[Route]:
    """All of them; they are plain functions, so Starlette runs them in its thread pool."""
    return [
        Route("/", to_home),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route(f"{BASE}/session/{{ticket}}", session_cookie),
    ]
