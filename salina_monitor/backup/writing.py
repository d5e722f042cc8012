"""Writing a backup: every table as it was at one moment, while everybody goes on."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

from psycopg import Connection, sql

from salina_monitor import __version__
from salina_monitor.backup.archive import MANIFEST, BackupError, Manifest, Table
from salina_monitor.models import iso, utcnow
from salina_monitor.store import Source, Store, load_sql

SQL = load_sql("backup")
NEVER = frozenset({"schema_migrations", "sessions", "session_tickets", "sign_in_throttle", "alert_outbox"})
"""Who is signed in, who has to wait and what is still to be mailed is of the moment: nobody may be signed in by an old
file, and nobody be mailed again."""
STATEMENT_S = 6 * 3600.0
LEFT_BEHIND_S = 24 * 3600.0


def backup(store: Store, file: Path, now: datetime | None = None) -> Manifest:
    """Write the store to `file`, whole or not at all, readable for its owner only. Raises BackupError, StoreError."""
    with (
        _whole(file) as out,
        store.connection(statement_timeout_s=STATEMENT_S, snapshot=True) as conn,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed,
    ):
        tables = [_pack(conn, packed, name, columns) for name, columns in tables_of(conn) if name not in NEVER]
        schema = conn.execute(SQL["schema"]).fetchone()
        source = conn.execute(load_sql("store")["read_source"]).fetchone()
        assert schema is not None
        made_at, of = iso(now or utcnow()) or "", Source(**source) if source else None
        manifest = Manifest(made_at, __version__, schema["version"], of, tuple(tables))
        packed.writestr(MANIFEST, manifest.dump())
    return manifest


def tables_of(conn: Connection[dict[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    """Our tables with the columns that are written, those others refer to first."""
    return [(row["name"], tuple(row["columns"])) for row in conn.execute(SQL["tables"])]


def _pack(conn: Connection[dict[str, Any]], packed: zipfile.ZipFile, name: str, columns: tuple[str, ...]) -> Table:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    copy = sql.SQL("copy {} ({}) to stdout").format(sql.Identifier(name), names)
    digest, rows = hashlib.sha256(), 0
    with packed.open(f"tables/{name}.copy", "w", force_zip64=True) as text, conn.cursor().copy(copy) as out:
        for piece in out:
            digest.update(piece)
            text.write(piece)
            rows += bytes(piece).count(b"\n")  # inside a value a line's end is written as \n
    return Table(name, columns, rows, digest.hexdigest())


def _clear(file: Path) -> None:
    """Remove what killed backups of `file` left behind: our own plain files that nobody has written to for a day."""
    name = re.compile(rf"\.{re.escape(file.name)}\.[0-9a-f]+\.part")
    for path in file.parent.iterdir():
        with suppress(OSError):
            if name.fullmatch(path.name):
                found = path.lstat()
                old = time.time() - found.st_mtime > LEFT_BEHIND_S
                if old and S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
                    path.unlink()


@contextmanager
def _whole(file: Path) -> Iterator[BinaryIO]:
    """A private file beside `file` that takes its place when all is written, and is gone when not."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(6)}.part")
    try:
        if file.is_dir():
            raise BackupError(f"{file} is a folder; name a file.")
        _clear(file)
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(number, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from None
