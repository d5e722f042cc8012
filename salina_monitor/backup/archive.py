"""The file: a zip of one COPY text a table, and a manifest that says what it is and how to know it is whole."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from salina_monitor.store import Source

FORMAT = 1
MANIFEST = "manifest.json"
PIECE = 1 << 20
LARGEST_MANIFEST = 1 << 20


class BackupError(Exception):
    """It cannot be done; the text is a sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table in the file: its columns in order, and what its text must be."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def entry(self) -> str:
        """Its name in the zip."""
        return f"tables/{self.name}.copy"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. `schema` is the number of the last migration; `source` None: of no source yet."""

    made_at: str
    version: str
    schema: int
    source: Source | None
    tables: tuple[Table, ...]

    def dump(self) -> str:
        """As JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)


class Archive:
    """A backup that is being read. Close it."""

    def __init__(self, file: Path) -> None:
        """Raises BackupError when it is none, is damaged at first sight, or is of a newer format."""
        self.file = file
        try:
            self._zip = zipfile.ZipFile(file)
            with self._zip.open(MANIFEST) as text:
                raw = json.loads(text.read(LARGEST_MANIFEST))
            if raw["format"] > FORMAT:
                raise BackupError(f"{file} was made by a newer version of the monitor ({raw['version']}). Use it.")
            self.manifest = _manifest(raw)
        except OSError as error:
            raise BackupError(f"{file} cannot be read: {error.strerror}.") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, TypeError, KeyError, AttributeError):
            raise self.damaged("it is not a whole backup of the monitor") from None

    def pieces(self, table: Table) -> Iterator[bytes]:
        """The text of a table. Raises BackupError when it is not what the manifest says, at the end at the latest."""
        digest = hashlib.sha256()
        try:
            with self._zip.open(table.entry) as text:
                while piece := text.read(PIECE):
                    digest.update(piece)
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError):
            raise self.damaged(f"the rows of {table.name} cannot be read") from None
        if digest.hexdigest() != table.sha256:
            raise self.damaged(f"the rows of {table.name} are not those that were written")

    def damaged(self, why: str) -> BackupError:
        """The error for a file that is not whole."""
        return BackupError(f"{self.file} is damaged: {why}. Nothing was changed; take another backup.")

    def close(self) -> None:
        """Leave the file."""
        self._zip.close()


def _manifest(raw: dict[str, Any]) -> Manifest:
    source = Source(**raw["source"]) if raw["source"] else None
    tables = tuple(Table(str(t["name"]), tuple(t["columns"]), int(t["rows"]), str(t["sha256"])) for t in raw["tables"])
    return Manifest(str(raw["made_at"]), str(raw["version"]), int(raw["schema"]), source, tables)
