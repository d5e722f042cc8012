"""The store on a real server: transactions, errors in words, servers that come and go."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError, StoreTooOld, StoreUnavailable, pool
from salina_monitor.store.embedded import EmbeddedServer

SettingsFor = Callable[..., Settings]


def numbers(store: Store) -> list[int]:
    with store.connection() as conn:
        return [row["n"] for row in conn.execute("select n from numbers order by n")]


@pytest.fixture
def counted(store: Store) -> Store:
    with store.connection() as conn:
        conn.execute("create table numbers (n integer primary key)")
    return store


def test_it_commits_on_a_clean_exit_and_rolls_back_on_an_error(counted: Store) -> None:
    with counted.connection() as conn:
        conn.execute("insert into numbers values (1)")
    with pytest.raises(RuntimeError), counted.connection() as conn:  # noqa: PT012
        conn.execute("insert into numbers values (2)")
        raise RuntimeError
    assert numbers(counted) == [1]


def test_it_leaves_a_violated_constraint_to_its_caller(counted: Store) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), counted.connection() as conn:
        conn.execute("insert into numbers values (1), (1)")


def test_it_gives_times_in_utc_whatever_the_servers_zone_is(store: Store, store_dsn: str) -> None:
    with store.connection() as conn:
        name = conn.info.dbname
        conn.execute(sql.SQL("alter database {} set timezone = 'Asia/Tokyo'").format(sql.Identifier(name)))
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with psycopg.connect(store_dsn) as plain:
        assert plain.execute("show timezone").fetchone() == ("Asia/Tokyo",)
    for _ in range(2):
        with store.connection() as conn:
            row = conn.execute("select %s::timestamptz as at, current_setting('TimeZone') as zone", [noon]).fetchone()
        assert row == {"at": noon, "zone": "UTC"}
        assert row["at"].utcoffset() == timedelta(0)


def test_it_leaves_nothing_in_a_session_that_a_pooler_may_hand_to_others(store: Store) -> None:
    with store.connection() as conn:
        for _ in range(8):
            conn.execute("select %s::int", [1])
    conn = store._pool.getconn()
    others = [store._pool.getconn() for _ in range(3)]  # whichever session served above is among these
    try:
        for session in (conn, *others):
            state = session.execute(
                "select current_setting('statement_timeout') as timeout, (select count(*) from pg_prepared_statements)"
                " as prepared, (select count(*) from pg_locks where locktype = 'advisory') as locks"
            ).fetchone()
            assert state == {"timeout": "0", "prepared": 0, "locks": 0}
    finally:
        for session in (conn, *others):
            session.rollback()
            store._pool.putconn(session)


def test_it_stops_a_statement_that_takes_too_long(store: Store) -> None:
    with pytest.raises(StoreUnavailable) as caught, store.connection(statement_timeout_s=0.05) as conn:
        conn.execute("select pg_sleep(30)")
    assert caught.value.code == "store_timeout"
    assert store.reachable()


def test_it_limits_statements_to_five_seconds_by_default(store: Store) -> None:
    with store.connection() as conn:
        assert conn.execute("select current_setting('statement_timeout') as t").fetchone() == {"t": "5s"}


def test_it_names_itself_to_the_server(store: Store) -> None:
    with store.connection() as conn:
        name = conn.execute("select current_setting('application_name') as name").fetchone()
    assert name == {"name": "salina-monitor"}


def test_it_replaces_connections_that_the_server_ended(store: Store, pg_server: EmbeddedServer) -> None:
    with store.connection() as conn:
        name = conn.info.dbname
    with psycopg.connect(pg_server._admin_dsn("postgres"), autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [name])
    with store.connection() as conn:
        assert conn.execute("select 1 as one").fetchone() == {"one": 1}


def test_it_replaces_a_replacement_that_the_server_ended_too(
    store: Store, pg_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool connects in the background: a server that ends everybody may end a connection that was just made."""
    with store.connection() as conn:
        name = conn.info.dbname
    connect = pool.Patient.connect
    ended: list[int] = []

    def made(*args: Any, **kwargs: Any) -> pool.Patient:
        conn = connect(*args, **kwargs)
        if not ended:
            ended.append(conn.info.backend_pid)
            admin.execute("select pg_terminate_backend(%s, 5000)", ended)
        return conn

    monkeypatch.setattr(pool.Patient, "connect", made)
    with psycopg.connect(pg_server._admin_dsn("postgres"), autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [name])
        with store.connection() as conn:
            assert conn.execute("select 1 as one").fetchone() == {"one": 1}
    assert ended


def test_a_connection_lost_in_the_middle_is_said_in_our_words(store: Store, pg_server: EmbeddedServer) -> None:
    admin = psycopg.connect(pg_server._admin_dsn("postgres"), autocommit=True)
    with admin, pytest.raises(StoreUnavailable) as caught, store.connection() as conn:  # noqa: PT012
        admin.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        conn.execute("select 1")
    assert caught.value.code == "store_lost"


def test_it_survives_a_restart_of_a_configured_server(data_dir: Path, settings_for: SettingsFor) -> None:
    with EmbeddedServer.start(data_dir) as server:
        store = Store.open(settings_for(MONITOR_DATABASE_URL=server.dsn()))
    with store:
        assert store.reachable() is False
        with pytest.raises(StoreUnavailable), store.connection():
            pass
        with EmbeddedServer.start(data_dir) as server:
            with store.connection() as conn:
                assert conn.execute("select 1 as one").fetchone() == {"one": 1}
            assert store.reachable()


def test_a_source_that_cannot_be_read_is_not_bound(store_dsn: str, settings_for: SettingsFor) -> None:
    settings = settings_for(MONITOR_DATABASE_URL=store_dsn, INNGEST_API_URL="no address")
    with Store.open(settings) as store, store.connection() as conn:
        assert conn.execute("select count(*) as n from source").fetchone() == {"n": 0}


def test_it_opens_on_the_embedded_server_and_stops_it(data_dir: Path, settings_for: SettingsFor) -> None:
    store = Store.open(settings_for(MONITOR_DATA_DIR=str(data_dir)))
    assert store.reachable()
    store.close()
    store.close()
    assert store.server is not None
    assert not store.server.is_alive()


def test_a_store_that_cannot_open_leaves_no_server_behind(data_dir: Path, settings_for: SettingsFor) -> None:
    Store.open(settings_for(MONITOR_DATA_DIR=str(data_dir))).close()
    with pytest.raises(StoreError):
        Store.open(settings_for(MONITOR_DATA_DIR=str(data_dir), INNGEST_APP_ID="another"))
    server = EmbeddedServer.start(data_dir)
    pid = server.pid
    server.stop()
    assert pid is not None
    assert not server.is_alive()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "wrong-secret"}, "store_auth"),
        ({"dbname": "nowhere"}, "store_no_database"),
        ({"port": "1"}, "store_refused"),
        ({"host": "name.invalid", "hostaddr": None}, "store_dns"),
        ({"sslmode": "require"}, "store_tls"),
    ],
)
def test_it_says_why_it_cannot_connect_and_no_secret(
    store_dsn: str, settings_for: SettingsFor, change: dict[str, str | None], code: str
) -> None:
    parts = {**psycopg.conninfo.conninfo_to_dict(store_dsn), **change}
    dsn = psycopg.conninfo.make_conninfo("", **{k: v for k, v in parts.items() if v is not None})
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(settings_for(MONITOR_DATABASE_URL=dsn))
    assert caught.value.code == code
    assert str(parts["password"]) not in caught.value.message
    assert caught.value.__cause__ is None


def test_it_gives_a_silent_server_up_within_five_seconds(settings_for: SettingsFor) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable) as caught:
            Store.open(settings_for(MONITOR_DATABASE_URL=f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"))
    assert caught.value.code == "store_no_answer"
    assert time.monotonic() - began < 5.0


def test_it_refuses_a_server_that_is_too_old(
    store_dsn: str, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "OLDEST_SERVER", 990000)
    with pytest.raises(StoreTooOld, match="PostgreSQL 18"):
        Store.open(settings_for(MONITOR_DATABASE_URL=store_dsn))


def test_it_refuses_the_database_it_watches(store_dsn: str, settings_for: SettingsFor) -> None:
    with pytest.raises(StoreError, match="DATABASE_URL") as caught:
        Store.open(settings_for(MONITOR_DATABASE_URL=store_dsn, DATABASE_URL=store_dsn))
    assert caught.value.code == "store_is_erp"


def test_it_refuses_an_address_that_is_none(settings_for: SettingsFor) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(settings_for(MONITOR_DATABASE_URL="mysql://u:hidden-secret@h/d"))
    assert "MONITOR_DATABASE_URL" in caught.value.message
    assert "hidden-secret" not in caught.value.message


def test_a_user_without_rights_is_said_in_words(pg_server: EmbeddedServer, settings_for: SettingsFor) -> None:
    pg_server.create_database("no_rights")
    with psycopg.connect(pg_server._admin_dsn("no_rights"), autocommit=True) as admin:
        admin.execute("create role reader login password 'reader-password'")
    dsn = psycopg.conninfo.make_conninfo(pg_server.dsn("no_rights"), user="reader", password="reader-password")
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(settings_for(MONITOR_DATABASE_URL=dsn))
    assert caught.value.code == "store_permission"


def test_a_read_only_database_is_said_in_words(store_dsn: str, settings_for: SettingsFor) -> None:
    dsn = psycopg.conninfo.make_conninfo(store_dsn, options="-c default_transaction_read_only=on")
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(settings_for(MONITOR_DATABASE_URL=dsn))
    assert caught.value.code == "store_read_only"
