"""The server's log: kept small, and read for why a start failed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from salina_monitor.store.embedded.cluster import corrupt
from salina_monitor.store.embedded.place import Place
from salina_monitor.store.errors import EmbeddedServerError

LOG_LIMIT = 2_000_000


def trim_log(log: Path) -> None:
    """Keep the log below `LOG_LIMIT` bytes, its last stretch in `<name>.1`. Safe while the server appends to it."""
    if size(log) > LOG_LIMIT:
        with suppress(OSError):  # a log that cannot be trimmed is no reason not to run
            with log.open("rb") as file:
                file.seek(-LOG_LIMIT // 2, os.SEEK_END)
                log.with_name(f"{log.name}.1").write_bytes(file.read())
            os.truncate(log, 0)


def size(path: Path) -> int:
    """Bytes in the file, 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def written_since(log: Path, mark: int) -> str:
    """What was written after the first `mark` bytes, 64 KiB of it at most."""
    try:
        with log.open("rb") as file:
            file.seek(mark)
            return file.read(65536).decode("utf-8", "replace")
    except OSError:
        return ""


def start_failure(place: Place, said: str) -> EmbeddedServerError:
    """Why the server ended instead of starting, in our words."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return EmbeddedServerError(
            "disk_full", f"The disk that holds {place.home} is full. Free some space and try again."
        )
    if "Permission denied" in said or "wrong ownership" in said or "invalid permissions" in said:
        return EmbeddedServerError(
            "data_dir_unusable",
            f"The database in {place.home} may not be used by the user with uid {place.uid}. Give the folder `cluster`"
            " in it back to that user (mode 0700), or set MONITOR_DATA_DIR to another folder.",
        )
    if "could not map anonymous shared memory" in said or "Cannot allocate memory" in said:
        return EmbeddedServerError(
            "no_memory", "The machine has not enough memory for the database (about 200 MB). Free some and try again."
        )
    return corrupt(place)
