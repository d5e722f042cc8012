"""What one process shares: settings, the opened store, accounts. Knows nothing of Streamlit.

The store is opened at the first `get()` and once only. When that fails the error is remembered for a
moment (many people may be knocking) and the next `get()` after it tries again: the product comes back by itself.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from salina_monitor.accounts import AccountError, Accounts
from salina_monitor.models import utcnow
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError

log = logging.getLogger(__name__)
RETRY_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """The services of this process. `started_at` is when the store was opened."""

    settings: Settings
    store: Store
    accounts: Accounts
    started_at: datetime


class Holder:
    """Makes the Runtime once, under a lock; `opener` and `clock` are replaceable for tests."""

    def __init__(
        self,
        opener: Callable[[Settings], Store] = Store.open,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opener = opener
        self._clock = clock
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._runtime: Runtime | None = None
        self._failed: tuple[float, StoreError | AccountError] | None = None
        self._on_open: Callable[[Runtime], None] | None = None
        self._before_close: dict[Callable[[], None], None] = {}

    def configure(
        self, settings: Settings, *, store: Store | None = None, on_open: Callable[[Runtime], None] | None = None
    ) -> None:
        """Name the settings, before the first `get()`. `on_open` runs once, right after the store was opened.

        With `store` that one is used, and stays the caller's to close.
        """
        with self._lock:
            self._settings, self._on_open, self._failed = settings, on_open, None
            self._runtime = self._made(store) if store else None

    def is_configured(self) -> bool:
        """Whether somebody named the settings."""
        return self._settings is not None

    def settings(self) -> Settings:
        """The settings of this process; from the environment when nobody configured it (bare uvicorn)."""
        if self._settings is None:
            self._settings = Settings.load(os.environ)
        return self._settings

    def get(self) -> Runtime:
        """The services. Raises StoreError while the store cannot be opened, AccountError for its session key."""
        if self._runtime is not None:
            return self._runtime
        with self._lock:
            if self._runtime is None:
                self._runtime = self._open()
            return self._runtime

    def before_close(self, callback: Callable[[], None]) -> None:
        """Have `callback` called before the store is closed: what works on the store must end first."""
        with self._lock:
            self._before_close[callback] = None

    def close(self) -> None:
        """Close the store, which ends the embedded server. Safe to call at any time, more than once."""
        with self._lock:
            runtime, self._runtime = self._runtime, None
            callbacks, self._before_close = list(self._before_close), {}
        for callback in callbacks:
            callback()
        if runtime is not None:
            runtime.store.close()

    def _open(self) -> Runtime:
        if self._failed and self._clock() - self._failed[0] < RETRY_AFTER_S:
            raise self._failed[1]
        try:
            store = self._opener(self.settings())
        except StoreError as error:
            log.error("the store cannot be opened (%s): %s", error.code, error.message)
            self._failed = (self._clock(), error)
            raise
        self._failed = None
        try:
            runtime = self._made(store)
            if self._on_open:
                self._on_open(runtime)
        except BaseException as error:
            store.close()  # nobody else holds it yet
            if isinstance(error, AccountError):
                log.error("the monitor cannot be used (%s): %s", error.code, error)
                self._failed = (self._clock(), error)
            raise
        return runtime

    def _made(self, store: Store) -> Runtime:
        settings = self.settings()
        return Runtime(settings, store, Accounts.over(store, settings), utcnow())


_holder = Holder()
configure = _holder.configure
is_configured = _holder.is_configured
settings = _holder.settings
get = _holder.get
before_close = _holder.before_close
close = _holder.close
