"""Decisions about failure groups: by right, stored with what ends them, written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions.triage import decide
from salina_monitor.activity import Activity, ActivityFilters
from salina_monitor.failures import GroupState, MarkKind, state_of
from salina_monitor.models import JobStatus, Role, User
from salina_monitor.queries import get_failure_groups
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run


class Scene:
    """Three failures of one cause."""

    def __init__(self, store: Store, settings_for: Callable[..., Any]) -> None:
        self.store, self.bench = store, Bench(store, settings_for)
        for number in range(3):
            self.bench.client.put(run(number, JobStatus.FAILED, queued=START - timedelta(minutes=9 + number)))
        self.bench.sync()
        self.bench.fill()
        self.activity: Activity = Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4")).activity
        (group,) = get_failure_groups(source=self.bench.source)
        self.key = group.fingerprint

    def decide(self, role: Role = Role.ADMIN, key: str | None = None, **more: Any) -> bool:
        actor = Actor(User("ada", role), 1, "192.0.2.7")
        kind = more.pop("kind", MarkKind.IGNORED)
        return decide(actor, self.activity, self.store, key or self.key, kind, **more)

    def state(self) -> GroupState:
        (group,) = get_failure_groups(source=self.bench.source)
        return state_of(group, START)


@pytest.fixture
def scene(store: Store, settings_for: Callable[..., Any]) -> Scene:
    return Scene(store, settings_for)


def test_a_rate_is_stored_written_down_and_ends_it(scene: Scene) -> None:
    assert scene.decide(why="known", until_per_hour=3, at=START - timedelta(hours=1))
    assert scene.state() is GroupState.REOPENED
    assert scene.decide(until_per_hour=4, at=START - timedelta(hours=1))
    assert scene.state() is GroupState.IGNORED
    rows = scene.activity.rows(ActivityFilters())
    assert [(row.kind, row.why, row.detail["until_per_hour"]) for row in reversed(rows)] == [
        ("failure_ignored", "known", 3), ("failure_ignored", "", 4),
    ]  # fmt: skip


def test_a_rate_of_nothing_is_refused_by_the_store(scene: Scene) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        scene.decide(until_per_hour=0)
    assert scene.activity.rows(ActivityFilters()) == ()


def test_a_cause_nobody_knows_is_not_decided_about(scene: Scene) -> None:
    assert not scene.decide(key="0" * 16, until_per_hour=3)
    assert scene.activity.rows(ActivityFilters()) == ()


def test_without_the_right_nothing_is_stored(scene: Scene) -> None:
    with pytest.raises(Denied):
        scene.decide(Role.EDITOR, until_per_hour=3)
    assert scene.state() is GroupState.OPEN
    assert [row.kind for row in scene.activity.rows(ActivityFilters())] == ["access_refused"]
