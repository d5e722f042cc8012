"""The played Clerk, Resend and S3, well and broken, and the switchboard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import ASGIApp

from salina_monitor.sandbox.clerk import clerk
from salina_monitor.sandbox.control import control
from salina_monitor.sandbox.faults import SERVICES, Breakable, Fault, FaultBoard
from salina_monitor.sandbox.resend import resend
from salina_monitor.sandbox.s3 import s3
from tests.contract.sandbox.scene import Client

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIATEST/20261124/eu-central-1/s3/aws4_request, Signature=x"


def vendors(board: FaultBoard) -> dict[str, tuple[ASGIApp, str, str, str]]:
    """Application, method, path and a good Authorization header."""
    bucket = s3(board, bucket="statements", region="eu-central-1", access_key="AKIATEST")
    return {
        "clerk": (clerk(board, "sk_test_x"), "GET", "/v1/users/count", "Bearer sk_test_x"),
        "resend": (resend(board, "re_x"), "GET", "/domains?limit=1", "Bearer re_x"),
        "s3": (bucket, "HEAD", "/statements", SIGNED),
    }


def ask(board: FaultBoard, service: str, *, authorization: str | None = None, **more: Any) -> Any:
    app, method, path, key = vendors(board)[service]
    return Client(app).request(method, path, headers={"authorization": authorization or key, **more})


@pytest.mark.parametrize("service", ["clerk", "resend", "s3"])
def test_a_well_service_takes_its_key_and_no_other(service: str) -> None:
    board = FaultBoard()
    assert ask(board, service).status_code == 200
    assert ask(board, service, authorization="Bearer other").status_code in (400, 401, 403)


def test_the_answers_are_those_that_the_checks_expect() -> None:
    board = FaultBoard()
    assert ask(board, "clerk").json() == {"object": "total_count", "total_count": 148}
    assert ask(board, "resend").json()["object"] == "list"
    assert ask(board, "s3").headers["x-amz-bucket-region"] == "eu-central-1"
    assert ask(board, "s3").content == b""


def test_resend_insists_on_a_user_agent() -> None:
    assert ask(FaultBoard(), "resend", **{"user-agent": ""}).status_code == 403


def test_a_foreign_bucket_is_not_found() -> None:
    app = vendors(FaultBoard())["s3"][0]
    answer = Client(app).request("HEAD", "/other", headers={"authorization": SIGNED})
    assert answer.status_code == 404
    assert answer.headers["x-amz-request-id"]


@pytest.mark.parametrize(
    ("service", "fault", "status"),
    [("clerk", "error", 503), ("clerk", "refused_key", 401), ("resend", "error", 500), ("resend", "refused_key", 400),
     ("s3", "error", 500), ("s3", "refused_key", 403)],
)  # fmt: skip
def test_a_broken_service_answers_in_its_own_way_until_healed(service: str, fault: str, status: int) -> None:
    board = FaultBoard()
    board.set(service, fault)
    assert ask(board, service).status_code == status
    board.heal_all()
    assert ask(board, service).status_code == 200


def test_a_fault_of_one_service_leaves_the_others_alone() -> None:
    board = FaultBoard()
    board.set("clerk", "error")
    assert ask(board, "resend").status_code == 200


def test_a_slow_service_answers_after_its_delay() -> None:
    board = FaultBoard()
    board.set("clerk", "slow")
    slept: list[float] = []

    async def run() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            slept.append(-1)

        breakable = Breakable(app, board, "clerk", error=lambda: None, refused=lambda: None, slow_s=0.01)  # type: ignore[arg-type,return-value]
        await breakable({"type": "http"}, None, None)  # type: ignore[arg-type]

    asyncio.run(run())
    assert slept == [-1]
    assert Breakable.__init__.__kwdefaults__ == {"slow_s": 1.6}


def test_a_silent_service_says_nothing_and_lets_go_when_the_client_does() -> None:
    board = FaultBoard()
    board.set("s3", "silent")
    sent: list[Any] = []

    async def run() -> None:
        messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        app = vendors(board)["s3"][0]
        await app({"type": "http", "method": "HEAD", "path": "/statements", "headers": []}, receive, send)

    asyncio.run(run())
    assert sent == []


def test_the_switchboard_tells_and_sets_and_heals() -> None:
    told: list[Any] = []
    client = Client(control(FaultBoard(told.append), "token"))
    assert client.get("/token/faults").json() == dict.fromkeys(SERVICES, "ok")
    assert client.request("PUT", "/token/faults/s3", content="silent").json()["s3"] == "silent"
    assert told[-1]["s3"] == "silent"
    assert client.post("/token/heal").json() == dict.fromkeys(SERVICES, "ok")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "/token/faults/s3", "on fire"), ("PUT", "/token/faults/mail", "ok"), ("GET", "/faults", ""),
     ("PUT", "/guess/faults/s3", "error"), ("GET", "/token/heal", ""), ("POST", "/token/faults/s3", "error")],
)  # fmt: skip
def test_the_switchboard_refuses_what_it_does_not_know(method: str, path: str, body: str) -> None:
    board = FaultBoard()
    assert Client(control(board, "token")).request(method, path, content=body).status_code in (400, 404, 405)
    assert board.state() == dict.fromkeys(SERVICES, Fault.OK.value)
