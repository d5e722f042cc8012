"""The ERP's played database: a few tables on the embedded server, behind a small proxy that can slow or break it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

import psycopg

from salina_monitor.sandbox.catalogue import TENANTS
from salina_monitor.sandbox.faults import SLOW_S, Fault, FaultBoard
from salina_monitor.store.embedded import EmbeddedServer

DATABASE = "erp"
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_CHUNK = 65536
_FATAL = {
    Fault.ERROR: ("57P03", "the database system is starting up"),
    Fault.REFUSED_KEY: ("28P01", 'password authentication failed for user "{user}"'),
}


def make_erp_database(server: EmbeddedServer) -> None:
    """Make the database `erp` with a few tables, unless it is there. Raises psycopg.Error."""
    server.create_database(DATABASE)
    with psycopg.connect(server.dsn(DATABASE)) as conn:
        conn.execute("create table if not exists tenants (id text primary key)")
        conn.execute(
            "create table if not exists statements (id bigint generated always as identity primary key,"
            " tenant_id text not null references tenants, period text not null, created_at timestamptz default now())"
        )
        conn.cursor().executemany(
            "insert into tenants values (%s) on conflict do nothing", [(tenant,) for tenant in TENANTS]
        )


class DatabaseProxy:
    """Accepts PostgreSQL connections on `listener` and hands them on to `port()`, as the board allows.

    `port` may give None while the server is not up yet: connections then wait.
    """

    def __init__(self, board: FaultBoard, port: Callable[[], int | None], *, slow_s: float = SLOW_S) -> None:
        self._board, self._port, self._slow_s = board, port, slow_s

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.start_server(self._connection, sock=listener)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._board["database"]
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # either side may hang up at any time
            try:
                if fault is Fault.SILENT:
                    await _drain(reader)
                elif fault in _FATAL:
                    await _refuse(reader, writer, *_FATAL[fault])
                else:
                    await asyncio.sleep(self._slow_s if fault is Fault.SLOW else 0)
                    await self._hand_on(reader, writer)
            finally:
                writer.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (port := self._port()) is None:
            await asyncio.sleep(0.05)
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        both = [asyncio.create_task(_copy(reader, behind_writer)), asyncio.create_task(_copy(behind_reader, writer))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            behind_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK):
        pass


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, code: str, message: str) -> None:
    """Read the start-up packet and answer with a FATAL ErrorResponse of the PostgreSQL protocol."""
    while True:
        size, kind = struct.unpack("!ii", await reader.readexactly(8))
        body = await reader.readexactly(size - 8)
        if kind not in (_SSL_REQUEST, _GSS_REQUEST):
            break
        writer.write(b"N")
        await writer.drain()
    words = body.split(b"\0")
    user = words[words.index(b"user") + 1].decode("utf-8", "replace") if b"user" in words else ""
    said = message.format(user=user)
    fields = [("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", said)]
    payload = b"".join(name.encode() + text.encode() + b"\0" for name, text in fields) + b"\0"
    writer.write(b"E" + struct.pack("!i", len(payload) + 4) + payload)
    await writer.drain()
