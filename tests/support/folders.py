"""Temporary folders that root's unprivileged database server can enter (pytest's own lie below a private one)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_folder(prefix: str = "salina-test-") -> Iterator[Path]:
    """A fresh folder with mode 0755 in the system's temporary folder, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)
