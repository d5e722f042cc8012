"""File locks of the embedded server. The kernel releases them when a process dies, so nothing has to be repaired."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import give_to_owner_of_folder, os_failure

if sys.platform != "win32":
    import fcntl

POLL_S = 0.01


class FileLock:
    """An `flock` on one file, held by an open file description: processes that inherit it hold it too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self, *, shared: bool = False, deadline_s: float | None = None) -> bool:
        """Take the lock. With `deadline_s` (seconds; 0 = do not wait) give up then and return False."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise os_failure(error, self.path) from None
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        end = None if deadline_s is None else time.monotonic() + deadline_s
        try:
            give_to_owner_of_folder(self.path)
            while not _try_lock(fd, mode if end is None else mode | fcntl.LOCK_NB):
                if end is not None and time.monotonic() >= end:
                    os.close(fd)
                    return False
                time.sleep(POLL_S)
        except OSError as error:
            os.close(fd)
            raise os_failure(error, self.path) from None
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return True

    @property
    def fd(self) -> int:
        """The descriptor that carries the lock, to hand to a child."""
        if self._fd is None:
            raise RuntimeError("the lock is not held")
        return self._fd

    def release(self) -> None:
        """Close our descriptor. The lock ends when no process holds the same open file any more."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _try_lock(fd: int, mode: int) -> bool:
    try:
        fcntl.flock(fd, mode)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether some process holds `path` exclusively. Two askers do not disturb each other."""
    lock = FileLock(path)
    free = lock.acquire(shared=True, deadline_s=0)
    lock.release()
    return not free


@contextmanager
def held(path: Path, *, deadline_s: float, busy: str) -> Iterator[None]:
    """Hold `path` exclusively; after `deadline_s` seconds of waiting raise `EmbeddedServerError("busy", busy)`."""
    lock = FileLock(path)
    if not lock.acquire(deadline_s=deadline_s):
        raise EmbeddedServerError("busy", busy)
    try:
        yield
    finally:
        lock.release()
