"""Lets through what the pages ask for, and nothing else: unknown paths, bodies, other sites, endless addresses."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "HEAD")
LONGEST_ADDRESS = 4096
"""Path and query together, in bytes; the longest address of our own is some 700."""
_ENGINE = ("stream", "health", "host-config")
_WORDS = {403: "Forbidden", 404: "Not found", 405: "Method not allowed", 413: "No body is read here", 414: "Too long"}


class Gate:
    """ASGI middleware. `pages` are the paths below `base`; `own` are further paths that the application answers.

    `origins` are further origins of our own, e.g. the public address behind a proxy. Streamlit itself admits any
    origin on `localhost` and, for an unknown one, asks an outside server for its own address; it serves counters,
    an agent API and uploads to anybody. So what is asked is compared here, before it.
    """

    def __init__(
        self, app: ASGIApp, *, base: str, pages: Iterable[str], own: Iterable[str] = (), origins: Iterable[str] = ()
    ) -> None:
        self._app = app
        addresses = {base, *(f"{base}/{page}" for page in pages)}
        self._exact = frozenset(
            {*own, *addresses, *(f"{address}/" for address in addresses), f"{base}/favicon.png"}
            | {f"{base}/_stcore/{name}" for name in _ENGINE}
        )
        self._below = tuple(f"{base}/{folder}/" for folder in ("static", "media", "session"))
        self._hosts = frozenset(urlsplit(origin).netloc.lower() for origin in origins if origin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = self._objection(scope) if scope["type"] in ("http", "websocket") else None
        if status is None:
            await self._app(scope, receive, send)
        else:
            await refuse(status, scope, receive, send)

    def _objection(self, scope: Scope) -> int | None:
        """The status with which a request is refused; None: it may pass."""
        headers = Headers(scope=scope)
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        if self._is_foreign(headers):
            return 403
        if len(raw) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return 414
        if not self._is_ours(scope["path"], raw):
            return 404
        if scope["type"] == "http":
            if scope["method"] not in METHODS:
                return 405
            if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
                return 413
        return None

    def _is_ours(self, path: str, raw: bytes) -> bool:
        # None of our addresses needs an escape: whoever writes one means to be read in two ways.
        if b"%" in raw.partition(b"?")[0] or "//" in path or "/." in path or "\\" in path:
            return False
        return path in self._exact or path.startswith(self._below)

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return False
        host = urlsplit(origin).netloc.lower()
        return not host or (host != headers.get("host", "").lower() and host not in self._hosts)


async def refuse(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or end a socket's handshake, before anything else sees it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before accepting: the server answers 403
        return
    headers = {"Allow": ", ".join(METHODS)} if status == 405 else None
    await PlainTextResponse(_WORDS.get(status, "Refused"), status, headers)(scope, receive, send)
