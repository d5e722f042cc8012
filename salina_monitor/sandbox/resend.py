"""The played Resend: `GET /domains`, `POST /emails`. Shapes: checks.md, *Resend*; a `User-Agent` is a must there."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from salina_monitor.sandbox.faults import Breakable, FaultBoard
from salina_monitor.sandbox.mailbox import Mailbox

DOMAIN = "statements.northwind-press.example"
_DOMAIN = {
    "id": "d91cd9bd-1176-453e-8fc1-35364d380206",
    "name": DOMAIN,
    "status": "verified",
    "created_at": "2026-02-11 08:15:01.462141+00",
    "region": "eu-west-1",
}


def resend(board: FaultBoard, key: str, mailbox: Mailbox | None = None) -> ASGIApp:
    """The application; what it takes is in `mailbox`."""
    box = mailbox or Mailbox(DOMAIN)

    def strange(request: Request) -> Response | None:
        if not request.headers.get("user-agent"):
            return _problem(403, "validation_error", "Missing User-Agent header")
        if "authorization" not in request.headers:
            return _problem(401, "missing_api_key", "Missing API key in the authorization header")
        if request.headers["authorization"] != f"Bearer {key}":
            return _refused()
        return None

    async def domains(request: Request) -> Response:
        return strange(request) or JSONResponse({"object": "list", "has_more": False, "data": [_DOMAIN]})

    async def emails(request: Request) -> Response:
        if (refused := strange(request)) is not None:
            return refused
        reply = box.take(await request.body(), request.headers.get("idempotency-key", ""))
        headers = {"retry-after": str(reply.retry_after)} if reply.retry_after else None
        return JSONResponse(reply.body, reply.status, headers)

    async def elsewhere(request: Request) -> Response:
        return _problem(404, "not_found", f"The sandbox does not play {request.method} {request.url.path}")

    app = Starlette(
        routes=[
            Route("/domains", domains),
            Route("/emails", emails, methods=["POST"]),
            Route("/{path:path}", elsewhere),
        ]
    )
    return Breakable(app, board, "resend", error=_down, refused=_refused)


def _refused() -> Response:
    return _problem(400, "validation_error", "API key is invalid")


def _down() -> Response:
    return _problem(500, "application_error", "Something went wrong on the server")


def _problem(status: int, name: str, message: str) -> Response:
    return JSONResponse({"statusCode": status, "message": message, "name": name}, status)
