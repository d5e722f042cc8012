"""Whole pages are painted a few at a time: twenty at once would all be as late as the last one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 2
"""One computes while the other waits for the store; more would only take each other's processor."""
PATIENCE_S = 4.0
"""Then a page is painted all the same: those before it may be waiting for a store that keeps silent."""
_places = threading.Semaphore(AT_ONCE)


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait for a place, but not for ever."""
    has_place = _places.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        if has_place:
            _places.release()
