"""One HTTP request with a total deadline, a capped body, no redirects and errors that hold no secret.

with wire.new_client(keepalive=False) as client:
    answer = wire.fetch(client, "GET", url, headers={"Authorization": …}, deadline_s=4.75)
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
import httpx

from salina_monitor.wire.deadline import deadline
from salina_monitor.wire.errors import Kind, WireError, classify
from salina_monitor.wire.transport import DeadlineTransport, shared_ssl_context

__all__ = ["Answer", "Kind", "WireError", "fetch", "new_client", "shared_ssl_context"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: HTTP status (redirects and errors too), headers, body as sent, elapsed whole ms."""

    status: int
    headers: httpx.Headers
    body: bytes
    elapsed_ms: int


def new_client(*, keepalive: bool, verify: ssl.SSLContext | None = None) -> httpx.Client:
    """A client for `fetch`; usable by several threads. `verify` defaults to the process's shared context."""
    return httpx.Client(
        transport=DeadlineTransport(keepalive=keepalive, verify=verify or shared_ssl_context()),
        follow_redirects=False,
        trust_env=False,  # the transport reads the proxy variables itself
    )


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    deadline_s: float,
    cap_bytes: int = 65536,
) -> Answer:
    """Send one request and read the whole answer within `deadline_s` seconds, name look-up and TLS included.

    Raises WireError: `timeout` when the deadline passes, `too_large` as soon as the body exceeds `cap_bytes`,
    `protocol` also for a compressed answer (identity was asked for) and for a URL or header that cannot be sent.
    """
    started = time.monotonic()
    try:
        with deadline(deadline_s):
            return _fetch(client, method, url, dict(headers or {}), content, deadline_s, cap_bytes, started)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, *_HTTPCORE_ERRORS, OSError, ValueError) as error:
        kind, detail = classify(error)
        elapsed_ms = _ms_since(started)
    # Raised outside the handler: what the libraries say may repeat the URL or a header, in __context__ too.
    raise WireError(kind, elapsed_ms, detail)


def _fetch(
    client: httpx.Client,
    method: str,
    url: str,
    headers: dict[str, str],
    content: bytes | None,
    deadline_s: float,
    cap_bytes: int,
    started: float,
) -> Answer:
    headers["Accept-Encoding"] = "identity"
    body = bytearray()
    with client.stream(
        method, url, headers=headers, content=content, timeout=deadline_s, follow_redirects=False
    ) as response:
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise WireError("protocol", _ms_since(started), "the answer is compressed, which was not asked for")
        for piece in response.iter_bytes():
            body += piece
            if len(body) > cap_bytes:
                raise WireError("too_large", _ms_since(started))
        return Answer(response.status_code, response.headers, bytes(body), _ms_since(started))


_HTTPCORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
