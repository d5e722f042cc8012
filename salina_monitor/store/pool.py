"""Connections to the store: a small pool that survives a server's restart, and a first connection with a deadline."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from salina_monitor.store.errors import StoreTooOld, StoreUnavailable
from salina_monitor.store.failures import unavailable, unreachable

OPEN_TIMEOUT_S = 4.5
GET_TIMEOUT_S = 3.0
MAX_SIZE = 10
OLDEST_SERVER = 140000

# prepare_threshold: behind a transaction pooler the next statement may reach a session without our prepared one.
CONNECT: dict[str, Any] = {"row_factory": dict_row, "prepare_threshold": None}


def first_connection(dsn: str, application_name: str) -> None:
    """Connect once, and say in words why it does not work.

    In a thread, because a name server that keeps silent holds a connection attempt beyond any `connect_timeout`.
    """
    outcome: list[BaseException | int] = []

    def attempt() -> None:
        try:
            with psycopg.connect(dsn, connect_timeout=4, application_name=application_name, **CONNECT) as conn:
                outcome.append(conn.info.server_version)
        except Exception as error:  # noqa: BLE001 - judged below, in the caller's thread
            outcome.append(error)

    thread = threading.Thread(target=attempt, name="store-first-connection", daemon=True)
    thread.start()
    thread.join(OPEN_TIMEOUT_S)
    if not outcome:
        raise unreachable()
    result = outcome[0]
    if isinstance(result, psycopg.Error):
        raise unavailable(result) or unreachable() from None
    if isinstance(result, BaseException):
        raise result
    if result < OLDEST_SERVER:
        raise StoreTooOld(
            "store_too_old",
            f"The store's server is PostgreSQL {result // 10000}; the monitor needs 14 or newer. Upgrade it, or leave"
            " MONITOR_DATABASE_URL empty for the embedded server.",
        )


def make_pool(dsn: Callable[[], str], application_name: str) -> ConnectionPool[Connection[DictRow]]:
    """A pool that asks `dsn` for the address each time it connects. Close it.

    It does not check connections: the first statement of every transaction does (the pool's own way waits a second
    after a broken one).
    """
    # The pool's own warnings repeat the server's texts; whoever waits for a connection gets the error.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    return ConnectionPool(
        dsn,
        connection_class=Connection[DictRow],
        kwargs={**CONNECT, "connect_timeout": 4, "application_name": application_name},
        min_size=1, max_size=MAX_SIZE, num_workers=1, timeout=GET_TIMEOUT_S, reconnect_timeout=2,
        open=True, name=application_name,
    )  # fmt: skip


@contextmanager
def borrowed(pool: ConnectionPool[Connection[DictRow]], timeout_s: float) -> Iterator[Connection[DictRow]]:
    """A connection in a transaction: committed on a clean exit, rolled back on an error.

    Errors that mean "the store cannot be used" come out as `StoreUnavailable`; others (a violated constraint,
    a wrong statement) as they are.
    """
    try:
        with pool.connection(timeout=timeout_s) as conn:
            yield conn
    except (PoolTimeout, TooManyRequests):
        raise unreachable() from None
    except psycopg.Error as error:
        known = unavailable(error)
        if known is None:
            raise
        raise known from None


def may_pass(error: StoreUnavailable) -> bool:
    """Whether a fresh connection, or a restart of an embedded server, could be the cure."""
    return error.code in ("store_no_answer", "store_refused", "store_lost", "store_starting")
