"""A network to the store that goes silent: nothing is refused, nothing arrives. It ends as a StoreError."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from salina_monitor.store import Store, StoreUnavailable, pool
from tests.support.waiting import wait_until


class Between:
    """Passes bytes between the monitor and the server until it is told to swallow them; it still takes them."""

    def __init__(self, dsn: str) -> None:
        at = conninfo_to_dict(dsn)
        self._to = (str(at["host"]), int(at.get("port") or 5432))
        self._swallows = threading.Event()
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.dsn = make_conninfo(dsn, host="127.0.0.1", port=self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def swallow(self) -> None:
        self._swallows.set()

    def heal(self) -> None:
        """New connections pass; those of before stay dead, as behind a firewall that forgot them."""
        self._swallows = threading.Event()

    def taken(self) -> int:
        """How many connections were taken so far."""
        return len(self._open) // 2

    def close(self) -> None:
        for one in (self._server, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._server.accept()
                if self._to[0].startswith("/"):
                    theirs = socket.socket(socket.AF_UNIX)
                    theirs.connect(f"{self._to[0]}/.s.PGSQL.{self._to[1]}")
                else:
                    theirs = socket.create_connection(self._to)
                self._open += [ours, theirs]
                for pair in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass, args=(*pair, self._swallows), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, swallows: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not swallows.is_set():
                    target.sendall(data)
            target.close()


@pytest.fixture
def between(store_dsn: str) -> Iterator[Between]:
    made = Between(store_dsn)
    yield made
    made.close()


@pytest.fixture
def remote(between: Between, settings_for: Callable[..., Any]) -> Iterator[Store]:
    with Store.open(settings_for(MONITOR_DATABASE_URL=between.dsn)) as store:
        yield store


def ask(store: Store) -> Any:
    with store.connection(statement_timeout_s=0.5) as conn:
        return conn.execute("select 1 as n").fetchone()


def test_a_server_that_takes_and_never_answers_is_given_up(
    remote: Store, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "GRACE_S", 0.5)
    assert ask(remote) == {"n": 1}
    between.swallow()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as caught:
        ask(remote)
    assert caught.value.code == "store_no_answer"
    assert time.monotonic() - began < 5
    between.heal()
    assert ask(remote) == {"n": 1}


def test_once_it_answers_again_no_dead_connection_is_waited_for(
    remote: Store, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "GRACE_S", 0.5)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(remote.connection())
    between.swallow()
    with pytest.raises(StoreUnavailable):
        ask(remote)
    between.heal()
    for _ in range(4):
        assert ask(remote) == {"n": 1}


def test_a_replacement_that_was_begun_in_the_silence_holds_nobody_up_after_it(
    remote: Store, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "GRACE_S", 0.5)
    assert ask(remote) == {"n": 1}
    between.swallow()
    before = between.taken()
    with pytest.raises(StoreUnavailable):
        ask(remote)
    wait_until(lambda: between.taken() > before)
    between.heal()
    began = time.monotonic()
    assert ask(remote) == {"n": 1}
    assert time.monotonic() - began < 2, "the one that hangs takes four seconds to be given up"


def test_a_slow_answer_within_its_time_is_waited_for(remote: Store) -> None:
    with remote.connection(statement_timeout_s=2) as conn:
        conn.execute("select pg_sleep(1.5)")
    with pytest.raises(StoreUnavailable) as caught, remote.connection(statement_timeout_s=0.3) as conn:
        conn.execute("select pg_sleep(3)")
    assert caught.value.code == "store_timeout", "the server ends it first"


def test_connections_over_a_network_notice_that_it_is_gone(remote: Store) -> None:
    with remote.connection() as conn, socket.socket(fileno=os.dup(conn.fileno())) as plain:
        assert plain.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


def test_what_the_address_says_itself_is_kept(between: Between, settings_for: Callable[..., Any]) -> None:
    dsn = make_conninfo(between.dsn, keepalives_idle=77, tcp_user_timeout=30_000)
    with Store.open(settings_for(MONITOR_DATABASE_URL=dsn)) as store, store.connection() as conn:
        known = conn.info.get_parameters()
    assert known["keepalives_idle"] == "77"
    assert known["tcp_user_timeout"] == "30000"
    assert known["keepalives_count"] == "3"
