"""Files made for one user are served to users: Streamlit itself hands them to whoever knows the address."""

from __future__ import annotations

import logging

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from salina_monitor import runtime
from salina_monitor.accounts import AccountError
from salina_monitor.policy import Right, allows
from salina_monitor.store import StoreError

log = logging.getLogger(__name__)
OPEN = (".png",)
"""The icon of the page, which the sign-in form has too."""


class MediaGuard:
    """ASGI middleware for `<base>/media/…`: anything but the icon needs a session with the right to export."""

    def __init__(self, app: ASGIApp, *, base: str) -> None:
        self._app = app
        self._below = f"{base}/media/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "http" and scope["path"].startswith(self._below)
        if not guarded or scope["path"].endswith(OPEN):
            await self._app(scope, receive, send)
            return
        status = await to_thread.run_sync(_status, Headers(scope=scope).get("cookie", ""))
        if status == 200:
            await self._app(scope, receive, send)
        else:
            text = "Sign in again and repeat the download." if status == 403 else "Unavailable"
            await PlainTextResponse(text, status)(scope, receive, send)


def _status(cookies: str) -> int:
    try:
        accounts = runtime.get().accounts
        found = accounts.sessions.find(cookie_parser(cookies).get(accounts.cookie_name, ""))
    except (StoreError, AccountError) as error:
        log.warning("a download could not be allowed: %s", error)
        return 503
    return 200 if found and allows(found.user, Right.EXPORT) else 403
