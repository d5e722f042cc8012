"""Five services and a switchboard behind one ASGI server: each has its own port."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from salina_monitor.sandbox.erp_database import DatabaseProxy


def listen() -> socket.socket:
    """A listening socket on a free loopback port.

    The protocol is named because asyncio sets TCP_NODELAY only then; without it every answer on a kept-alive
    connection waits 40 ms for the other side's delayed acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


class ServicesByPort:
    """ASGI: the application that belongs to the port a request came in on; the proxy starts with the server."""

    def __init__(self, apps: Mapping[int, ASGIApp], proxy: DatabaseProxy, listener: socket.socket) -> None:
        self._apps, self._proxy, self._listener = apps, proxy, listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._apps[scope["server"][1]](scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        server = await self._proxy.serve(self._listener)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        server.close()
        await send({"type": "lifespan.shutdown.complete"})
