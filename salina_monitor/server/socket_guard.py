"""Bounds the sockets of strangers in number and time."""

from __future__ import annotations

import asyncio
import logging

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from salina_monitor import runtime
from salina_monitor.accounts import AccountError
from salina_monitor.server.gate import refuse
from salina_monitor.sockets import HEADER, Sockets
from salina_monitor.store import StoreError

log = logging.getLogger(__name__)
LOOK_EVERY_S = 5.0


class SocketGuard:
    """ASGI middleware. Each admitted socket carries its id in a header that no client can set."""

    def __init__(self, app: ASGIApp, *, sockets: Sockets) -> None:
        self._app = app
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        cookies = Headers(scope=scope).get("cookie", "")
        session_id = await to_thread.run_sync(_session_of, cookies) if cookies else None
        address = scope["client"][0] if scope.get("client") else "local"
        socket_id = self._sockets.admit(address, session_id)
        if socket_id is None:
            log.warning("a socket was refused: too many of strangers, or of one session")
            await refuse(429, scope, receive, send)
            return
        name = HEADER.encode()
        headers = [(key, value) for key, value in scope["headers"] if key.lower() != name]
        waiting = _Impatient(self._sockets, socket_id, receive, send)
        try:
            await self._app({**scope, "headers": [*headers, (name, socket_id.encode())]}, waiting.receive, send)
        finally:
            waiting.stop()
            self._sockets.close(socket_id)


class _Impatient:
    """Receives for one socket, and closes it once it has been a stranger's for too long."""

    def __init__(self, sockets: Sockets, socket_id: str, receive: Receive, send: Send) -> None:
        self._sockets, self._id, self._receive, self._send = sockets, socket_id, receive, send
        self._next: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        # One task asks for the next message until it comes: a cancelled question could lose it.
        self._next = self._next or asyncio.ensure_future(_asked(self._receive))
        while True:
            patience = self._sockets.patience_s(self._id)
            if patience == 0:
                await self._send({"type": "websocket.close", "code": 1008, "reason": "not signed in"})
                return {"type": "websocket.disconnect", "code": 1008}
            wait = LOOK_EVERY_S if patience is None else min(patience, LOOK_EVERY_S)
            done, _ = await asyncio.wait({self._next}, timeout=wait)
            if done:
                message, self._next = self._next.result(), None
                return message

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()


async def _asked(receive: Receive) -> Message:
    return await receive()


def _session_of(cookies: str) -> int | None:
    try:
        accounts = runtime.get().accounts
        found = accounts.sessions.find(cookie_parser(cookies).get(accounts.cookie_name, ""))
    except (StoreError, AccountError) as error:
        log.warning("a socket's session could not be looked up: %s", error)
        return None
    return found.id if found else None
