"""A PostgreSQL that misbehaves: behaviours for `FaultServer` in the words of its protocol (version 3)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable

from tests.support import fault_server as faults
from tests.support.fault_server import Behaviour

LETS_IN = b"R" + struct.pack("!ii", 8, 0) + b"Z" + struct.pack("!i", 5) + b"I"
_SSL_REQUEST = 80877103


def message(kind: bytes, body: bytes) -> bytes:
    """One message of the server."""
    return kind + struct.pack("!i", len(body) + 4) + body


def _speaks(behave: Behaviour) -> Behaviour:
    """`behave` after the client's start-up packet; TLS is declined."""

    def whole(conn: socket.socket, stop: threading.Event) -> None:
        while packet := conn.recv(4096):
            if len(packet) == 8 and struct.unpack("!ii", packet) == (8, _SSL_REQUEST):
                conn.sendall(b"N")
                continue
            behave(conn, stop)
            return

    whole.reads_request = False  # type: ignore[attr-defined]
    whole.__name__ = behave.__name__
    return whole


@_speaks
def silence(conn: socket.socket, stop: threading.Event) -> None:
    """Takes the start-up packet and says nothing."""
    stop.wait(30)


@_speaks
def reset(conn: socket.socket, stop: threading.Event) -> None:
    """Closes with a TCP reset."""
    faults.reset(conn, stop)


@_speaks
def drip_head(conn: socket.socket, stop: threading.Event) -> None:
    """Lets in, byte by byte: parameter after parameter, never ready."""
    for byte in LETS_IN[:9] + message(b"S", b"a\0b\0") * 1000:
        if stop.wait(0.05):
            return
        conn.sendall(bytes([byte]))


@_speaks
def drip_answer(conn: socket.socket, stop: threading.Event) -> None:
    """Lets in at once; the answer to the question comes one byte every 50 ms, for ever."""
    conn.sendall(LETS_IN)
    conn.recv(4096)
    conn.sendall(b"T" + struct.pack("!i", 100_000))
    while not stop.wait(0.05):
        conn.sendall(b"\0")


@_speaks
def endless_notices(conn: socket.socket, stop: threading.Event) -> None:
    """Lets in and sends nothing but notices, as fast as they are read."""
    conn.sendall(LETS_IN[:9])
    notice = message(b"N", b"SNOTICE\0C00000\0Mpatience\0\0") * 20
    while not stop.is_set():
        conn.sendall(notice)
        stop.wait(0.002)


def replies(answer: bytes | Callable[[], bytes]) -> Behaviour:
    """Lets in and answers the question with these bytes."""

    @_speaks
    def behave(conn: socket.socket, stop: threading.Event) -> None:
        conn.sendall(LETS_IN)
        conn.recv(4096)
        conn.sendall(answer if isinstance(answer, bytes) else answer())
        stop.wait(30)

    return behave


def _columns(*names: bytes) -> bytes:
    each = b"".join(n + b"\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0) for n in names)
    return message(b"T", struct.pack("!h", len(names)) + each)


def _row(*values: bytes) -> bytes:
    return message(b"D", struct.pack("!h", len(values)) + b"".join(struct.pack("!i", len(v)) + v for v in values))


_DONE = message(b"C", b"SELECT 1\0") + message(b"Z", b"I")
no_rows = replies(_columns(b"a", b"b") + _DONE)
other_columns = replies(_columns(b"a") + _row(b"1") + _DONE)
other_values = replies(_columns(b"a", b"b") + _row(b"maybe", b"") + _DONE)
huge_row = replies(lambda: _columns(b"a", b"b") + _row(b"x" * 50 * 2**20, b"f") + _DONE)
garbage = replies(b"\0\xff" * 500)


def not_postgres(conn: socket.socket, stop: threading.Event) -> None:
    """A web server on that port."""
    conn.recv(4096)
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


not_postgres.reads_request = False  # type: ignore[attr-defined]


def over_tls(context: ssl.SSLContext | None) -> Behaviour:
    """Agrees to TLS, then shakes hands with this certificate; without one it says nothing more."""

    def behave(conn: socket.socket, stop: threading.Event) -> None:
        conn.recv(8)
        conn.sendall(b"S")
        if context is None:
            stop.wait(30)
            return
        with contextlib.suppress(ssl.SSLError, OSError), context.wrap_socket(conn, server_side=True) as secure:
            secure.recv(1)

    behave.reads_request = False  # type: ignore[attr-defined]
    return behave
