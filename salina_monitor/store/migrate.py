"""Bringing the schema up to date: numbered files, in order, each in its own transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import LiteralString

from psycopg import Connection
from psycopg.rows import DictRow

from salina_monitor.store.errors import StoreTooNew
from salina_monitor.store.named_sql import load_sql

LOCK_WAIT = "60s"
MIGRATION_TIMEOUT_S = 1800.0
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

Connect = Callable[[], AbstractContextManager[Connection[DictRow]]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One file `migrations/NNNN_purpose.sql`."""

    version: int
    name: str
    sql: LiteralString


@cache
def known_migrations() -> tuple[Migration, ...]:
    """All migrations of this version, by number. Raises ValueError for a bad or doubled name."""
    found: dict[int, Migration] = {}
    for file in files(__package__).joinpath("migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _FILE.fullmatch(file.name)
        if not match or int(match[1]) in found:
            raise ValueError(f"migration {file.name} has no number of its own and a purpose: NNNN_purpose.sql")
        text = file.read_text(encoding="utf-8")
        found[int(match[1])] = Migration(int(match[1]), match[2], text)
    return tuple(found[version] for version in sorted(found))


def migrate(connect: Connect, migrations: Iterable[Migration] | None = None) -> list[int]:
    """Apply what is missing and return its numbers. `connect` gives one transaction each time it is called.

    Processes that start together wait for each other. Raises `StoreTooNew` for a schema this version does not know.
    """
    wanted = known_migrations() if migrations is None else tuple(migrations)
    queries = load_sql("store")
    applied: list[int] = []
    with connect() as conn:
        if not _missing(conn, wanted):
            return applied
    with connect() as conn:
        _lock(conn)
        conn.execute(queries["create_schema_migrations"])
    for migration in wanted:
        with connect() as conn:
            _lock(conn)
            if migration in _missing(conn, wanted):
                apply_migrations(conn, [migration])
                applied.append(migration.version)
    return applied


def apply_migrations(conn: Connection[DictRow], migrations: Iterable[Migration]) -> None:
    """Apply these, in order, in the caller's transaction, which holds the schema's lock."""
    for migration in migrations:
        conn.execute(migration.sql)
        values = {"version": migration.version, "name": migration.name}
        conn.execute(load_sql("store")["record_migration"], values)


def _lock(conn: Connection[DictRow]) -> None:
    queries = load_sql("store")
    conn.execute(queries["limit_lock_wait"], {"lock_timeout": LOCK_WAIT})
    conn.execute(queries["lock_schema"])


def _missing(conn: Connection[DictRow], wanted: tuple[Migration, ...]) -> tuple[Migration, ...]:
    queries = load_sql("store")
    exists = conn.execute(queries["schema_migrations_exists"]).fetchone()
    rows = conn.execute(queries["applied_migrations"]).fetchall() if exists and exists["found"] else []
    applied = {row["version"]: row["name"] for row in rows}
    unknown = sorted(set(applied) - {m.version for m in wanted})
    if unknown:
        newest = unknown[-1]
        raise StoreTooNew(
            "store_too_new",
            f"The store was changed by a newer version of the monitor (step {newest:04d}, {applied[newest]}). Run that"
            " version, or give this one its own database (MONITOR_DATABASE_URL or MONITOR_DATA_DIR).",
        )
    return tuple(m for m in wanted if m.version not in applied)
