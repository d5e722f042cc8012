"""Strangers get few sockets and not for long; people signed in are not counted among them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from salina_monitor.server.socket_guard import SocketGuard
from salina_monitor.sockets import HEADER, SocketLimits, Sockets

LIMITS = SocketLimits(anonymous=5, anonymous_per_address=3, new_per_address=4, per_session=2, anonymous_s=60)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sockets(clock: Clock) -> Sockets:
    return Sockets(LIMITS, clock)


def test_one_address_cannot_take_all_the_room(sockets: Sockets) -> None:
    opened = [sockets.admit("192.0.2.1", None) for _ in range(4)]
    assert opened[3] is None
    assert all(opened[:3])
    assert sockets.admit("192.0.2.2", None)


def test_strangers_together_have_a_bound(sockets: Sockets) -> None:
    opened = [sockets.admit(f"192.0.2.{n}", None) for n in range(6)]
    assert [one is not None for one in opened] == [True] * 5 + [False]
    sockets.close(str(opened[0]))
    assert sockets.admit("192.0.2.9", None)


def test_opening_and_closing_in_a_loop_is_slowed_down(sockets: Sockets, clock: Clock) -> None:
    for _ in range(4):
        sockets.close(str(sockets.admit("192.0.2.1", None)))
    assert sockets.admit("192.0.2.1", None) is None
    clock.now += 61
    assert sockets.admit("192.0.2.1", None)


def test_strangers_never_lock_out_who_is_signed_in(sockets: Sockets) -> None:
    while sockets.admit("192.0.2.1", None):
        pass
    assert sockets.admit("192.0.2.1", 7)
    assert sockets.admit("192.0.2.1", 7)
    assert sockets.admit("192.0.2.1", 7) is None  # but a stolen cookie does not open sockets without end
    assert sockets.counts() == (2, 3)


def test_a_sign_in_ends_the_waiting_and_a_sign_out_begins_it(sockets: Sockets, clock: Clock) -> None:
    one = str(sockets.admit("192.0.2.1", None))
    clock.now += 59
    assert sockets.patience_s(one) == 1
    sockets.belongs_to(one, 7)
    assert sockets.patience_s(one) is None
    sockets.belongs_to(one, None)
    assert sockets.patience_s(one) == 60
    clock.now += 61
    assert sockets.patience_s(one) == 0


def test_an_id_that_is_not_ours_changes_nothing(sockets: Sockets) -> None:
    sockets.belongs_to("made up", 7)
    sockets.belongs_to(None, 7)
    assert sockets.counts() == (0, 0)


def run(sockets: Sockets, app: Any, headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def main() -> None:
        silence = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not sent and not receive.connected:  # type: ignore[attr-defined]
                receive.connected = True  # type: ignore[attr-defined]
                return {"type": "websocket.connect"}
            await silence.wait()
            raise AssertionError("nobody says anything")

        receive.connected = False  # type: ignore[attr-defined]

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/x", "headers": headers, "client": ("192.0.2.1", 5)}
        await SocketGuard(app, sockets=sockets)(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(asyncio.wait_for(main(), 10))
    return sent


def test_the_id_in_the_header_is_the_servers_own() -> None:
    sockets, seen = Sockets(SocketLimits()), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(value for name, value in scope["headers"] if name == HEADER.encode())
        sockets.belongs_to(seen[0].decode(), 7)
        assert sockets.counts() == (1, 0)

    run(sockets, app, [(b"X-Salina-Socket", b"forged"), (b"x-salina-socket", b"forged too")])
    assert len(seen) == 1
    assert b"forged" not in seen[0]
    assert sockets.counts() == (0, 0)


def test_a_stranger_who_stays_is_hung_up_on() -> None:
    sockets = Sockets(SocketLimits(anonymous_s=0.05))
    ended: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        ended.append(await receive())

    sent = run(sockets, app, [])
    assert [message["type"] for message in ended] == ["websocket.disconnect"]
    assert sent[-1]["type"] == "websocket.close"


def test_without_room_the_application_never_hears_of_it() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("let in")

    sent = run(Sockets(SocketLimits(anonymous=0)), app, [])
    assert [message["type"] for message in sent] == ["websocket.close"]
