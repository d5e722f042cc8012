"""Raw recorded answers through a stand-in transport: what the client gets is what a real server once said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from salina_monitor.inngest import InngestClient
from salina_monitor.settings import Settings

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
SELF_HOSTED = "http://127.0.0.1:8388"
KEY = "signkey-test-0123456789abcdef"


def recording(name: str) -> dict[str, Any]:
    """One file of the recordings, `.json` left off: `_request`, `_status`, `_headers`, `body`."""
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found


def answer(name: str) -> httpx.Response:
    """The recording as it came over the line."""
    raw = recording(name)
    body = raw["body"]
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return httpx.Response(raw["_status"], headers=raw["_headers"], content=content)


@dataclass
class FakeTime:
    """A clock that moves only when somebody sleeps (or the test says so)."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    born: datetime = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> datetime:
        return self.born + timedelta(seconds=self.now - 1000.0)


Reply = str | httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Server:
    """Gives the replies in turn (the last one again and again) and keeps the requests."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        reply = self._replies[min(len(self.requests), len(self._replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, str):
            return answer(reply)
        if isinstance(reply, httpx.Response):
            return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
        return reply(request)

    @property
    def targets(self) -> list[str]:
        """Path and query of each request, exactly as sent."""
        return [request.url.raw_path.decode() for request in self.requests]


def settings(**env: str) -> Settings:
    """A self-hosted server with its signing key, unless `env` says otherwise (empty text: unset)."""
    return Settings.load({"INNGEST_API_URL": SELF_HOSTED, "INNGEST_SIGNING_KEY": KEY, **env})


def client(server: Server, time: FakeTime | None = None, /, **env: str) -> InngestClient:
    """The client under test, talking to `server`."""
    time = time or FakeTime()
    return InngestClient(
        settings(**env),
        http=httpx.Client(transport=httpx.MockTransport(server)),
        clock=time.clock,
        monotonic=time.monotonic,
        sleep=time.sleep,
    )
