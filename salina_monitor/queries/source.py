"""What every question needs: the store, the mirror's state, job types, the clock."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from salina_monitor.inngest import InngestClient
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import MirrorState, read_state
from salina_monitor.models import AsOf, User, utcnow
from salina_monitor.policy import Right, require
from salina_monitor.redact import Redactor
from salina_monitor.settings import Settings
from salina_monitor.store import Store


@dataclass(frozen=True)
class JobSource:
    """Where questions about jobs go, and how far they reach.

    `client` None: nothing is asked live, details come from the mirror. `tenant` limits every answer to the jobs
    of that tenant. Without `inputs` no answer holds the input of a job. `redact` masks what jobs carry.
    """

    store: Store
    types: JobTypes
    client: InngestClient | None = None
    clock: Callable[[], datetime] = utcnow
    tenant: str | None = None
    inputs: bool = True
    redact: Redactor = field(default_factory=Redactor)
    document_fields: tuple[str, ...] = ()

    def of(self, user: User) -> JobSource:
        """As far as this user may look: their tenant's jobs, no inputs. Raises Denied."""
        require(user, Right.VIEW_SYSTEM)
        return dataclasses.replace(self, tenant=user.tenant, inputs=False)

    def state(self) -> MirrorState:
        """The mirror's state. Raises StoreError."""
        return read_state(self.store)

    def now_at(self, as_of: AsOf) -> datetime:
        """The view's moment on the source's clock, which is the clock of all run times."""
        return as_of.server_at or as_of.at or self.clock()


_lock = threading.Lock()
_current: JobSource | None = None


def use_source(source: JobSource | None) -> None:
    """Make `source` the one that questions without an own source go to; None forgets it."""
    global _current
    with _lock:
        _current = source


def current_source() -> JobSource:
    """The process's source; made from the environment when nobody set one. Raises StoreError."""
    global _current
    with _lock:
        if _current is None:
            settings = Settings.load(os.environ)
            client = InngestClient(settings)
            redact = Redactor(settings.secrets())
            _current = JobSource(
                Store.open(settings),
                JobTypes.of(settings),
                client,
                redact=redact,
                document_fields=settings.monitor_document_fields,
            )
        return _current
