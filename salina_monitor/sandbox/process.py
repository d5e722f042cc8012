"""The child process that plays the five services: `python -m salina_monitor.sandbox.process FOLDER SEED`.

It lives as long as its standard input stays open: when the parent ends, however it ends, the kernel closes the pipe,
and the child leaves the embedded server and goes. One line of JSON on standard output says "ready", or why not.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from salina_monitor.sandbox import environment as places
from salina_monitor.sandbox.clerk import clerk
from salina_monitor.sandbox.control import control
from salina_monitor.sandbox.day import Day, played_day
from salina_monitor.sandbox.erp_database import DatabaseProxy, make_erp_database
from salina_monitor.sandbox.faults import SERVICES, Breakable, FaultBoard
from salina_monitor.sandbox.inngest_server import InngestServer
from salina_monitor.sandbox.listeners import ServicesByPort, listen
from salina_monitor.sandbox.mailbox import Mailbox
from salina_monitor.sandbox.resend import DOMAIN, resend
from salina_monitor.sandbox.s3 import s3
from salina_monitor.store.embedded import EmbeddedServer
from salina_monitor.store.embedded.locks import FileLock
from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import make_folder

GRACE_S = 1


class Child:
    """Everything one sandbox plays."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._postgres: EmbeddedServer | None = None
        self._erp_is_ready = threading.Event()
        self._sockets = {name: listen() for name in (*SERVICES, "control")}
        self.ports = {name: int(listener.getsockname()[1]) for name, listener in self._sockets.items()}
        self._token = secrets.token_urlsafe(16)

    def run(self) -> None:
        """Serve until standard input ends or a signal comes. Raises `EmbeddedServerError` when it cannot start."""
        starting = threading.Thread(target=self._start_postgres, daemon=True)
        self._failed: EmbeddedServerError | None = None
        starting.start()
        day = played_day(self._seed, time.time_ns())
        starting.join()
        if self._failed is not None or self._postgres is None:
            raise self._failed or EmbeddedServerError("no_start", "The sandbox's database did not start.")
        try:
            self._serve(day, self._postgres)
        finally:
            self._postgres.stop()

    def _start_postgres(self) -> None:
        try:
            self._postgres = EmbeddedServer.start(self._folder)
            throw_store_away(self._postgres)
        except EmbeddedServerError as error:
            self._failed = error

    def _serve(self, day: Day, postgres: EmbeddedServer) -> None:
        board = FaultBoard(lambda faults: _switch(day, faults))
        apps = {self.ports[name]: app for name, app in self._applications(day, board).items()}
        proxy = DatabaseProxy(board, lambda: postgres.port if self._erp_is_ready.is_set() else None)
        listener = self._sockets.pop("database")
        server = uvicorn.Server(
            uvicorn.Config(
                ServicesByPort(apps, proxy, listener),
                lifespan="on",
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=30,
            )
        )
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
        threading.Thread(target=self._make_erp, args=(postgres,), daemon=True).start()
        password = str(conninfo_to_dict(postgres.dsn())["password"])
        env = places.environment(self.ports, password)
        control_url = f"http://127.0.0.1:{self.ports['control']}/{self._token}"
        places.write_services(self._folder, env, control_url)
        _say({"env": env, "control_url": control_url})
        server.run(sockets=list(self._sockets.values()))

    def _applications(self, day: Day, board: FaultBoard) -> dict[str, ASGIApp]:
        mailbox = Mailbox(DOMAIN)
        inngest = InngestServer(day, places.SIGNING_KEY).app()
        return {
            "clerk": clerk(board, places.CLERK_KEY),
            "resend": resend(board, places.RESEND_KEY, mailbox),
            "s3": s3(board, bucket=places.BUCKET, region=places.REGION, access_key=places.ACCESS_KEY),
            "inngest": Breakable(inngest, board, "inngest", error=_inngest_down, refused=_inngest_refuses),
            "control": control(board, self._token, mailbox),
        }

    def _make_erp(self, postgres: EmbeddedServer) -> None:
        make_erp_database(postgres)
        self._erp_is_ready.set()


def throw_store_away(postgres: EmbeddedServer) -> None:
    """Start with an empty store: the last sandbox's runs mean nothing to this one's Inngest."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier("monitor")))
    postgres.create_database("monitor")


def _switch(day: Day, faults: Mapping[str, str]) -> None:
    day.simulation.advance(time.time_ns())
    day.simulation.set_faults(faults)


def _inngest_down() -> Response:
    return PlainTextResponse("upstream connect error or disconnect/reset before headers\n", 503)


def _inngest_refuses() -> Response:
    return PlainTextResponse("Authentication failed\n", 401, headers={"x-inngest-server-kind": "cloud"})


def _end_with_parent(server: uvicorn.Server) -> None:
    while os.read(0, 4096):
        pass
    server.should_exit = True


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main(folder: Path, seed: int) -> int:
    """Play until told to end; the exit code is 1 when it could not start (the reason is on standard output)."""
    lock = FileLock(folder / "sandbox.lock")
    try:
        make_folder(folder)
        if not lock.acquire(deadline_s=0):
            raise EmbeddedServerError(
                "already_running",
                f"A sandbox is already running in {folder}. Use that one, end it, or set MONITOR_DATA_DIR to another"
                " folder.",
            )
        Child(folder, seed).run()
    except EmbeddedServerError as error:
        _say({"error": {"code": error.code, "message": error.message}})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
