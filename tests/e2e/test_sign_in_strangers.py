"""Nobody in particular asks for everything, from the first moment after a start on."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import urandom
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect

from salina_monitor.accounts import Accounts
from tests.e2e.driver import TITLE, wait_idle
from tests.e2e.processes import ServerProcess, running_server
from tests.support.folders import open_folder

PATHS = [
    "/admin/system",
    "/admin/job?id=01M84R",
    "/admin/account",
    "/admin/",
    "/admin/system?status=failed&range=7d",
    "/admin/activity",
    "/admin/activity?section=people",
]


@pytest.fixture
def fresh_server() -> Iterator[ServerProcess]:
    """A server that nobody has asked anything but /healthz."""
    with open_folder("salina-e2e-") as folder, running_server(Path(folder)) as started:
        yield started


def expect_only_the_form(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    wait_idle(page)
    expect(page.get_by_role("heading", name=TITLE)).to_have_count(0)
    expect(page.locator(".st-key-signout, .st-key-refresh, .st-key-jobs, .st-key-card_failed")).to_have_count(0)
    expect(page.locator('[data-testid="stTopNavLink"], [data-testid="stSidebarNavLink"]')).to_have_count(0)


@pytest.mark.parametrize("path", ["/admin/system", "/admin/job?id=1", "/admin/activity"])
def test_the_first_deep_link_after_a_start_shows_strangers_the_form_only(
    path: str, page: Page, fresh_server: ServerProcess
) -> None:
    page.goto(fresh_server.url + path)
    expect_only_the_form(page)


def test_every_address_shows_strangers_the_form_only(page: Page, server: ServerProcess) -> None:
    for path in PATHS:
        page.goto(server.url + path)
        expect_only_the_form(page)


def stream_url(server: ServerProcess) -> str:
    return f"ws://{urlsplit(server.url).netloc}/admin/_stcore/stream"


def run_script(server: ServerProcess, **rerun: str) -> bytes:
    """What a client gets that speaks the socket's language but is no browser: no Origin, no cookie, no page."""
    message = BackMsg()
    for name, value in rerun.items():
        setattr(message.rerun_script, name, value)
    message.rerun_script.SetInParent()
    received = b""
    with connect(stream_url(server), max_size=None, proxy=None) as client:
        client.send(message.SerializeToString())
        while True:
            try:
                frame = client.recv(timeout=2)  # silence: the script has run to its end
            except TimeoutError:
                return received
            assert isinstance(frame, bytes)
            received += frame


@pytest.mark.parametrize(
    "rerun",
    [
        {},
        {"page_name": "system"},
        {"page_name": "job", "query_string": "id=1"},
        {"fragment_id": "x", "page_name": "system"},
    ],
)
def test_a_bare_socket_gets_the_form_only(rerun: dict[str, str], server: ServerProcess) -> None:
    received = run_script(server, **rerun)
    assert TITLE.encode() not in received
    for key in (b"signout", b"card_failed", b"health_database"):
        assert key not in received
    if "fragment_id" not in rerun:
        assert b"Password" in received


def test_the_first_socket_after_a_start_gets_the_form_only(fresh_server: ServerProcess) -> None:
    received = run_script(fresh_server, page_name="system")
    assert b"Password" in received
    assert TITLE.encode() not in received


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_socket_opened_by_another_site_is_refused(origin: str, server: ServerProcess) -> None:
    assert handshake(server, origin) == 403
    assert handshake(server, server.url) == 101


def handshake(server: ServerProcess, origin: str) -> int:
    """The status of the answer to a WebSocket handshake."""
    address = urlsplit(server.url)
    request = (
        "GET /admin/_stcore/stream HTTP/1.1",
        f"Host: {address.netloc}",
        f"Origin: {origin}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {b64encode(urandom(16)).decode()}",
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as client:
        client.sendall("\r\n".join((*request, "", "")).encode())
        return int(client.recv(4096).split()[1])


def test_side_doors_are_closed_and_answers_carry_the_headers(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for path in (
            "/admin/_stcore/metrics",
            "/admin/_stcore/agent/openapi.json",
            "/admin/_stcore/script-health-check",
        ):
            assert client.get(path).status_code == 404
        assert client.post("/admin/_stcore/agent/interact", json={}).status_code == 404
        assert client.get("/admin/nothing-here").status_code == 404
        page = client.get("/admin/system")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "server" not in page.headers


@contextmanager
def another_site(body: str) -> Iterator[int]:
    """The port of a web server that answers `body` to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        thread = Thread(target=web.serve_forever)
        thread.start()
        try:
            yield web.server_port
        finally:
            web.shutdown()
            thread.join()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["another site", "another port of our host"])
def test_a_page_of_another_origin_cannot_redeem_a_ticket(
    host: str, page: Page, server: ServerProcess, accounts: Accounts
) -> None:
    token = accounts.sessions.start("owner", address="local", agent="")
    assert token
    ticket = accounts.sessions.ticket(token)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with another_site(f'<img src="{server.url}/admin/session/{ticket}">') as port:
        page.goto(f"http://{host}:{port}/")  # waits for its images, too
    assert f"{server.url}/admin/session/{ticket}" in asked
    assert page.context.cookies(f"{server.url}/admin") == []
    assert accounts.sessions.redeem(ticket), "the ticket must still be good"


def test_a_ticket_typed_into_the_address_bar_is_refused(page: Page, server: ServerProcess) -> None:
    visited = page.goto(f"{server.url}/admin/session/ticket")
    assert visited
    assert visited.status == 403
    assert page.context.cookies() == []
