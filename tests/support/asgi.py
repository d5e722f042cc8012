"""Call an ASGI application directly: no socket, no client library's own opinions about paths and headers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp


@dataclass
class Answer:
    """What came back; `status` 0 for a WebSocket that was never accepted."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


def call(
    app: ASGIApp,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    kind: str = "http",
    host: str = "monitor.example:8501",
    query: str = "",
) -> Answer:
    """One request (or WebSocket handshake, `kind="websocket"`) and its answer; `path` goes in undecoded."""
    fields = {"host": host, **{name.lower(): value for name, value in (headers or {}).items()}}
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "server": ("monitor.example", 8501),
        "client": ("192.0.2.1", 50000),
        "subprotocols": [],
        "state": {},
    }
    if kind == "websocket":
        del scope["method"]
    answer = Answer()

    async def receive() -> MutableMapping[str, Any]:
        if kind == "websocket":
            return {"type": "websocket.connect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = Headers(raw=list(message["headers"]))
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")
        elif message["type"] == "websocket.accept":
            answer.status = 101
        elif message["type"] == "websocket.send":
            answer.body += message["text"].encode()

    asyncio.run(app(scope, receive, send))
    return answer
