"""PostgreSQL: can it be reached, and can it be written to? One short connection, driven without blocking.

libpq's timeouts are whole seconds, per host, and end with the connection; a server that freezes afterwards
holds a blocking client for ever. So the connection is polled (psycopg's public `pq`), every wait takes what
is left of the deadline, and names are looked up beside, for libpq cannot be interrupted there.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator

from psycopg import pq
from psycopg.conninfo import make_conninfo

from salina_monitor.checks.context import unusable
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.checks.pg_errors import code_of_refusal, next_may_help
from salina_monitor.dsn import parse_dsn
from salina_monitor.settings import Settings
from salina_monitor.wire.deadline import resolve

# `select 1` is happy on a standby, and on a primary that refuses every write.
_QUESTION = b"select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"


class _OutOfTime(Exception):
    """The deadline passed while waiting for the server."""


class _Refused(Exception):
    """The server, or libpq on its behalf, said no. `text` is untrusted and is matched, never shown."""

    def __init__(self, text: str) -> None:
        super().__init__("refused")
        self.text = text


class _NotPostgres(Exception):
    """What lets us in does not answer the question as PostgreSQL does."""


def probe(settings: Settings, budget_s: float) -> Finding:
    """Connect and ask once, within `budget_s` seconds; the latency includes look-up, connection and TLS."""
    if finding := unusable(settings, ("DATABASE_URL",)):
        return finding
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        standby, read_only, version = _ask(parse_dsn(settings.database_url), started + budget_s)
    except _OutOfTime:
        return found("timeout", elapsed_ms())
    except socket.gaierror:
        return found("dns", elapsed_ms())
    except _NotPostgres:
        return found("not_postgres", elapsed_ms())
    except _Refused as error:
        code, facts = code_of_refusal(error.text)
        return Finding(code, elapsed_ms(), facts)
    if standby:
        return found("standby", elapsed_ms())
    if read_only:
        return found("read_only", elapsed_ms())
    return found("ok", elapsed_ms(), said=f"PostgreSQL {version} · primary")


def _ask(parameters: dict[str, str], ends_at: float) -> tuple[bool, bool, int]:
    """(is a standby, is read-only, major version) from the first host that lets us in."""
    targets = list(_targets(parameters, ends_at))
    for left_over, target in zip(range(len(targets), 0, -1), targets, strict=True):
        share_ends_at = time.monotonic() + (ends_at - time.monotonic()) / left_over
        try:
            return _ask_one(target, share_ends_at)
        except (_OutOfTime, _Refused) as error:
            if left_over == 1 or (isinstance(error, _Refused) and not next_may_help(error.text)):
                raise
    raise socket.gaierror("no address")


def _targets(parameters: dict[str, str], ends_at: float) -> Iterator[dict[str, str]]:
    """One set of libpq parameters for each address of each host, in the order libpq tries them."""
    common = {k: v for k, v in parameters.items() if k not in ("host", "hostaddr", "port")}
    common.setdefault("fallback_application_name", "salina-monitor check")
    hosts = parameters.get("host", "").split(",")
    ports = parameters.get("port", "").split(",")
    unresolved: socket.gaierror | None = None
    for number, host in enumerate(hosts):
        target = {**common, "port": ports[number] if len(ports) == len(hosts) else ports[0]}
        if "hostaddr" in parameters or not host or host.startswith(("/", "@")):
            # An address, a socket folder or libpq's default: nothing to look up.
            yield target | {k: parameters[k] for k in ("host", "hostaddr") if k in parameters}
            if "hostaddr" in parameters:
                return
            continue
        try:
            addresses = resolve(host, 0, max(ends_at - time.monotonic(), 0.001))
        except socket.gaierror as error:
            unresolved = error
            continue
        for address in addresses:
            yield target | {"host": host, "hostaddr": address}
    if unresolved and len(hosts) == 1:
        raise unresolved


def _ask_one(target: dict[str, str], ends_at: float) -> tuple[bool, bool, int]:
    conn = pq.PGconn.connect_start(_conninfo(target))
    try:
        _connect(conn, ends_at)
        standby, read_only = _query(conn, ends_at)
        return standby, read_only, conn.server_version // 10000
    finally:
        conn.finish()


def _conninfo(target: dict[str, str]) -> bytes:
    return make_conninfo("", **{k: v for k, v in target.items() if v}).encode()


def _connect(conn: pq.abc.PGconn, ends_at: float) -> None:
    waiting_to_write = True  # libpq's rule: before the first poll, wait until the socket is writable
    while True:
        if conn.status == pq.ConnStatus.BAD:
            raise _Refused(conn.get_error_message())
        _wait(conn, ends_at, write=waiting_to_write)
        match conn.connect_poll():
            case pq.PollingStatus.OK:
                conn.nonblocking = 1
                return
            case pq.PollingStatus.FAILED:
                raise _Refused(conn.get_error_message())
            case status:
                waiting_to_write = status == pq.PollingStatus.WRITING


def _query(conn: pq.abc.PGconn, ends_at: float) -> tuple[bool, bool]:
    conn.send_query(_QUESTION)
    while conn.flush():
        _wait(conn, ends_at, write=True)
    while conn.is_busy():
        _wait(conn, ends_at, write=False)
        conn.consume_input()
    result = conn.get_result()
    if result is None or result.status != pq.ExecStatus.TUPLES_OK:
        raise _Refused(conn.get_error_message())
    if (result.ntuples, result.nfields) != (1, 2):
        raise _NotPostgres
    values = (result.get_value(0, 0), result.get_value(0, 1))
    if not {b"t", b"f"}.issuperset(values):
        raise _NotPostgres
    return values[0] == b"t", values[1] == b"t"


def _wait(conn: pq.abc.PGconn, ends_at: float, *, write: bool) -> None:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise _OutOfTime
    with selectors.DefaultSelector() as selector:
        selector.register(conn.socket, selectors.EVENT_WRITE if write else selectors.EVENT_READ)
        if not selector.select(left):
            raise _OutOfTime
