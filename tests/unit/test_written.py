"""The row about a deed that was done while the store was away."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from salina_monitor.actions import written
from salina_monitor.activity import Entry, Kind, Origin
from salina_monitor.server import app
from salina_monitor.store import StoreUnavailable


class Away:
    """An activity log whose store comes back after so many tries."""

    def __init__(self, tries: int) -> None:
        self.left, self.rows = tries, list[tuple[Entry, datetime]]()

    def add(self, entry: Entry, at: datetime) -> None:
        if self.left:
            self.left -= 1
            raise StoreUnavailable("store_no_answer", "The store does not answer.")
        self.rows.append((entry, at))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "RETRY_S", 0.05)


def asked(tries: int) -> Any:
    away: Any = Away(tries)
    written.write_down(away, Entry(Kind.RERUN, Origin("owner", "local", "why"), "R1"))
    return away


def test_a_process_that_ends_waits_for_the_store_to_take_what_was_done() -> None:
    away = asked(2)
    assert not away.rows
    assert written.finish(10) == 0
    assert len(away.rows) == 1


def test_it_does_not_wait_longer_than_it_may() -> None:
    away = asked(10_000)
    began = time.monotonic()
    assert written.finish(0.2) == 1
    assert time.monotonic() - began < 5
    away.left = 0
    assert written.finish(10) == 0


def test_nothing_open_is_no_wait() -> None:
    assert written.finish(60) == 0


def test_a_server_that_ends_waits_before_it_closes_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(app, "install_log_redaction", lambda _: None)
    monkeypatch.setattr(app, "_open", lambda: None)
    monkeypatch.setattr(app.runtime, "settings", lambda: SimpleNamespace(monitor_collect=False))
    monkeypatch.setattr(app.runtime, "close", lambda: order.append("closed"))
    monkeypatch.setattr(written, "finish", lambda: order.append("finished"))

    async def live() -> None:
        async with app.lifespan(None):
            order.append("served")

    asyncio.run(live())
    assert order == ["served", "finished", "closed"]
