"""Sockets that keep one total deadline per request, whatever the other side does.

Every HTTP client's timeout is per operation: a header dripped byte by byte renews it for ever. Here each
read, write, connect, handshake and look-up may take only what is left of the request's deadline, on fresh
and on kept-alive connections, directly or through a proxy. No thread is left waiting on a socket.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

_WRITE_PIECE = 16 * 1024
_local = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything this thread sends or receives inside ends within `seconds`."""
    previous = getattr(_local, "ends_at", None)
    _local.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        _local.ends_at = previous


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    ends_at = getattr(_local, "ends_at", None)
    if ends_at is None:
        return timeout
    left: float = ends_at - time.monotonic()
    if left <= 0:
        raise error("deadline")
    return left if timeout is None else min(timeout, left)


class DeadlineStream(httpcore.NetworkStream):
    """A stream whose every operation is given what is left of the deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # httpcore renews the timeout after each partial send; a piece keeps that renewal small.
        for start in range(0, len(buffer), _WRITE_PIECE):
            self._inner.write(buffer[start : start + _WRITE_PIECE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Looks names up and connects within the deadline; each address of a name gets its share of the time."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port, _left(timeout, httpcore.ConnectTimeout))
        for left_over, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            left = _left(timeout, httpcore.ConnectTimeout)
            share = None if left is None else left / left_over
            try:
                return DeadlineStream(self._sockets.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left_over == 1:
                    raise
        raise httpcore.ConnectError("no address") from socket.gaierror("no address")


def resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Addresses of `host`, in the system's order. Raises socket.gaierror, also when `timeout` passes.

    The system's look-up cannot be interrupted, so it runs in a daemon thread that is left behind when
    the time is up (RES_OPTIONS bounds its life, see `checks.warm_up`).
    """
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name, not an address
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(_addresses(host, port, 0))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            answers.put(error if isinstance(error, OSError) else socket.gaierror("not a host name"))

    threading.Thread(target=look_up, name="wire-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "look-up did not end in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _addresses(host: str, port: int, flags: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
