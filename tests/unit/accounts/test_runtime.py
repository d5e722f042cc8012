from __future__ import annotations

from typing import Any, cast

import pytest

from salina_monitor.runtime import RETRY_AFTER_S, Holder
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreUnavailable

SETTINGS = Settings.load({"MONITOR_SESSION_KEY": "k" * 32})


class FakeStore:
    """Counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


class Opener:
    """Fails as often as it is told, then opens; counts."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.calls = 0
        self.store = FakeStore()

    def __call__(self, _: Settings) -> Store:
        self.calls += 1
        if self.calls <= self.failures:
            raise StoreUnavailable("store_refused", "Nothing answers.")
        return cast("Store", self.store)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_the_store_once_and_runs_the_first_start_once() -> None:
    opener, opened = Opener(), cast("list[Any]", [])
    holder = Holder(opener, Clock())
    holder.configure(SETTINGS, on_open=opened.append)
    assert holder.get() is holder.get()
    assert opener.calls == 1
    assert opened == [holder.get()]


def test_it_comes_back_by_itself_but_does_not_hammer_a_store_that_is_away() -> None:
    opener, clock = Opener(failures=1), Clock()
    holder = Holder(opener, clock)
    holder.configure(SETTINGS)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            holder.get()
    assert opener.calls == 1
    clock.now += RETRY_AFTER_S
    assert holder.get().store is cast("Store", opener.store)


def test_it_closes_the_store_it_opened_once() -> None:
    opener = Opener()
    holder = Holder(opener, Clock())
    holder.configure(SETTINGS)
    holder.get()
    holder.close()
    holder.close()
    assert opener.store.closed == 1


def test_it_closes_the_store_again_when_the_first_start_fails() -> None:
    opener = Opener()
    holder = Holder(opener, Clock())

    def fail(_: object) -> None:
        raise StoreUnavailable("store_lost", "The connection was lost.")

    holder.configure(SETTINGS, on_open=fail)
    with pytest.raises(StoreUnavailable):
        holder.get()
    assert opener.store.closed == 1


def test_it_uses_a_store_that_is_open_already() -> None:
    opener, mine = Opener(), cast("Store", FakeStore())
    holder = Holder(opener, Clock())
    holder.configure(SETTINGS, store=mine)
    assert holder.get().store is mine
    assert opener.calls == 0


def test_it_takes_the_environment_when_nobody_configured_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_PORT", "9999")
    holder = Holder(Opener(), Clock())
    assert not holder.is_configured()
    assert holder.settings().port == 9999
