"""What the pages look at, put together once a process: mirror, questions, checks, and the sandbox's panel."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from salina_monitor import runtime
from salina_monitor.background import Background
from salina_monitor.checks import runner_for, warm_up
from salina_monitor.checks.watch import HealthWatch
from salina_monitor.inngest import InngestClient
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import Mirror
from salina_monitor.models import User
from salina_monitor.queries import JobSource
from salina_monitor.redact import Redactor
from salina_monitor.settings import Settings
from salina_monitor.store import Store


@dataclass(frozen=True)
class Monitor:
    """One process's view of its five services and jobs."""

    settings: Settings
    store: Store
    client: InngestClient
    mirror: Mirror
    _everything: JobSource
    checks: HealthWatch
    background: Background = field(default_factory=Background)

    @classmethod
    def over(cls, settings: Settings, store: Store) -> Monitor:
        """Put one together over an open store; nothing is asked of anybody yet."""
        client = InngestClient(settings)
        types = JobTypes.of(settings)
        warm_up(settings)
        return cls(
            settings,
            store,
            client,
            Mirror(store, client, settings),
            JobSource(
                store,
                types,
                client,
                redact=Redactor(settings.secrets()),
                document_fields=settings.monitor_document_fields,
            ),
            HealthWatch(runner_for(settings)),
        )

    def jobs_for(self, user: User) -> JobSource:
        """Where this user's questions about jobs go: no further than they may look. Raises Denied."""
        return self._everything.of(user)

    def close(self) -> None:
        """End the threads and the client's connections; the store is its opener's."""
        self.background.close()
        self.mirror.close()
        self.client.close()


_lock = threading.Lock()
_current: Monitor | None = None


def use(monitor: Monitor) -> None:
    """Make `monitor` the process's own, for as long as its store is the runtime's."""
    global _current
    with _lock:
        _current = monitor


def get() -> Monitor:
    """The process's monitor, over the runtime's store. Raises StoreError, AccountError while that cannot be opened."""
    global _current
    services = runtime.get()
    with _lock:
        if _current is None or _current.store is not services.store:
            if _current is not None:
                _current.close()
            _current = Monitor.over(services.settings, services.store)
            runtime.before_close(close)
        return _current


def close() -> None:
    """Close the process's monitor, if one was made."""
    global _current
    with _lock:
        monitor, _current = _current, None
    if monitor is not None:
        monitor.close()
