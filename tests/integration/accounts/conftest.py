"""Accounts on a real store, with a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.accounts.passwords import Passwords
from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.sign_in import SignIn
from salina_monitor.accounts.throttle import Throttle
from salina_monitor.accounts.users import Users
from salina_monitor.activity import Activity
from salina_monitor.store import Store


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users(store: Store, clock: Clock) -> Users:
    return Users(store, Passwords(cost=4), clock)


@pytest.fixture
def sessions(store: Store, clock: Clock) -> Sessions:
    return Sessions(store, b"key", idle=timedelta(minutes=30), absolute=timedelta(hours=8), clock=clock)


@pytest.fixture
def throttle(store: Store, clock: Clock) -> Throttle:
    return Throttle(store, clock)


@pytest.fixture
def activity(store: Store, clock: Clock) -> Activity:
    return Activity(store, keep=timedelta(days=365), clock=clock)


@pytest.fixture
def sign_in(users: Users, sessions: Sessions, throttle: Throttle, activity: Activity) -> SignIn:
    return SignIn(users, sessions, throttle, activity)
