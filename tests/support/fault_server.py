"""A loopback server that misbehaves on purpose: everything vendors and networks do badly, over real sockets.

    with FaultServer(drip_headers) as server: ... server.url ...

A behaviour is a function `(conn, stop)`; it may block on `stop.wait(…)`, never longer than the server lives.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any

Behaviour = Callable[[socket.socket, threading.Event], None]


class FaultServer:
    """One listening socket on 127.0.0.1 and one behaviour. `requests` counts accepted connections."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._stop = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.accepted = 0
        self.heads: list[bytes] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> FaultServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for conn in list(self._connections):
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        self._connections.add(conn)
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._tls:
                bare, conn = conn, self._tls.wrap_socket(conn, server_side=True)
                self._connections.discard(bare)
                self._connections.add(conn)
            if getattr(self._behaviour, "reads_request", True):
                while head := read_request(conn):
                    self.heads.append(head)
                    self._behaviour(conn, self._stop)
                    if not getattr(self._behaviour, "keeps_alive", False):
                        break
            else:
                self._behaviour(conn, self._stop)
        self._connections.discard(conn)
        conn.close()


def read_request(conn: socket.socket) -> bytes:
    """The head of one request (bodies are not read); empty when the peer went away."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = conn.recv(4096)
        if not piece:
            return b""
        head += piece
    return head


def answers(
    status: int, body: Any = b"", headers: Mapping[str, str] | None = None, *, keep_alive: bool = False
) -> Behaviour:
    """A complete, well-formed answer. `body`: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}
    if not keep_alive:
        lines["Connection"] = "close"

    def behave(conn: socket.socket, stop: threading.Event) -> None:
        conn.sendall(_head(status, lines) + raw)

    behave.keeps_alive = keep_alive  # type: ignore[attr-defined]
    return behave


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    return (f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode()


def silence(conn: socket.socket, stop: threading.Event) -> None:
    """Accepts, reads, says nothing."""
    stop.wait(30)


def silence_at_once(conn: socket.socket, stop: threading.Event) -> None:
    """Accepts and does not even read: what a TLS client meets on a dead port."""
    stop.wait(30)


silence_at_once.reads_request = False  # type: ignore[attr-defined]


def reset(conn: socket.socket, stop: threading.Event) -> None:
    """Closes with a TCP reset."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def hang_up(conn: socket.socket, stop: threading.Event) -> None:
    """Closes politely without an answer."""


def drip_headers(conn: socket.socket, stop: threading.Event) -> None:
    """One header byte every 50 ms, for ever."""
    _drip(conn, stop, b"HTTP/1.1 200 OK\r\nX-Slow: ")


def drip_body(conn: socket.socket, stop: threading.Event) -> None:
    """Headers at once, one body byte every 50 ms."""
    _drip(conn, stop, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")


def endless_1xx(conn: socket.socket, stop: threading.Event) -> None:
    """Only informational answers, as fast as they are read."""
    while not stop.is_set():
        conn.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20)
        stop.wait(0.002)


def stops_midway(conn: socket.socket, stop: threading.Event) -> None:
    """Promises 1000 bytes, sends 10, hangs up."""
    conn.sendall(_head(200, {"Content-Length": "1000"}) + b"0123456789")


def huge_body(conn: socket.socket, stop: threading.Event) -> None:
    """50 MB."""
    conn.sendall(_head(200, {"Content-Type": "application/json", "Content-Length": str(50 * 2**20)}))
    for _ in range(50):
        conn.sendall(b"x" * 2**20)


def gzip_bomb(conn: socket.socket, stop: threading.Event) -> None:
    """20 MB of zeros in 20 kB, compressed although identity was asked for."""
    raw = _bomb()
    conn.sendall(_head(200, {"Content-Encoding": "gzip", "Content-Length": str(len(raw))}) + raw)


@lru_cache
def _bomb() -> bytes:
    return gzip.compress(b"\0" * 20 * 2**20, 1)


def not_http(conn: socket.socket, stop: threading.Event) -> None:
    """Another protocol on that port."""
    conn.sendall(b"220 mail.example ESMTP ready\r\n\r\n")


def redirect_loop(conn: socket.socket, stop: threading.Event) -> None:
    """Redirects to itself."""
    conn.sendall(_head(302, {"Location": "/again", "Content-Length": "0", "Connection": "close"}))


def after(delay_s: float, behaviour: Behaviour) -> Behaviour:
    """`behaviour`, `delay_s` late."""

    def behave(conn: socket.socket, stop: threading.Event) -> None:
        stop.wait(delay_s)
        behaviour(conn, stop)

    return behave


def _drip(conn: socket.socket, stop: threading.Event, start: bytes) -> None:
    conn.sendall(start)
    while not stop.wait(0.05):
        conn.sendall(b"x")


def refused_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
