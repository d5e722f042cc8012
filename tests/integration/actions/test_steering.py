"""Re-run and cancel: by right, with a reason, once, written down before and after."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions.steering import Steering
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import Refused, Unconfirmed
from salina_monitor.models import JobStatus, Role, User
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, error, run

S = JobStatus
WHY = "the bucket is back"


class Scene:
    """A failed and a running job before an Inngest that counts what it is asked to do."""

    def __init__(self, store: Store, settings_for: Callable[..., Any]) -> None:
        self.bench = Bench(store, settings_for)
        put = self.bench.client.put
        put(run(1, S.FAILED, queued=START - timedelta(minutes=9)))
        put(run(2, S.RUNNING, queued=START - timedelta(minutes=9)), tenant="other")
        self.bench.sync()
        self.bench.fill()
        self.done: list[tuple[str, str]] = []
        self.fault: Exception | None = None
        client: Any = self.bench.client
        client.rerun, client.cancel = self._rerun, self._cancel
        self.activity = Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4")).activity
        source = replace(self.bench.source, client=client)
        self.steering = Steering(store, client, self.activity, source.of)

    def _rerun(self, run_id: str, *, deadline: float | None = None) -> str:
        self.done.append(("rerun", run_id))
        if self.fault:
            raise self.fault
        return "NEW"

    def _cancel(self, run_id: str, *, deadline: float | None = None) -> None:
        self.done.append(("cancel", run_id))
        if self.fault:
            raise self.fault

    def log(self) -> list[tuple[str, str, str, str]]:
        rows = self.activity.rows(ActivityFilters())
        return [(row.who, row.kind, row.outcome, row.why) for row in reversed(rows)]


@pytest.fixture
def scene(store: Store, settings_for: Callable[..., Any]) -> Scene:
    return Scene(store, settings_for)


FAILED, RUNNING = f"R{1:025d}", f"R{2:025d}"


def actor(role: Role = Role.ADMIN, name: str = "ada", tenant: str | None = None) -> Actor:
    return Actor(User(name, role, tenant=tenant), 1, "192.0.2.7")


def test_a_rerun_is_asked_once_and_written_down_before_and_after(scene: Scene) -> None:
    done = scene.steering.rerun(actor(), FAILED, WHY)
    assert (done.ok, done.new_id, done.said) == (True, "NEW", "Started again as job NEW.")
    assert scene.done == [("rerun", FAILED)]
    assert scene.log() == [("ada", "rerun_asked", "done", WHY), ("ada", "rerun", "done", WHY)]


def test_a_cancel_likewise(scene: Scene) -> None:
    assert scene.steering.cancel(actor(), RUNNING, WHY).ok
    assert scene.done == [("cancel", RUNNING)]
    assert [row[1] for row in scene.log()] == ["cancel_asked", "cancel"]


def test_two_people_at_once_act_once(scene: Scene) -> None:
    """A double click, or two admins in the same minute: the statement is not sent twice."""
    people = [actor(name=f"admin{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda one: scene.steering.rerun(one, FAILED, WHY), people))
    assert sum(result.ok for result in results) == 1
    assert scene.done == [("rerun", FAILED)]
    assert all("less than 10 minutes ago" in result.said for result in results if not result.ok)


def test_what_surely_did_not_happen_may_be_asked_for_again(scene: Scene) -> None:
    scene.fault = error(Refused, "cannot_rerun")
    assert not scene.steering.rerun(actor(), FAILED, WHY).ok
    assert scene.log()[-1][:3] == ("ada", "rerun", "failed")
    scene.fault = None
    assert scene.steering.rerun(actor(), FAILED, WHY).ok


def test_what_may_have_happened_is_not_asked_for_again(scene: Scene) -> None:
    scene.fault = error(Unconfirmed, "unconfirmed")
    assert not scene.steering.rerun(actor(), FAILED, WHY).ok
    assert scene.log()[-1][:3] == ("ada", "rerun", "unconfirmed"), "who reads that it failed would do it once more"
    scene.fault = None
    assert not scene.steering.rerun(actor(), FAILED, WHY).ok
    assert len(scene.done) == 1


@pytest.mark.parametrize("why", ["", "  ", "ok"])
def test_without_a_reason_nothing_is_done(scene: Scene, why: str) -> None:
    assert "Write why" in scene.steering.rerun(actor(), FAILED, why).said
    assert scene.done == []


@pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
def test_only_those_with_the_right_act(scene: Scene, role: Role) -> None:
    """The role is asked in the action, not on the page alone."""
    for act, job_id in ((scene.steering.rerun, FAILED), (scene.steering.cancel, RUNNING)):
        with pytest.raises(Denied):
            act(actor(role), job_id, WHY)
    assert scene.done == []
    assert {row[1] for row in scene.log()} == {"access_refused"}


def test_a_job_of_another_tenant_is_out_of_reach(scene: Scene) -> None:
    limited = actor(tenant="northwind-press")
    assert "Nobody knows this job" in scene.steering.cancel(limited, RUNNING, WHY).said
    assert scene.steering.rerun(limited, FAILED, WHY).ok
    assert scene.done == [("rerun", FAILED)]


def test_what_does_not_fit_the_job_is_not_asked_for(scene: Scene) -> None:
    assert "failed already" in scene.steering.cancel(actor(), FAILED, WHY).said
    assert "has not ended" in scene.steering.rerun(actor(), RUNNING, WHY).said
    assert scene.done == []
