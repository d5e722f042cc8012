"""Connections to the store: a small pool that survives a server's restart, and a first connection with a deadline."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from salina_monitor.store.errors import StoreTooOld, StoreUnavailable
from salina_monitor.store.failures import unavailable, unreachable

OPEN_TIMEOUT_S = 4.5
GET_TIMEOUT_S = 3.0
MAX_SIZE = 10
WORKERS = 3
"""How many connect at the same time: an attempt that a silent network took must not hold up the next."""
OLDEST_SERVER = 140000

# prepare_threshold: behind a transaction pooler the next statement may reach a session without our prepared one.
CONNECT: dict[str, Any] = {"row_factory": dict_row, "prepare_threshold": None}
# A network that swallows everything is noticed within some 20 s. Servers on this machine's own socket ignore them.
NOTICE_SILENCE: dict[str, Any] = {
    "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000,
}  # fmt: skip
GRACE_S = 4.0
"""The server ends a statement at its time limit; when it still says nothing so long after, it is given up."""
T = TypeVar("T")


class Silent(psycopg.OperationalError):
    """The other side takes what it is sent, and answers nothing."""


class Patient(Connection[DictRow]):
    """A connection that waits for an answer `patience_s` seconds at most, whatever is between it and the server."""

    patience_s: float = 5.0 + GRACE_S

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **more: Any) -> T:
        """Wait for one answer. Raises Silent, and then the connection is closed."""
        try:
            return super().wait(_bounded(gen, self.patience_s), *args, **more)
        except Silent:
            self.pgconn.finish()  # a rollback would wait as long again
            raise


def _bounded(gen: Generator[Any, Any, T], patience_s: float) -> Generator[Any, Any, T]:
    give_up = time.monotonic() + patience_s
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > give_up:
                raise Silent("timeout: no answer")
            wanted = gen.send(ready)
    except StopIteration as end:
        value: T = end.value
        return value


def with_limits(dsn: str) -> str:
    """The address with limits for a silent network; those that it names itself stay as they are."""
    return make_conninfo("", **{**NOTICE_SILENCE, **conninfo_to_dict(dsn)})


def first_connection(dsn: str, application_name: str) -> None:
    """Connect once, and say in words why it does not work.

    In a thread, because a name server that keeps silent holds a connection attempt beyond any `connect_timeout`.
    """
    outcome: list[BaseException | int] = []

    def attempt() -> None:
        try:
            with Patient.connect(
                with_limits(dsn), connect_timeout=4, application_name=application_name, **CONNECT
            ) as conn:
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


def make_pool(dsn: Callable[[], str], application_name: str) -> ConnectionPool[Patient]:
    """A pool that asks `dsn` for the address each time it connects. Close it.

    It does not check connections: the first statement of every transaction does (the pool's own way waits a second
    after a broken one).
    """
    # The pool's own warnings repeat the server's texts; whoever waits for a connection gets the error.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    return ConnectionPool(
        lambda: with_limits(dsn()),
        connection_class=Patient,
        kwargs={**CONNECT, "connect_timeout": 4, "application_name": application_name},
        min_size=1, max_size=MAX_SIZE, num_workers=WORKERS, timeout=GET_TIMEOUT_S, reconnect_timeout=2,
        open=True, name=application_name,
    )  # fmt: skip


@contextmanager
def borrowed(pool: ConnectionPool[Patient], timeout_s: float, statement_timeout_s: float) -> Iterator[Patient]:
    """A connection in a transaction: committed on a clean exit, rolled back on an error.

    Errors that mean "the store cannot be used" come out as `StoreUnavailable`; others (a violated constraint,
    a wrong statement) as they are.
    """
    try:
        with pool.connection(timeout=timeout_s) as conn:
            conn.patience_s = statement_timeout_s + GRACE_S
            yield conn
    except (PoolTimeout, TooManyRequests):
        raise unreachable() from None
    except Silent as error:
        pool.drain()  # the others are most likely as dead, and each would be waited for as long
        raise unavailable(error) or unreachable() from None
    except psycopg.Error as error:
        known = unavailable(error)
        if known is None:
            raise
        raise known from None


def may_pass(error: StoreUnavailable) -> bool:
    """Whether a fresh connection, or a restart of an embedded server, could be the cure."""
    return error.code in ("store_no_answer", "store_refused", "store_lost", "store_starting")
