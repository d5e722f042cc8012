"""What `wire.fetch` promises apart from time, without a socket."""

from __future__ import annotations

import socket
import ssl

import httpcore
import httpx
import pytest

from salina_monitor import wire
from salina_monitor.wire.errors import classify

SECRET = "sk_live_very-secret"


def client_for(handler) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler))


def test_it_returns_status_headers_and_body():
    with client_for(lambda request: httpx.Response(404, headers={"X-A": "1"}, content=b"no")) as client:
        answer = wire.fetch(client, "GET", "http://vendor.test/", deadline_s=1)
    assert (answer.status, answer.headers["x-a"], answer.body) == (404, "1", b"no")


def test_it_refuses_a_body_over_the_cap_and_takes_one_at_the_cap():
    with client_for(lambda request: httpx.Response(200, content=b"x" * 10)) as client:
        assert len(wire.fetch(client, "GET", "http://v.test", deadline_s=1, cap_bytes=10).body) == 10
        with pytest.raises(wire.WireError) as caught:
            wire.fetch(client, "GET", "http://v.test", deadline_s=1, cap_bytes=9)
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://vendor.test", {"Authorization": f"Bearer {SECRET}\r\nX: y"}),
        ("http://vendor.test", {"Authorization": f"Bearer {SECRET}…"}),
        (f"gopher://vendor.test/{SECRET}", {}),
        (f"http://vendor.test:99999999/{SECRET}", {}),
    ],
)
def test_it_leaks_nothing_of_what_cannot_be_sent(url, headers):
    with wire.new_client(keepalive=False) as client, pytest.raises(wire.WireError) as caught:
        wire.fetch(client, "GET", url, headers=headers, deadline_s=0.2)
    error = caught.value
    assert error.kind in ("protocol", "dns")
    assert SECRET not in f"{error} {error!r}"
    assert error.__cause__ is None
    assert error.__context__ is None


def _bad_certificate() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("bad")
    error.verify_code = 10
    return error


def chained(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpcore.ReadTimeout(), "timeout"),
        (httpx.ConnectTimeout(""), "timeout"),
        (TimeoutError(), "timeout"),
        (chained(httpcore.ConnectError(), socket.gaierror(-2, "no")), "dns"),
        (chained(httpcore.ConnectError(), ConnectionRefusedError()), "refused"),
        (chained(httpcore.ConnectError(), OSError(113, "no route")), "refused"),
        (chained(httpcore.ReadError(), ConnectionResetError()), "reset"),
        (chained(httpcore.ConnectError(), ssl.SSLError("handshake")), "tls"),
        (chained(httpcore.ConnectError(), _bad_certificate()), "tls_cert"),
        (httpcore.RemoteProtocolError("Server disconnected without sending a response."), "reset"),
        (httpcore.RemoteProtocolError("illegal status line"), "protocol"),
        (httpcore.ProxyError("407"), "protocol"),
        (ValueError(), "protocol"),
    ],
)
def test_it_names_each_fault_by_its_cause(error, kind):
    assert classify(error)[0] == kind
