"""A PostgreSQL server of our own in the data folder, shared by every process that uses that folder."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from threading import RLock

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from salina_monitor.store.embedded import log, process
from salina_monitor.store.embedded import place as places
from salina_monitor.store.embedded.binaries import Binaries, copy_of_binaries, find_binaries, runs_as
from salina_monitor.store.embedded.cluster import ADMIN, check_version, corrupt, ensure_cluster
from salina_monitor.store.embedded.locks import FileLock, held
from salina_monitor.store.embedded.place import Place
from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import os_failure, read_text, write_private

logger = logging.getLogger(__name__)

DATABASE = ROLE = "monitor"
CHANGE_WAIT_S = 90.0
ANSWER_WAIT_S = 15.0


class EmbeddedServer:
    """One user of the data folder's server. The first to come starts the server, the last to leave stops it.

    A process that is killed counts as gone at once (its locks end with it). A server that outlives all its users is
    taken over by the next. All methods may be called from any thread.
    """

    def __init__(self, place: Place, binaries: Binaries, options: Mapping[str, str]) -> None:
        self.place = place
        self._binaries = binaries
        self._options = dict(options)
        self._using = FileLock(place.users_lock)
        self._owner_pid = os.getpid()
        self._guard = RLock()
        self._stopped = False

    @classmethod
    def start(cls, data_dir: Path, options: Mapping[str, str] | None = None) -> EmbeddedServer:
        """Make the cluster if need be, start the server or join a running one.

        `options` are server parameters beside our own, used if we are the one to start it.
        Raises `EmbeddedServerError(code, sentence)`.
        """
        place = places.choose_place(data_dir.expanduser().absolute())
        binaries = find_binaries()
        if place.drop and not runs_as(binaries.postgres, place.uid, place.gid):
            binaries = copy_of_binaries(places.SYSTEM_STATE)
        server = cls(place, binaries, options or {})
        server.ensure_running()
        atexit.register(server.stop)
        return server

    def ensure_running(self) -> None:
        """Start the server if it is not there, wait for it if it is starting. Raises `EmbeddedServerError`."""
        busy = f"Another process is starting or stopping the database in {self.place.home} and does not finish."
        with self._guard, held(self.place.lock, deadline_s=CHANGE_WAIT_S, busy=busy):
            if self._stopped:
                raise EmbeddedServerError("stopped", "The embedded database was stopped by this process.")
            self._using.release()
            self._using.acquire(shared=True)
            try:
                if self.place.cluster.is_dir():
                    check_version(self.place)
                answers = self._answers()
            except BaseException:
                self._using.release()  # not _leave: a server that does not answer us is not ours to stop
                raise
            try:
                if not answers:
                    ensure_cluster(self.place, self._binaries)
                    process.launch(self.place, self._binaries, self._options)
                if not self.place.prepared_file.exists():
                    self._prepare()
            except BaseException:
                self._leave()
                raise
        log.trim_log(self.place.log)

    def _answers(self) -> bool:
        """Whether a living server takes our password; False when none lives (any more)."""
        end = time.monotonic() + ANSWER_WAIT_S
        while process.is_alive(self.place):
            try:
                with psycopg.connect(self._admin_dsn("postgres"), autocommit=True):
                    return True
            except (psycopg.OperationalError, EmbeddedServerError):  # starting up, or dying after a kill
                if time.monotonic() > end:
                    raise EmbeddedServerError(
                        "no_answer",
                        f"A database server is running in {self.place.home} and does not answer on 127.0.0.1. If it"
                        " belongs to another container or machine, give each its own MONITOR_DATA_DIR; else end it.",
                    ) from None
                time.sleep(0.05)
        return False

    def _prepare(self) -> None:
        """Make the role and the database the monitor uses. It is no superuser: SQL must not reach the machine."""
        try:
            with psycopg.connect(self._admin_dsn("postgres"), autocommit=True) as conn:
                if not conn.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
                    statement = sql.SQL("create role {} login createdb password {}")
                    conn.execute(statement.format(sql.Identifier(ROLE), sql.Literal(self._password())))
            self.create_database(DATABASE)
        except psycopg.errors.DiskFull:
            raise os_failure(OSError(errno.ENOSPC, ""), self.place.home) from None
        except psycopg.Error:
            raise corrupt(self.place) from None
        write_private(self.place.prepared_file, "")

    def create_database(self, name: str) -> None:
        """Make the database `name`, owned by the monitor's role, if it does not exist."""
        with psycopg.connect(self._admin_dsn("postgres"), autocommit=True) as conn:
            if not conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                statement = sql.SQL("create database {} owner {}")
                conn.execute(statement.format(sql.Identifier(name), sql.Identifier(ROLE)))

    def dsn(self, database: str = DATABASE) -> str:
        """Address of `database` for the monitor's role, password included. The port may change after a restart."""
        return self._conninfo(ROLE, database)

    def _admin_dsn(self, database: str) -> str:
        return self._conninfo(ADMIN, database)

    def _conninfo(self, user: str, database: str) -> str:
        # Every parameter is named, so that PG* variables of the environment do not lead elsewhere; require_auth keeps
        # a stranger on an old port of ours from being taken for the server.
        return make_conninfo(
            "", host="127.0.0.1", hostaddr="127.0.0.1", port=self.port, dbname=database, user=user,
            password=self._password(), sslmode="disable", gssencmode="disable", require_auth="scram-sha-256",
            connect_timeout=3, options="", target_session_attrs="any",
        )  # fmt: skip

    @property
    def port(self) -> int:
        """Port of the server on 127.0.0.1, as last started by whichever process."""
        port = process.recorded_port(self.place)
        if port is None:
            raise EmbeddedServerError(
                "data_incomplete", f"{self.place.port_file} is missing or damaged. End all monitors and start again."
            )
        return port

    def _password(self) -> str:
        text = (read_text(self.place.password_file) or "").strip()
        if not text:
            raise EmbeddedServerError(
                "data_incomplete",
                f"{self.place.password_file} is missing. Restore it from a backup, or move {self.place.home} away"
                " to start with an empty database (runs are fetched again; users are not).",
            )
        return text

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None if there is none."""
        return process.server_pid(self.place)

    def is_alive(self) -> bool:
        """Whether the server's processes live (microseconds; does not say that it answers)."""
        return process.is_alive(self.place)

    def stop(self) -> None:
        """Leave. If nobody else uses the server, stop it (at most about 12 s). Harmless when called again."""
        if os.getpid() != self._owner_pid:  # a forked child: the server is its parent's
            return
        busy = f"Another process is starting or stopping the database in {self.place.home} and does not finish."
        with self._guard:
            if self._stopped:
                return
            self._stopped = True
            atexit.unregister(self.stop)
            with held(self.place.lock, deadline_s=CHANGE_WAIT_S, busy=busy):
                self._leave()

    def _leave(self) -> None:
        self._using.release()
        last = FileLock(self.place.users_lock)
        if not last.acquire(deadline_s=0):
            return
        try:
            process.stop(self.place)
        except EmbeddedServerError as error:
            logger.warning("%s", error)  # nobody waits for an answer any more
        finally:
            last.release()

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
