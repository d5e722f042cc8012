"""Small private files and folders, written whole or not at all, and their failures in words."""

from __future__ import annotations

import errno
import os
import secrets
import sys
from pathlib import Path

from salina_monitor.store.errors import EmbeddedServerError


def os_failure(error: OSError, path: Path) -> EmbeddedServerError:
    """`error` on `path` in words, with the setting to change."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EmbeddedServerError("disk_full", f"The disk that holds {path} is full. Free some space and try again.")
    if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP):
        return EmbeddedServerError(
            "no_locks",
            f"The file system of {path} has no file locks. Set MONITOR_DATA_DIR to a folder on a local disk.",
        )
    reason = (os.strerror(error.errno) if error.errno else "it does not answer").lower()
    return EmbeddedServerError(
        "data_dir_unusable",
        f"{path} cannot be used: {reason}. Correct it, or set MONITOR_DATA_DIR to a folder that can be written.",
    )


def make_folder(path: Path) -> None:
    """Make `path` and its missing parents, private (whatever the umask); a folder that exists stays as it is.

    Private is 0700, and 0711 for root, whose database server runs as another user and must pass through.
    """
    mode = 0o711 if is_root() else 0o700
    try:
        if path.is_dir():
            return
        if not path.parent.is_dir():
            make_folder(path.parent)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if path.is_dir():  # another process was faster
                return
            raise
        path.chmod(mode)
        give_to_owner_of_folder(path)
    except OSError as error:
        raise os_failure(error, path) from None


def read_text(path: Path) -> str | None:
    """The text of a small file, None if there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise os_failure(error if isinstance(error, OSError) else OSError(errno.EIO, ""), path) from None


def write_private(path: Path, text: str, *, replace: bool = True) -> bool:
    """Write `text` to `path`, mode 0600, whole or not at all. With `replace=False` an existing file wins (False)."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            give_to_owner_of_folder(fresh)
            if replace:
                fresh.replace(path)
                return True
            return _link(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise os_failure(error, path) from None


def _link(fresh: Path, path: Path) -> bool:
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links; there the check leaves a short race open
        if path.exists():
            return False
        fresh.replace(path)
    return True


def is_root() -> bool:
    """Whether this process is root."""
    return sys.platform != "win32" and os.geteuid() == 0


def give_to_owner_of_folder(path: Path) -> None:
    """What root writes into an ordinary user's folder becomes that user's, who may run the monitor next."""
    if sys.platform == "win32" or not is_root():
        return
    owner = path.parent.stat()
    if owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
