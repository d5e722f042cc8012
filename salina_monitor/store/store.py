"""The monitor's own PostgreSQL: opened once per process, shared by all its threads."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING, LiteralString

from psycopg import Connection
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool

from salina_monitor.dsn import libpq_dsn
from salina_monitor.settings import Settings
from salina_monitor.store import pool as pooling
from salina_monitor.store.errors import EmbeddedServerError, StoreError, StoreUnavailable
from salina_monitor.store.migrate import MIGRATION_TIMEOUT_S, migrate
from salina_monitor.store.named_sql import load_sql
from salina_monitor.store.source import Source, bind_source, refuse_erp_database

if TYPE_CHECKING:
    from salina_monitor.store.embedded import EmbeddedServer

logger = logging.getLogger(__name__)

STATEMENT_TIMEOUT_S = 5.0
PING_TIMEOUT_S = 1.0
ATTEMPTS = 3
"""A server that ends everybody may end the connection, and its replacement that was made at that moment."""
IDLE_TIMEOUT_S = 60.0
"""A process that was frozen within a transaction must not hold up the others for longer."""


class Store:
    """Connections to a migrated store of one source. Close it: that stops an embedded server nobody else uses."""

    def __init__(self, pool: ConnectionPool[pooling.Patient], server: EmbeddedServer | None) -> None:
        self._pool = pool
        self.server = server
        self._reviving = Lock()

    @classmethod
    def open(cls, settings: Settings, *, application_name: str = "salina-monitor", bind_source: bool = True) -> Store:
        """Connect (starting the embedded server when MONITOR_DATABASE_URL is empty), migrate, bind the source.

        Raises `StoreError(code, sentence)` in one of its classes; a silent server is given up after 4.5 s.
        """
        problem = settings.problem("MONITOR_DATABASE_URL")
        if problem:
            raise StoreUnavailable(problem.code, problem.message)
        refuse_erp_database(settings)
        with ExitStack() as undo:
            server: EmbeddedServer | None = None
            if settings.monitor_database_url:
                dsn = _fixed(libpq_dsn(settings.monitor_database_url))
            else:
                server = _start_embedded(settings)
                undo.callback(server.stop)
                dsn = server.dsn
            pooling.first_connection(dsn(), application_name)
            pool = pooling.make_pool(dsn, application_name)
            undo.callback(pool.close)
            store = cls(pool, server)
            migrate(lambda: store.connection(statement_timeout_s=MIGRATION_TIMEOUT_S))
            if bind_source:
                store.bind_source(settings)
            undo.pop_all()
        return store

    @contextmanager
    def connection(
        self, *, statement_timeout_s: float = STATEMENT_TIMEOUT_S, snapshot: bool = False
    ) -> Iterator[Connection[DictRow]]:
        """A connection in a transaction (rows as dicts, times in UTC), committed on a clean exit, else rolled back.

        A statement over `statement_timeout_s` seconds, a lost or silent server and the like raise `StoreUnavailable`.
        An embedded server that was killed is started again first, and connections that ended meanwhile are replaced.
        With `snapshot` all statements see the store at one moment, and write nothing.
        """
        if self.server is not None and not self.server.is_alive():
            self.server.ensure_running()
        with ExitStack() as stack:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    conn = stack.enter_context(self._transaction(pooling.GET_TIMEOUT_S, statement_timeout_s, snapshot))
                    break
                except StoreUnavailable as error:
                    if not self._worth_another(error, attempt):
                        raise
                if self.server is not None:
                    self.server.ensure_running()
                self._pool.check()
            yield conn

    def _worth_another(self, error: StoreUnavailable, attempt: int) -> bool:
        """Whether a connection could be had now, where this attempt (1 is the first) got none."""
        if error.code == "store_lost":  # told at once, so that asking again costs no time
            return attempt < ATTEMPTS
        waited_in_vain = self.server is None and error.code == "store_no_answer"
        return attempt == 1 and pooling.may_pass(error) and not waited_in_vain

    @contextmanager
    def _transaction(
        self, timeout_s: float, statement_timeout_s: float, snapshot: bool = False
    ) -> Iterator[Connection[DictRow]]:
        with pooling.borrowed(self._pool, timeout_s, statement_timeout_s) as conn:
            limits = {
                "statement_timeout": f"{round(statement_timeout_s * 1000)}ms",
                "idle_timeout": f"{round(IDLE_TIMEOUT_S * 1000)}ms",
            }
            if snapshot:  # before the first question, which would decide it
                conn.execute(load_sql("store")["one_moment"])
            conn.execute(load_sql("store")["prepare_transaction"], limits)
            yield conn

    def bind_source(self, settings: Settings) -> None:
        """Make the settings' source the store's, or raise `ForeignSource` if it belongs to another.

        Does nothing while a setting that names the source cannot be used: its default would be a guess.
        """
        if settings.problem("INNGEST_API_URL", "INNGEST_APP_ID", "INNGEST_ENV"):
            return
        with self.connection() as conn:
            bind_source(conn, Source.of(settings))

    def reachable(self) -> bool:
        """Whether the store answers within about a second (for /readyz). Raises nothing.

        A dead embedded server is started again beside it: nobody else might, while traffic is kept away.
        """
        if self.server is not None and not self.server.is_alive():
            Thread(target=self._revive, name="store-revive", daemon=True).start()
            return False
        for _ in range(2):
            try:
                with self._transaction(PING_TIMEOUT_S, PING_TIMEOUT_S):
                    return True
            except StoreUnavailable:
                self._pool.check()  # the connection may be of before a restart
        return False

    def _revive(self) -> None:
        if self.server is None or not self._reviving.acquire(blocking=False):
            return
        try:
            self.server.ensure_running()
        except StoreError as error:
            logger.warning("%s", error)
        finally:
            self._reviving.release()

    @staticmethod
    def sql(room: str) -> Mapping[str, LiteralString]:
        """The named queries of `sql/<room>.sql`."""
        return load_sql(room)

    def close(self) -> None:
        """Close all connections and leave the embedded server. Harmless when called again."""
        self._pool.close()
        if self.server is not None:
            self.server.stop()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _fixed(dsn: str) -> Callable[[], str]:
    return lambda: dsn


def _start_embedded(settings: Settings) -> EmbeddedServer:
    if sys.platform == "win32":
        raise EmbeddedServerError(
            "unsupported_platform",
            "The embedded database needs Linux or macOS. On Windows run the monitor in WSL, or set MONITOR_DATABASE_URL"
            " to a PostgreSQL 14+ server.",
        )
    from salina_monitor.store.embedded import EmbeddedServer

    return EmbeddedServer.start(settings.data_dir)
