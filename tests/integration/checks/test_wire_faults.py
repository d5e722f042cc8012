"""Every way a peer can misbehave, over real sockets: the deadline holds and the kind is the right one."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time

import pytest
import trustme

from salina_monitor import wire
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer

DEADLINE = 0.4
SLACK = 2.0  # for a busy machine; without a deadline it would be 30 s

pytestmark = pytest.mark.alone


def fetch(url: str, *, keepalive: bool = False, verify: ssl.SSLContext | None = None, deadline_s: float = DEADLINE):
    with wire.new_client(keepalive=keepalive, verify=verify) as client:
        return wire.fetch(client, "GET", url, deadline_s=deadline_s)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (faults.silence, "timeout"),
        (faults.drip_headers, "timeout"),
        (faults.drip_body, "timeout"),
        (faults.endless_1xx, "timeout"),
        (faults.reset, "reset"),
        (faults.hang_up, "reset"),
        (faults.stops_midway, "reset"),
        (faults.huge_body, "too_large"),
        (faults.gzip_bomb, "protocol"),
        (faults.not_http, "protocol"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_it_ends_in_time_and_names_the_fault(behaviour, kind):
    with FaultServer(behaviour) as server:
        started = time.monotonic()
        with pytest.raises(wire.WireError) as caught:
            fetch(server.url)
        elapsed = time.monotonic() - started
    assert caught.value.kind == kind
    assert elapsed < DEADLINE + SLACK
    assert caught.value.elapsed_ms <= elapsed * 1000 + 1


def test_it_times_out_on_a_kept_alive_connection_too():
    dripping = threading.Event()
    good = faults.answers(200, {"ok": True}, keep_alive=True)

    def first_good_then_drip(conn, stop):
        if dripping.is_set():
            faults.drip_headers(conn, stop)
        else:
            good(conn, stop)

    first_good_then_drip.keeps_alive = True
    with FaultServer(first_good_then_drip) as server, wire.new_client(keepalive=True) as client:
        assert wire.fetch(client, "GET", server.url, deadline_s=1).status == 200
        dripping.set()
        started = time.monotonic()
        with pytest.raises(wire.WireError) as caught:
            wire.fetch(client, "GET", server.url, deadline_s=DEADLINE)
        assert time.monotonic() - started < DEADLINE + SLACK
        assert server.accepted == 1
    assert caught.value.kind == "timeout"


def test_it_opens_a_connection_for_each_request_without_keepalive():
    with (
        FaultServer(faults.answers(200, {}, keep_alive=True)) as server,
        wire.new_client(keepalive=False) as client,
    ):
        for _ in range(3):
            wire.fetch(client, "GET", server.url, deadline_s=1)
        assert server.accepted == 3


def test_it_does_not_follow_redirects():
    with FaultServer(faults.redirect_loop) as server:
        assert fetch(server.url).status == 302
        assert server.accepted == 1


def test_it_asks_for_an_uncompressed_answer():
    with FaultServer(faults.answers(200, {})) as server:
        fetch(server.url)
        assert b"accept-encoding: identity" in server.heads[0].lower()


def test_it_says_refused_when_nobody_listens():
    with pytest.raises(wire.WireError) as caught:
        fetch(f"http://127.0.0.1:{faults.refused_port()}")
    assert caught.value.kind == "refused"


def test_it_says_dns_when_the_name_cannot_be_resolved(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", _no_such_name)
    with pytest.raises(wire.WireError) as caught:
        fetch("http://nowhere.invalid")
    assert caught.value.kind == "dns"


def _no_such_name(*args, **kwargs):
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


def test_it_does_not_wait_for_a_name_server_that_is_silent(monkeypatch):
    released = threading.Event()
    real = socket.getaddrinfo

    def silent(host, *args, flags=0, **kwargs):
        if not flags:
            released.wait(10)
        return real(host, *args, flags=socket.AI_NUMERICHOST, **kwargs)

    monkeypatch.setattr("socket.getaddrinfo", silent)
    started = time.monotonic()
    with pytest.raises(wire.WireError) as caught:
        fetch("http://silent.example")
    released.set()
    assert time.monotonic() - started < DEADLINE + SLACK
    assert caught.value.kind == "dns"


def _server_context(ca: trustme.CA, *names: str, **kwargs) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **kwargs).configure_cert(context)
    return context


def _trusting(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


def test_it_accepts_a_trusted_certificate():
    ca = trustme.CA()
    with FaultServer(faults.answers(200, {"ok": 1}), tls=_server_context(ca, "localhost")) as server:
        assert fetch(server.url, verify=_trusting(ca), deadline_s=2).body == b'{"ok": 1}'


@pytest.mark.parametrize("fault", ["unknown issuer", "other host", "expired"])
def test_it_names_the_fault_of_a_certificate(fault):
    ca = trustme.CA()
    names, options, expected = {
        "unknown issuer": (("localhost",), {}, ("self-signed", "issuer is not known")),
        "other host": (("other.example",), {}, ("another host name",)),
        "expired": (
            ("localhost",),
            {"not_after": datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC)},
            ("it has expired",),
        ),
    }[fault]
    verify = None if fault == "unknown issuer" else _trusting(ca)
    server_context = _server_context(ca, *names, **options)
    with FaultServer(faults.answers(200), tls=server_context) as server, pytest.raises(wire.WireError) as caught:
        fetch(server.url, verify=verify, deadline_s=2)
    assert caught.value.kind == "tls_cert"
    assert any(words in caught.value.detail for words in expected)


def test_it_says_tls_when_the_port_speaks_plain_http():
    with FaultServer(_speaks_first) as plain, pytest.raises(wire.WireError) as caught:
        fetch(plain.url.replace("http://", "https://"), deadline_s=2)
    assert caught.value.kind == "tls"


def _speaks_first(conn, stop):
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    stop.wait(0.5)


_speaks_first.reads_request = False


def test_it_gives_up_on_a_tls_port_that_stays_silent():
    with FaultServer(faults.silence_at_once) as server:
        started = time.monotonic()
        with pytest.raises(wire.WireError) as caught:
            fetch(server.url.replace("http://", "https://"))
        assert time.monotonic() - started < DEADLINE + SLACK
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("behaviour", [faults.drip_headers, faults.silence])
def test_it_keeps_the_deadline_through_a_proxy(monkeypatch, behaviour):
    with FaultServer(behaviour) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        for scheme in ("http", "https"):
            started = time.monotonic()
            with pytest.raises(wire.WireError) as caught:
                fetch(f"{scheme}://vendor.example/path")
            assert time.monotonic() - started < DEADLINE + SLACK
            assert caught.value.kind == "timeout"
        assert proxy.heads[0].startswith(b"GET http://vendor.example/path")
        assert proxy.heads[1].startswith(b"CONNECT vendor.example:443")


def test_it_goes_around_the_proxy_for_hosts_that_are_excepted(monkeypatch):
    with FaultServer(faults.answers(200, {})) as server, FaultServer(faults.silence) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert fetch(server.url).status == 200
        assert proxy.accepted == 0
