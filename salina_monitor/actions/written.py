"""Rows about what has happened already: they are written, if need be once the store is back."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime

from salina_monitor.activity import Activity, Entry
from salina_monitor.models import utcnow
from salina_monitor.store import StoreError

log = logging.getLogger(__name__)
RETRY_S = 2.0
TRIES = 1_800
"""An hour. That it was asked for is written down before, so even then the deed is no secret."""
FINISH_S = 4.0
"""So long a process that ends waits: a store that was just restarted is back, and there is time to close it."""
_writing: set[threading.Thread] = set()


def write_down(activity: Activity, entry: Entry) -> None:
    """Write the row now or, while the store is away, as soon as it takes it, with the time of now.

    Raises no StoreError: whoever did it must hear how it went, wherever the store is.
    """
    at = utcnow()
    try:
        activity.add(entry, at)
    except StoreError as error:
        log.warning("the outcome of %s is written down later: %s", entry.kind.value, error.code)
        thread = threading.Thread(target=_later, args=(activity, entry, at), name="activity-later", daemon=True)
        _writing.add(thread)
        thread.start()


def finish(within_s: float = FINISH_S) -> int:
    """Wait for rows that are still to be written, before a process ends; how many are not."""
    end = time.monotonic() + within_s
    for thread in list(_writing):
        thread.join(max(0.0, end - time.monotonic()))
    return len(_writing)


def _later(activity: Activity, entry: Entry, at: datetime) -> None:
    try:
        _until_taken(activity, entry, at)
    finally:
        _writing.discard(threading.current_thread())


def _until_taken(activity: Activity, entry: Entry, at: datetime) -> None:
    for _ in range(TRIES):
        time.sleep(RETRY_S)
        try:
            activity.add(entry, at)
            return
        except StoreError as error:
            code = error.code
    log.error("the outcome of %s was never written down: %s", entry.kind.value, code)
