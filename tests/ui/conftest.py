"""The stage that the page tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.ui.stage import Stage


@pytest.fixture
def stage(store: Store, settings_for: Callable[..., Settings]) -> Iterator[Stage]:
    settings = settings_for(MONITOR_BCRYPT_COST="4", MONITOR_HISTORY_DAYS="1")
    runtime.configure(settings, store=store)
    made = Stage(store, settings)
    yield made
    monitors.close()
    runtime.configure(settings)
