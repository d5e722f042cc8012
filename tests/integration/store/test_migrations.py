"""The schema: from nothing, from an older one, from a newer one, by two at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from salina_monitor.settings import Settings
from salina_monitor.store import ForeignSource, Store, StoreTooNew
from salina_monitor.store.embedded import EmbeddedServer
from salina_monitor.store.migrate import Migration, known_migrations, migrate
from tests.conftest import drop_database

SettingsFor = Callable[..., Settings]


@pytest.fixture
def empty(pg_server: EmbeddedServer, settings_for: SettingsFor) -> Iterator[Settings]:
    """Settings whose store is an empty database."""
    with psycopg.connect(pg_server.dsn("postgres"), autocommit=True) as conn:
        conn.execute("create database empty_store")
        yield settings_for(MONITOR_DATABASE_URL=pg_server.dsn("empty_store"))
    drop_database(pg_server, "empty_store")


def plain(settings: Settings) -> Callable[[], psycopg.Connection[psycopg.rows.DictRow]]:
    return lambda: psycopg.connect(settings.monitor_database_url, row_factory=psycopg.rows.dict_row)


def versions(store: Store) -> list[int]:
    with store.connection() as conn:
        return [row["version"] for row in conn.execute("select version from schema_migrations order by version")]


def schema(settings: Settings) -> list[tuple[object, ...]]:
    with psycopg.connect(settings.monitor_database_url) as conn:
        return conn.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' order by 1, 2"
        ).fetchall()


def test_it_brings_an_empty_database_up_to_date_once(empty: Settings) -> None:
    with Store.open(empty) as store:
        assert versions(store) == [m.version for m in known_migrations()]
        assert migrate(store.connection) == []


def test_it_brings_every_older_schema_up_to_date_and_keeps_its_rows(empty: Settings) -> None:
    known = known_migrations()
    migrate(plain(empty), known[:1])
    with psycopg.connect(empty.monitor_database_url) as conn:
        conn.execute(
            "insert into source (api_url, app_id, environment) values ('https://api.inngest.com', 'salina-erp', '')"
        )
    with Store.open(empty) as store:
        assert versions(store) == [m.version for m in known]
        with store.connection() as conn:
            assert conn.execute("select app_id from source").fetchone() == {"app_id": "salina-erp"}


def test_step_by_step_and_at_once_lead_to_the_same_schema(empty: Settings, store: Store) -> None:
    for count in range(1, len(known_migrations()) + 1):
        migrate(plain(empty), known_migrations()[:count])
    with store.connection() as conn:
        at_once = conn.info.dbname
    dsn = psycopg.conninfo.make_conninfo(empty.monitor_database_url, dbname=at_once)
    assert schema(empty) == schema(Settings.load({"MONITOR_DATABASE_URL": dsn}))


def test_it_refuses_a_newer_schema_and_touches_nothing(store_dsn: str, settings_for: SettingsFor) -> None:
    settings = settings_for(MONITOR_DATABASE_URL=store_dsn)
    with psycopg.connect(store_dsn) as conn:
        conn.execute("insert into schema_migrations (version, name) values (9999, 'from_the_future')")
    with pytest.raises(StoreTooNew, match="9999, from_the_future"):
        Store.open(settings)
    with psycopg.connect(store_dsn) as conn:
        assert conn.execute("select count(*) from source").fetchone() == (0,)


def test_a_migration_that_fails_leaves_nothing(store: Store) -> None:
    bad = Migration(9998, "bad", "create table half (n integer); select 1/0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(store.connection, (*known_migrations(), bad))
    with store.connection() as conn:
        assert conn.execute("select to_regclass('half') as found").fetchone() == {"found": None}
    assert 9998 not in versions(store)


def test_processes_that_open_at_once_migrate_once(empty: Settings) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: migrate(plain(empty)), range(4)))
    applied = sorted(version for versions_of_one in done for version in versions_of_one)
    assert applied == [m.version for m in known_migrations()]


@pytest.mark.parametrize(
    "change",
    [{"INNGEST_APP_ID": "other-app"}, {"INNGEST_ENV": "staging"}, {"INNGEST_API_URL": "http://inngest.internal:8288"}],
)
def test_it_refuses_another_source_naming_both(
    store: Store, store_dsn: str, settings_for: SettingsFor, change: dict[str, str]
) -> None:
    with pytest.raises(ForeignSource) as caught:
        Store.open(settings_for(MONITOR_DATABASE_URL=store_dsn, **change))
    assert caught.value.code == "foreign_source"
    assert "app salina-erp at https://api.inngest.com" in caught.value.message
    assert next(iter(change.values())) in caught.value.message
    assert "MONITOR_DATABASE_URL" in caught.value.message


def test_it_opens_again_for_the_same_source(store: Store, store_dsn: str, settings_for: SettingsFor) -> None:
    same = settings_for(MONITOR_DATABASE_URL=store_dsn, INNGEST_API_URL="https://API.inngest.com/")
    assert not same.problems
    with Store.open(same) as again:
        assert again.reachable()


def test_the_template_of_the_tests_has_no_source(pg_server: EmbeddedServer, store_template: str) -> None:
    with psycopg.connect(pg_server.dsn(store_template)) as conn:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier("source"))
        assert conn.execute(query).fetchone() == (0,)
