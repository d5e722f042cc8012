"""Fixtures for all: a real embedded PostgreSQL once per run, a fresh migrated database per test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql

from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import EmbeddedServer
from tests.support.folders import open_folder

# The same examples each time, whatever the machine's pace: a test that fails now and then is believed by nobody.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("steady")

LONG_FILES = ("test_watching.py", "test_system.py", "test_edges.py", "test_hostile.py", "test_investigation.py")
SettingsFor = Callable[..., Settings]
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: the driver's event loop stays in this thread, and others need their own.

    Of them the long files begin first, for two share the work by files: the last one would be waited for alone.
    """

    def place(item: pytest.Item) -> int:
        name = item.path.name
        return LONG_FILES.index(name) if name in LONG_FILES else len(LONG_FILES)

    items.sort(key=lambda item: (True, place(item)) if "e2e" in item.path.parts else (False, 0))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, where an embedded server can run as root too; gone after the test."""
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture
def settings_for(data_dir: Path) -> SettingsFor:
    """`settings_for(MONITOR_PORT="1", sandbox=False)` → Settings of exactly these variables (data folder: temporary)."""

    def build(*, sandbox: bool = False, **env: str) -> Settings:
        return Settings.load({"MONITOR_DATA_DIR": str(data_dir), **env}, sandbox=sandbox)

    return build


@pytest.fixture(scope="session")
def pg_server() -> Iterator[EmbeddedServer]:
    """One server for the whole run. Not crash-safe, because nobody needs its data tomorrow."""
    with open_folder("salina-pg-") as folder:
        options = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "1GB"}
        with EmbeddedServer.start(folder / "data", options) as server:
            yield server


@pytest.fixture(scope="session")
def store_template(pg_server: EmbeddedServer) -> str:
    """Name of a migrated database without a source, to copy from."""
    pg_server.create_database("template_store")
    settings = Settings.load({"MONITOR_DATABASE_URL": pg_server.dsn("template_store")})
    Store.open(settings, bind_source=False).close()
    return "template_store"


def drop_database(server: EmbeddedServer, name: str) -> None:
    """Drop it, ending what is connected: as the superuser, for one of these may be an autovacuum worker."""
    with psycopg.connect(server._admin_dsn("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def fresh_database(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Address of a copy of the template, dropped at the end."""
    name = f"store_{next(_numbers)}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        copy = sql.SQL("create database {} template {} strategy file_copy")
        conn.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
        yield server.dsn(name)
    drop_database(server, name)


@pytest.fixture
def store_dsn(pg_server: EmbeddedServer, store_template: str) -> Iterator[str]:
    """Address of a fresh migrated database, dropped after the test."""
    with fresh_database(pg_server, store_template) as dsn:
        yield dsn


@pytest.fixture
def store(store_dsn: str, settings_for: SettingsFor) -> Iterator[Store]:
    """An open store on a fresh migrated database, bound to the default source."""
    with Store.open(settings_for(MONITOR_DATABASE_URL=store_dsn)) as opened:
        yield opened
