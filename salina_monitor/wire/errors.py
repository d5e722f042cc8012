"""What can go wrong on the wire, as a closed list of kinds. Vendor and library texts never get through."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Literal

import httpcore
import httpx

Kind = Literal["timeout", "dns", "refused", "reset", "tls_cert", "tls", "too_large", "protocol"]

# X509_V_ERR_*: https://docs.openssl.org/master/man1/openssl-verification-options/
_CERTIFICATE_FAULTS = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "it is self-signed",
    20: "its issuer is not known",
    21: "its issuer is not known",
    62: "it is for another host name",
    64: "it is for another address",
}


class WireError(Exception):
    """No complete answer. `kind` is one of `Kind`, `elapsed_ms` the time until then.

    `detail` is in our own words (which fault a certificate has) or empty; `str()` holds nothing that was sent
    or received, so it is safe to log.
    """

    def __init__(self, kind: Kind, elapsed_ms: int, detail: str = "") -> None:
        super().__init__(f"{kind} after {elapsed_ms} ms{f': {detail}' if detail else ''}")
        self.kind: Kind = kind
        self.elapsed_ms = elapsed_ms
        self.detail = detail


def classify(error: BaseException) -> tuple[Kind, str]:
    """Kind and detail of what httpx, httpcore, ssl or the socket raised; the cause decides before the wrapper."""
    for cause in reversed(list(_chain(error))):
        if isinstance(cause, socket.gaierror):
            return "dns", ""
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls_cert", _CERTIFICATE_FAULTS.get(cause.verify_code, "it is not accepted")
        if isinstance(cause, TimeoutError | httpcore.TimeoutException | httpx.TimeoutException):
            return "timeout", ""
        if isinstance(cause, ssl.SSLError):
            return "tls", ""
        if isinstance(cause, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
            return "reset", ""
    if isinstance(error, httpcore.ConnectError | httpx.ConnectError | OSError):
        return "refused", ""
    if isinstance(error, httpcore.NetworkError | httpx.NetworkError):
        return "reset", ""
    if isinstance(error, httpcore.ProxyError | httpx.ProxyError):
        return "protocol", "the proxy refused to connect"
    if isinstance(error, httpcore.RemoteProtocolError | httpx.RemoteProtocolError) and _ended_early(error):
        return "reset", ""
    return "protocol", ""


def _ended_early(error: BaseException) -> bool:
    text = str(error)
    return text.startswith(("Server disconnected", "peer closed connection"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
