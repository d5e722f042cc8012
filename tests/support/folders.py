"""Temporary folders that root's unprivileged database server can enter (pytest's own lie below a private one)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes the folder, and nobody else's
ENOUGH = 4 * 2**30


@contextmanager
def open_folder(prefix: str = "salina-test-", *, on_disk: bool = False) -> Iterator[Path]:
    """A fresh folder with mode 0755, removed afterwards: in memory where there is plenty, else in the system's temporary
    folder. A database is hundreds of files, and ext4 goes around inodes that were deleted seconds ago: to make and drop
    one for each test took more than half of the processor."""
    in_memory = not on_disk and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if in_memory else None))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)
