"""Refuses what no page of ours asks for: other sites' requests and Streamlit's open side doors."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

CLOSED = ("/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/agent")
"""Counters and the agent API answer anyone who can reach the port; nobody here needs them."""


class Gate:
    """ASGI middleware. `origins` are further origins of our own, e.g. the public address behind a proxy.

    Streamlit itself admits any origin on `localhost` and, for an unknown one, asks an outside server for its
    own address; so origins are compared here, before it.
    """

    def __init__(self, app: ASGIApp, *, base: str, origins: Iterable[str] = ()) -> None:
        self._app = app
        self._closed = tuple(prefix + path for prefix in ("", base) for path in CLOSED)
        self._hosts = frozenset(urlsplit(origin).netloc.lower() for origin in origins if origin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif self._is_foreign(Headers(scope=scope)):
            await _refuse(403, scope, receive, send)
        elif any(scope["path"] == path or scope["path"].startswith(f"{path}/") for path in self._closed):
            await _refuse(404, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return False
        host = urlsplit(origin).netloc.lower()
        return not host or (host != headers.get("host", "").lower() and host not in self._hosts)


async def _refuse(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before accepting: the server answers 403
    else:
        text = "Not found" if status == 404 else "Forbidden"
        await PlainTextResponse(text, status)(scope, receive, send)
