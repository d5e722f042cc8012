"""The sandbox's switchboard over HTTP, for the panel on the page. Loopback only, behind an unguessable path."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from salina_monitor.sandbox.faults import FaultBoard
from salina_monitor.sandbox.mailbox import Mailbox


def control(board: FaultBoard, token: str, mailbox: Mailbox | None = None) -> Starlette:
    """`GET /<token>/faults`, `PUT /<token>/faults/<service>` with the fault as body, `POST /<token>/heal`; and
    `GET /<token>/mails`: what the played Resend took.

    The token keeps other web pages in the same browser from switching anything: they can reach loopback, too.
    """

    async def state(_: Request) -> Response:
        return JSONResponse(board.state())

    async def switch(request: Request) -> Response:
        try:
            board.set(request.path_params["service"], (await request.body()).decode("ascii", "replace"))
        except (KeyError, ValueError):
            return JSONResponse({"error": "unknown service or fault"}, 400)
        return JSONResponse(board.state())

    async def heal(_: Request) -> Response:
        board.heal_all()
        return JSONResponse(board.state())

    async def mails(_: Request) -> Response:
        return JSONResponse(mailbox.mails() if mailbox else [])

    routes = [
        Route("/mails", mails),
        Route("/faults", state),
        Route("/faults/{service}", switch, methods=["PUT"]),
        Route("/heal", heal, methods=["POST"]),
    ]
    return Starlette(routes=[Mount(f"/{token}", routes=routes)])
