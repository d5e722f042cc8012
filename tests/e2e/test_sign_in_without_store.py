"""The store is away: people are told, strangers learn nothing, and everything comes back by itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import httpx
from playwright.sync_api import Page, expect
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from salina_monitor.store.embedded import EmbeddedServer
from tests.e2e.processes import free_port, running_server
from tests.support.folders import open_folder


def test_the_page_says_so_and_comes_back_by_itself(page: Page, pg_server: EmbeddedServer) -> None:
    pg_server.create_database("comes_back")
    real = conninfo_to_dict(pg_server.dsn("comes_back"))
    port = free_port()
    dsn = make_conninfo(pg_server.dsn("comes_back"), port=port)
    with open_folder("salina-e2e-") as folder, running_server(folder, MONITOR_DATABASE_URL=dsn) as server:
        page.goto(f"{server.url}/admin/system?status=failed")
        expect(page.get_by_text("The monitor cannot reach its database; ask its administrator.")).to_be_visible()
        assert str(port) not in page.content().replace(server.url, "")
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 503
        with forwarder(port, int(real["port"] or 0)):
            expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20_000)
            assert "status=failed" in page.url
            assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200
            server.stop()
        assert str(real["password"]) not in server.log()
        assert "Traceback" not in server.log()


@contextmanager
def forwarder(port: int, target: int) -> Iterator[None]:
    """Listen on `port` and pass every connection on to `target`."""
    open_sockets: list[socket.socket] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", target))
                open_sockets.extend((near, far))
                Thread(target=pump, args=(near, far), daemon=True).start()
                Thread(target=pump, args=(far, near), daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for end in open_sockets:
                end.close()
