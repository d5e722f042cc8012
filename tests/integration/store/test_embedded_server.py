"""The embedded server in good weather."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import psycopg
import pytest

from salina_monitor.store.embedded import EmbeddedServer
from salina_monitor.store.embedded import log as server_log
from salina_monitor.store.embedded.binaries import MAJOR


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query).fetchone()  # type: ignore[arg-type]
    return row[0] if row and len(row) == 1 else row


def test_it_keeps_data_from_one_start_to_the_next(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server, psycopg.connect(server.dsn()) as conn:
        conn.execute("create table kept as select 42 as answer")
    with EmbeddedServer.start(data_dir) as server:
        assert one(server.dsn(), "select answer from kept") == 42
    assert not server.is_alive()


def test_it_is_the_pinned_major_version_and_says_so_in_the_folder(pg_server: EmbeddedServer) -> None:
    version = one(pg_server.dsn(), "show server_version_num")
    assert int(str(version)) // 10000 == MAJOR
    assert (pg_server.place.cluster / "PG_VERSION").read_text().strip() == str(MAJOR)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "UTC"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("jit", "off"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_it_runs_with_our_options(pg_server: EmbeddedServer, name: str, value: str) -> None:
    query = "select coalesce(nullif(current_setting(%s, true), ''), '') as value"
    if name == "lc_collate":
        query, name = "select datcollate from pg_database where datname = %s", "monitor"
    with psycopg.connect(pg_server._admin_dsn("monitor")) as conn:
        assert conn.execute(query, [name]).fetchone() == (value,)  # type: ignore[arg-type]


def test_it_does_not_lose_confirmed_writes(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        assert one(server.dsn(), "select current_setting('fsync'), current_setting('synchronous_commit')") == (
            "on",
            "on",
        )


def test_it_gives_the_monitor_no_power_over_the_machine(pg_server: EmbeddedServer) -> None:
    assert one(pg_server.dsn(), "select usesuper from pg_user where usename = current_user") is False
    with psycopg.connect(pg_server.dsn()) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("copy (select 1) to program 'true'")


def test_it_refuses_a_wrong_password(pg_server: EmbeddedServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(pg_server.dsn(), password="wrong")


def test_it_keeps_its_password_from_other_users(pg_server: EmbeddedServer) -> None:
    assert stat.S_IMODE(pg_server.place.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(pg_server.place.cluster.stat().st_mode) == 0o700


def test_it_is_not_led_astray_by_variables_of_libpq(pg_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "elsewhere.invalid", "PGHOSTADDR": "203.0.113.1", "PGPORT": "1", "PGUSER": "x", "PGSSLMODE": "verify-full",
        "PGDATABASE": "x", "PGOPTIONS": "-c statement_timeout=1", "PGREQUIREAUTH": "none",
        "PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert one(pg_server.dsn(), "select current_user::text || '@' || current_database()") == "monitor@monitor"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_does_not_hand_our_secrets_to_the_server(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLERK_SECRET_KEY", "sk_test_hidden")
    with EmbeddedServer.start(data_dir) as server:
        assert b"sk_test_hidden" not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_it_comes_back_on_the_same_port(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        port = server.port
    with EmbeddedServer.start(data_dir) as server:
        assert server.port == port


def test_it_moves_to_another_port_when_its_own_is_taken(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        port = server.port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the server's last connections may linger there
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with EmbeddedServer.start(data_dir) as server:
            assert server.port != port
            assert one(server.dsn(), "select 1") == 1


def test_it_stops_with_its_last_user_only(data_dir: Path) -> None:
    first = EmbeddedServer.start(data_dir)
    second = EmbeddedServer.start(data_dir)
    assert second.pid == first.pid
    first.stop()
    assert one(second.dsn(), "select 1") == 1
    first.stop()  # a second time counts for nothing
    assert second.is_alive()
    second.stop()
    assert not second.is_alive()


def test_it_makes_a_database_once(pg_server: EmbeddedServer) -> None:
    pg_server.create_database("erp_stand_in")
    pg_server.create_database("erp_stand_in")
    assert one(pg_server.dsn("erp_stand_in"), "select current_database()::text") == "erp_stand_in"


def test_it_works_below_a_path_longer_than_a_socket_may_have(data_dir: Path) -> None:
    deep = data_dir / ("long-" * 12) / ("path-" * 12) / "data"
    assert len(os.fsencode(deep)) > 110
    with EmbeddedServer.start(deep) as server:
        assert one(server.dsn(), "select 1") == 1


def test_it_throws_a_half_made_cluster_away(data_dir: Path) -> None:
    half = data_dir / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedServer.start(data_dir) as server:
        assert one(server.dsn(), "select 1") == 1
    assert not half.exists()


def test_it_finishes_a_first_start_that_was_killed_before_the_role_was_made(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        server.place.prepared_file.unlink()
        with psycopg.connect(server._admin_dsn("postgres"), autocommit=True) as conn:
            conn.execute("drop database monitor")
            conn.execute("drop role monitor")
    with EmbeddedServer.start(data_dir) as server:
        assert one(server.dsn(), "select current_user::text") == "monitor"


def test_it_keeps_its_log_small_and_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_log, "LOG_LIMIT", 1000)
    log = tmp_path / "server.log"
    log.write_text("x" * 2000 + "the last words")
    server_log.trim_log(log)
    assert log.stat().st_size == 0
    assert (tmp_path / "server.log.1").read_text().endswith("the last words")


def test_it_does_not_write_what_people_typed_into_its_log(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        with psycopg.connect(server.dsn()) as conn, pytest.raises(psycopg.errors.UndefinedTable):
            conn.execute("select 'private words' from nowhere")
        assert "private words" not in server.place.log.read_text()
