"""The database check against real PostgreSQL in every state a server can be in."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
import pytest

from salina_monitor.checks.runner import CheckRunner
from salina_monitor.dsn import parse_dsn
from salina_monitor.models import HealthCheckResult, Service
from salina_monitor.settings import Settings
from salina_monitor.store.embedded import EmbeddedServer, process
from tests.support.fault_server import refused_port
from tests.support.folders import open_folder

PASSWORD = "p@ss/w:rd canary-7f3a"

pytestmark = pytest.mark.alone


def check(dsn: str, **options: float) -> HealthCheckResult:
    result = CheckRunner(Settings.load({"DATABASE_URL": dsn}), **options).check(Service.DATABASE)
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "canary"):
        assert secret not in result.message
    return result


def url(
    server: EmbeddedServer, user: str = "erp", password: str = PASSWORD, database: str = "erp", query: str = ""
) -> str:
    where = parse_dsn(server.dsn())
    return f"postgresql://{user}:{quote(password, safe='')}@{where['host']}:{where['port']}/{database}{query}"


def furnish(server: EmbeddedServer) -> None:
    """The ERP's database as an administrator would have made it, and roles that may do less."""
    literal = PASSWORD.replace("'", "''")
    statements = [
        f"create role erp login password '{literal}'",
        "create database erp owner erp",
        f"create role nologin nologin password '{literal}'",
        f"create role reader login password '{literal}'",
        "alter role reader set default_transaction_read_only = on",
        f"create role single login password '{literal}' connection limit 0",
        "create database closed",
        "revoke connect on database closed from public",
        "create database offline allow_connections false",
    ]
    with psycopg.connect(server._admin_dsn("postgres"), autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A server of this module's own, with few slots, that may be frozen and filled."""
    options = {"fsync": "off", "max_connections": "8", "superuser_reserved_connections": "3"}
    with open_folder("salina-checks-") as folder, EmbeddedServer.start(folder / "data", options) as started:
        furnish(started)
        yield started


def test_it_finds_a_primary_healthy_and_names_its_version(server):
    result = check(url(server))
    assert (result.status, result.code) == ("healthy", "ok")
    with psycopg.connect(server.dsn()) as conn:
        assert result.message == f"PostgreSQL {conn.info.server_version // 10000} · primary"
    assert result.latency_ms < 1000


@pytest.mark.parametrize("query", ["?schema=public", "?pgbouncer=true&connection_limit=5", "?schema=a&sslmode=prefer"])
def test_it_drops_what_libpq_does_not_know(server, query):
    assert check(url(server, query=query)).code == "ok"


def test_it_takes_the_keyword_form_and_a_driver_in_the_scheme(server):
    assert check(server.dsn()).code == "ok"
    assert check(url(server).replace("postgresql://", "postgresql+psycopg://")).code == "ok"


def test_it_looks_a_name_up_and_tries_each_address(server):
    """localhost may be ::1 first, where this server does not listen."""
    assert check(url(server).replace("127.0.0.1", "localhost")).code == "ok"


def test_it_tries_the_next_host_of_a_list(server):
    port = parse_dsn(server.dsn())["port"]
    dsn = url(server).replace(f"127.0.0.1:{port}", f"127.0.0.1:{refused_port()},127.0.0.1:{port}")
    assert check(dsn).code == "ok"


@pytest.mark.parametrize(
    ("changed", "code", "status"),
    [
        ({"password": "wrong"}, "bad_password", "unhealthy"),
        ({"user": "stranger"}, "bad_password", "unhealthy"),  # scram does not tell which of the two is wrong
        ({"user": "nologin"}, "no_role", "unhealthy"),
        ({"database": "nowhere"}, "no_database", "unhealthy"),
        ({"database": "closed"}, "no_access", "unhealthy"),
        ({"database": "offline"}, "no_access", "unhealthy"),
        ({"user": "single"}, "conns_full", "unhealthy"),
        ({"user": "reader"}, "read_only", "degraded"),
        ({"query": "?sslmode=require"}, "no_tls", "unhealthy"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_it_says_why_the_server_refuses(server, changed, code, status):
    result = check(url(server, **changed))
    assert (result.code, result.status) == (code, status)


def test_it_says_when_all_slots_are_taken(server):
    taken = []
    try:
        while len(taken) < 8 and (result := check(url(server))).code == "ok":
            taken.append(psycopg.connect(url(server)))
    finally:
        for conn in taken:
            conn.close()
    assert result.code == "conns_full"
    assert "All connections" in result.message


def test_it_leaves_no_connection_behind(server):
    name = "salina-monitor check"
    check(url(server))
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        for _ in range(100):
            row = conn.execute("select count(*) from pg_stat_activity where application_name = %s", [name]).fetchone()
            if row == (0,):
                return
            time.sleep(0.02)
    pytest.fail("the check's connection is still there after 2 s")


def test_it_ends_in_time_when_the_server_is_frozen(server):
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        result = check(url(server), inner_s=0.5, outer_s=4.0)
        elapsed = time.monotonic() - started
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert result.code == "timeout"
    assert elapsed < 3
    assert check(url(server)).code == "ok"


def test_it_says_refused_for_a_port_and_for_a_socket_that_is_not_there(tmp_path):
    assert check(f"postgresql://erp:x@127.0.0.1:{refused_port()}/erp").code == "refused"
    assert check(f"postgresql:///erp?user=erp&host={tmp_path}").code == "refused"


def test_it_says_dns_for_a_name_that_does_not_exist(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", _no_such_name)
    assert check("postgresql://erp:x@nowhere.invalid/erp").code == "dns"


def _no_such_name(*args: object, **kwargs: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_it_finds_a_standby_degraded_and_a_stopped_server_refused():
    with open_folder("salina-standby-") as folder:
        options = {"fsync": "off", "wal_level": "replica", "hot_standby": "on"}
        primary = EmbeddedServer.start(folder / "data", options)
        furnish(primary)
        dsn = url(primary)
        cluster = primary.place.cluster
        primary.stop()
        assert check(dsn).code == "refused"
        signal_file = cluster / "standby.signal"
        signal_file.touch()
        os.chown(signal_file, cluster.stat().st_uid, cluster.stat().st_gid)
        with EmbeddedServer.start(folder / "data", options) as standby:
            result = check(url(standby))
    assert (result.status, result.code) == ("degraded", "standby")
    assert "writes fail" in result.message


@contextmanager
def stopping(server: EmbeddedServer) -> Iterator[None]:
    """A server told to stop, which waits for one session that stays."""
    assert server.pid
    with psycopg.connect(server._admin_dsn("postgres")) as conn:
        conn.execute("select 1")
        os.kill(server.pid, signal.SIGTERM)
        yield


def until(code: str, dsn: str) -> HealthCheckResult:
    """The first result with this code, for at most 10 s."""
    give_up = time.monotonic() + 10
    while (result := check(dsn)).code != code and time.monotonic() < give_up:
        time.sleep(0.05)
    return result


def test_it_follows_a_server_through_a_restart():
    """Up, told to stop, gone, starting (as a standby that lets nobody in), up again: one address all along."""
    with open_folder("salina-restart-") as folder:
        options = {"fsync": "off", "wal_level": "replica"}
        server = EmbeddedServer.start(folder / "data", options)
        try:
            furnish(server)
            dsn, cluster = url(server), server.place.cluster
            assert check(dsn).code == "ok"
            with stopping(server):
                going = until("starting", dsn)
            assert (going.code, going.status) == ("starting", "unhealthy")
            assert "shutting down" in going.message
            assert until("refused", dsn).code == "refused"
        finally:
            server.stop()
        signal_file = cluster / "standby.signal"
        signal_file.touch()
        os.chown(signal_file, cluster.stat().st_uid, cluster.stat().st_gid)
        closed = process._spawn(server.place, server._binaries, server.port, {**options, "hot_standby": "off"})
        try:
            coming = until("starting", dsn)
        finally:
            closed.send_signal(signal.SIGINT)
            closed.wait(10)
        assert (coming.code, coming.status) == ("starting", "unhealthy")
        signal_file.unlink()
        with EmbeddedServer.start(folder / "data", options) as again:
            assert check(url(again)).code == "ok"
