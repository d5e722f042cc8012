"""Work that outlives the click that began it, in threads that end with the process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)
CLOSE_S = 12.0


class Background:
    """Threads of one process. `close` asks all to end and waits for them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def start(self, name: str, work: Callable[[threading.Event], None]) -> bool:
        """Run `work(stopping)` beside everything else; False while the last work of this name still runs."""
        with self._lock:
            if self._stopping.is_set() or (name in self._threads and self._threads[name].is_alive()):
                return False
            self._threads = {key: thread for key, thread in self._threads.items() if thread.is_alive()}
            thread = threading.Thread(target=self._run, args=(name, work), name=name, daemon=True)
            self._threads[name] = thread
            thread.start()
            return True

    def close(self) -> None:
        """Ask every thread to end; what they had not committed is gone on with by whoever comes next."""
        self._stopping.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(timeout=CLOSE_S)

    def _run(self, name: str, work: Callable[[threading.Event], None]) -> None:
        try:
            work(self._stopping)
        except Exception:
            # Nobody waits for the answer: what was not done is in the store, and why is here.
            log.exception("%s stopped on an error", name)
