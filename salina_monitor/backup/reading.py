"""Reading a backup back: one transaction, so that a store is either as it was or as the file says."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection, sql

from salina_monitor.backup.archive import Archive, BackupError, Table
from salina_monitor.backup.writing import NEVER, SQL, STATEMENT_S, tables_of
from salina_monitor.settings import Settings
from salina_monitor.store import Source, Store, apply_migrations, known_migrations, load_sql

APPLICATION = "salina-monitor-restore"
SINGLE = frozenset({"singleton", "only_row"})
"""Columns of tables of one row, which a fresh store has as well."""
LOCK_WAIT = "10s"
_IN_USE = "The monitor is running on this store. Stop it (serve, collect, sandbox, sync) and try again."


def restore(store: Store, settings: Settings, archive: Archive, *, replace: bool = False) -> dict[str, int]:
    """Make the store what the archive says; rows of each table. Raises BackupError, and then nothing has changed.

    `store` was opened with `APPLICATION` as its name. Nobody stays signed in: sessions are not in a backup.
    """
    manifest = archive.manifest
    known = known_migrations()
    if manifest.schema > known[-1].version:
        raise BackupError(
            f"{archive.file} was made by a newer version of the monitor ({manifest.version}, step"
            f" {manifest.schema:04d}); this one knows steps up to {known[-1].version:04d}. Use that version."
        )
    _same_source(settings, archive)
    try:
        with store.connection(statement_timeout_s=STATEMENT_S) as conn:
            conn.execute(load_sql("store")["limit_lock_wait"], {"lock_timeout": LOCK_WAIT})
            conn.execute(load_sql("store")["lock_schema"])
            _refuse_in_use(conn)
            if not replace:
                _refuse_filled(conn)
            _clear(conn)
            apply_migrations(conn, [m for m in known if m.version <= manifest.schema])
            rows = _fill(conn, archive)
            apply_migrations(conn, [m for m in known if m.version > manifest.schema])
            _settle(conn)
    except psycopg.errors.LockNotAvailable:
        raise BackupError(_IN_USE) from None
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise archive.damaged(f"its rows do not fit ({error.sqlstate})") from None
    return rows


def _same_source(settings: Settings, archive: Archive) -> None:
    theirs, ours = archive.manifest.source, Source.of(settings)
    if theirs is not None and theirs != ours:
        raise BackupError(
            f"{archive.file} holds the runs of {theirs}; the settings say {ours}. Correct INNGEST_API_URL,"
            " INNGEST_APP_ID and INNGEST_ENV, or restore the backup of this source."
        )


def _refuse_in_use(conn: Connection[dict[str, Any]]) -> None:
    held = conn.execute(SQL["leases"]).fetchone()
    others = conn.execute(SQL["others"], {"own": APPLICATION}).fetchone()
    if (held and held["held"]) or (others and others["n"]):
        raise BackupError(_IN_USE)


def _refuse_filled(conn: Connection[dict[str, Any]]) -> None:
    for name, columns in tables_of(conn):
        if SINGLE.intersection(columns) or name == "schema_migrations":
            continue
        some = conn.execute(sql.SQL("select exists (select from {}) as found").format(sql.Identifier(name))).fetchone()
        if some and some["found"]:
            raise BackupError(
                f"The store is not empty ({name}). Name an empty one (MONITOR_DATABASE_URL or MONITOR_DATA_DIR), or say"
                " --replace: then what is in it is lost."
            )


def _clear(conn: Connection[dict[str, Any]]) -> None:
    routines = conn.execute(SQL["routines"]).fetchall()
    for name, _ in tables_of(conn):
        conn.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(name)))
    for row in routines:  # names as the server quotes them
        conn.execute(f"drop {row['kind']} if exists {row['name']} cascade".encode())
    conn.execute(load_sql("store")["create_schema_migrations"])


def _fill(conn: Connection[dict[str, Any]], archive: Archive) -> dict[str, int]:
    """Copy every table. Triggers are off meanwhile: what they would make is in the file."""
    wanted = {table.name: table for table in archive.manifest.tables}
    ours = [(name, columns) for name, columns in tables_of(conn) if name not in NEVER]
    if {name for name, _ in ours} != set(wanted):
        raise archive.damaged("its tables are not those of its version")
    for name, _ in ours:
        conn.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(name)))
        conn.execute(sql.SQL("delete from {}").format(sql.Identifier(name)))  # rows that migrations put there
    for name, columns in ours:
        if set(wanted[name].columns) != set(columns):
            raise archive.damaged(f"the columns of {name} are not those of its version")
        _copy(conn, archive, wanted[name])
    for name, _ in ours:
        conn.execute(sql.SQL("alter table {} enable trigger user").format(sql.Identifier(name)))
    return {name: wanted[name].rows for name, _ in ours}


def _copy(conn: Connection[dict[str, Any]], archive: Archive, table: Table) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    copy = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table.name), names)
    with conn.cursor() as cursor:
        with cursor.copy(copy) as into:
            for piece in archive.pieces(table):
                into.write(piece)
        if cursor.rowcount != table.rows:
            raise archive.damaged(f"{table.name} has {cursor.rowcount:,} rows, not {table.rows:,}")


def _settle(conn: Connection[dict[str, Any]]) -> None:
    for name in ("settle_mirror", "settle_collector", "settle_bulk"):
        conn.execute(SQL[name])
    for row in conn.execute(SQL["identities"]).fetchall():
        set_on = sql.SQL("select setval({}, coalesce((select max({}) from {}), 0) + 1, false)").format(
            row["sequence"], sql.Identifier(row["column_name"]), sql.Identifier(row["table_name"])
        )
        conn.execute(set_on)
    conn.execute("analyze")
