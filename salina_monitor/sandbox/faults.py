"""How each played service is broken at the moment, and what that does to its HTTP answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

SLOW_S = 1.6
SERVICES = ("database", "clerk", "s3", "resend", "inngest")


class Fault(StrEnum):
    """State of a played service. SILENT accepts and never answers; REFUSED_KEY says that our key is no good."""

    OK = "ok"
    SLOW = "slow"
    SILENT = "silent"
    ERROR = "error"
    REFUSED_KEY = "refused_key"


class FaultBoard:
    """The faults of all services; `changed` is told after every change."""

    def __init__(self, changed: Callable[[Mapping[str, str]], None] = lambda _: None) -> None:
        self._faults = dict.fromkeys(SERVICES, Fault.OK)
        self._changed = changed

    def __getitem__(self, service: str) -> Fault:
        return self._faults[service]

    def state(self) -> dict[str, str]:
        return {service: fault.value for service, fault in self._faults.items()}

    def set(self, service: str, fault: str) -> None:
        """Raises KeyError for an unknown service, ValueError for an unknown fault."""
        if service not in self._faults:
            raise KeyError(service)
        self._faults[service] = Fault(fault)
        self._changed(self.state())

    def heal_all(self) -> None:
        self._faults = dict.fromkeys(SERVICES, Fault.OK)
        self._changed(self.state())


class Breakable:
    """ASGI middleware: `service` as the board says. `error` and `refused` make the answers of those two faults."""

    def __init__(
        self,
        app: ASGIApp,
        board: FaultBoard,
        service: str,
        *,
        error: Callable[[], Response],
        refused: Callable[[], Response],
        slow_s: float = SLOW_S,
    ) -> None:
        self._app, self._board, self._service = app, board, service
        self._answers = {Fault.ERROR: error, Fault.REFUSED_KEY: refused}
        self._slow_s = slow_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._board[self._service]
        if fault is Fault.SILENT:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if fault is Fault.SLOW:
            await asyncio.sleep(self._slow_s)
        make = self._answers.get(fault)
        await (make() if make else self._app)(scope, receive, send)
