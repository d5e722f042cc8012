"""A played Inngest with a clock of the test's own, and nothing in it but what the test puts there."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from starlette.types import ASGIApp

from salina_monitor.sandbox.catalogue import PDF, Played
from salina_monitor.sandbox.day import Day
from salina_monitor.sandbox.inngest_server import InngestServer
from salina_monitor.sandbox.moments import DAY, HOUR, MINUTE, MS, SECOND, seconds
from salina_monitor.sandbox.runs import Fate, PlayedRun
from salina_monitor.sandbox.simulation import Simulation

KEY = "signkey-test-00"
START = 1_795_456_000 * SECOND
TENANT = "northwind-press"


class Client:
    """Synchronous requests to an ASGI application, without a socket."""

    def __init__(self, app: ASGIApp, headers: dict[str, str] | None = None) -> None:
        self._app, self._headers = app, headers or {}

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://played", trust_env=False) as client:
                return await client.request(method, path, headers={**self._headers, **(headers or {})}, **more)

        return asyncio.run(ask())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)


class StillDay(Day):
    """A day on which nothing comes in by itself."""

    def watched(self, now: int) -> None:
        """Looking changes nothing."""


class Scene:
    """`queue` runs, let time `pass_`, `ask` the server."""

    def __init__(self, seed: int = 1) -> None:
        self.now = START
        self.simulation = Simulation(seed, START)
        self.day = StillDay(self.simulation)
        app = InngestServer(self.day, KEY, clock=lambda: self.now).app()
        self.client = Client(app, {"authorization": f"Bearer {KEY}"})

    def queue(self, function: Played = PDF, fate: Fate | None = None, tenant: str | None = TENANT) -> PlayedRun:
        """A run of `function` and the event that triggers it, now."""
        return self.day.arrive(self.now, function, tenant, fate or Fate())

    def burst(self, size: int, function: Played = PDF) -> list[PlayedRun]:
        """Runs queued in the same microsecond."""
        events = [self.simulation.receive(self.now, function, TENANT, {"n": n}) for n in range(size)]
        runs = [self.simulation.queue(self.now, function, event, TENANT, Fate()) for event in events]
        for run in runs:
            run.listed_start = self.now
        self.simulation.by_start.sort(key=lambda r: (r.listed_start // 1000, r.id))
        return runs

    def pass_(self, span_s: float) -> None:
        """Let `span_s` seconds pass."""
        self.now += seconds(span_s)
        self.simulation.advance(self.now)

    def until(self, condition: Any, limit_s: int = 600) -> None:
        """Let time pass in small steps until `condition()` holds."""
        for _ in range(limit_s * 20):
            if condition():
                return
            self.pass_(0.05)
        raise AssertionError("it never came to that")

    def ask(self, path: str, **query: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


__all__ = ["DAY", "HOUR", "KEY", "MINUTE", "MS", "SECOND", "START", "TENANT", "Client", "Scene", "StillDay"]
