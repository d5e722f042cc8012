"""The played Clerk: `GET /v1/users/count` with a secret key. Shapes: checks.md, *Clerk*."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from salina_monitor.sandbox.faults import Breakable, FaultBoard

_USERS = 148


def clerk(board: FaultBoard, key: str) -> ASGIApp:
    """The application; its base URL for clients ends with `/v1`."""

    async def count(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {key}":
            return _refused()
        return JSONResponse({"object": "total_count", "total_count": _USERS})

    async def elsewhere(request: Request) -> Response:
        return _problem(404, "resource_not_found", f"The sandbox does not play {request.method} {request.url.path}")

    app = Starlette(routes=[Route("/v1/users/count", count), Route("/{path:path}", elsewhere)])
    return Breakable(app, board, "clerk", error=_down, refused=_refused)


def _refused() -> Response:
    return _problem(401, "clerk_key_invalid", "The provided Clerk Secret Key is invalid.")


def _down() -> Response:
    return _problem(503, "service_unavailable", "Service temporarily unavailable")


def _problem(status: int, code: str, message: str) -> Response:
    error = {"message": message, "long_message": message, "code": code}
    return JSONResponse({"errors": [error], "clerk_trace_id": "sandbox"}, status)
