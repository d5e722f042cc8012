"""Maintenance windows: who may plan them, which make sense, what is quiet when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions.incidents import end_maintenance, plan_maintenance
from salina_monitor.activity import Activity, ActivityFilters
from salina_monitor.health import WindowRefused, get_windows, under_maintenance
from salina_monitor.models import Role, User
from salina_monitor.store import Store

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = Actor(User("ada", Role.ADMIN), 1, "192.0.2.7")


@pytest.fixture
def activity(store: Store, settings_for: Callable[..., Any]) -> Activity:
    return Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4")).activity


def quiet(store: Store, at: datetime) -> set[str]:
    with store.connection() as conn:
        return set(under_maintenance(conn, at))


def test_what_it_names_is_quiet_from_its_begin_until_before_its_end(store: Store, activity: Activity) -> None:
    plan_maintenance(ADA, activity, store, NOON, NOON + HOUR, ("s3", "jobs"), "moving buckets", now=NOON)
    plan_maintenance(ADA, activity, store, NOON + HOUR / 2, NOON + 2 * HOUR, ("clerk",), "new plan", now=NOON)
    second = timedelta(seconds=1)
    assert quiet(store, NOON - second) == set()
    assert quiet(store, NOON) == {"s3", "jobs"}
    assert quiet(store, NOON + HOUR - second) == {"s3", "jobs", "clerk"}
    assert quiet(store, NOON + HOUR) == {"clerk"}
    assert quiet(store, NOON + 2 * HOUR) == set()


def test_it_is_told_with_who_and_why(store: Store, activity: Activity) -> None:
    plan_maintenance(ADA, activity, store, NOON, NOON + HOUR, ("s3",), " moving buckets ", now=NOON)
    (window,) = get_windows(store, NOON)
    assert (window.who, window.why, window.scopes) == ("ada", "moving buckets", ("s3",))
    (row,) = [row for row in activity.rows(ActivityFilters()) if row.kind == "maintenance_planned"]
    assert (row.who, row.why) == ("ada", "moving buckets")
    assert get_windows(store, NOON + HOUR) == ()


def test_one_that_runs_is_ended_and_one_to_come_is_called_off(store: Store, activity: Activity) -> None:
    runs = plan_maintenance(ADA, activity, store, NOON, NOON + HOUR, ("s3",), "x", now=NOON)
    comes = plan_maintenance(ADA, activity, store, NOON + HOUR, NOON + 2 * HOUR, ("s3",), "x", now=NOON)
    soon = NOON + timedelta(minutes=10)
    assert end_maintenance(ADA, activity, store, runs, now=soon)
    assert end_maintenance(ADA, activity, store, comes, now=soon)
    assert quiet(store, soon) == set()
    assert [window.id for window in get_windows(store, NOON - HOUR)] == [runs], "what was stays in the history"
    assert not end_maintenance(ADA, activity, store, runs, now=soon)
    assert not end_maintenance(ADA, activity, store, 999, now=soon)


def test_one_ended_as_soon_as_it_was_planned_is_over_at_once(store: Store, activity: Activity) -> None:
    number = plan_maintenance(ADA, activity, store, NOON, NOON + HOUR, ("s3",), "x", now=NOON)
    soon = NOON + timedelta(milliseconds=200)
    assert end_maintenance(ADA, activity, store, number, now=soon)
    assert quiet(store, soon) == set()
    assert get_windows(store, soon) == ()


@pytest.mark.parametrize(
    ("since", "until", "scopes", "why", "told"),
    [
        (NOON, NOON, ("s3",), "x", "end before it begins"),
        (NOON - 2 * HOUR, NOON - HOUR, ("s3",), "x", "past"),
        (NOON, NOON + timedelta(days=8), ("s3",), "x", "At most 7 days"),
        (NOON + timedelta(days=91), NOON + timedelta(days=92), ("s3",), "x", "90 days ahead"),
        (NOON, NOON + HOUR, (), "x", "what is under maintenance"),
        (NOON, NOON + HOUR, ("s3", "the moon"), "x", "what is under maintenance"),
        (NOON, NOON + HOUR, ("s3",), "  ", "Say why"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    store: Store, activity: Activity, since: datetime, until: datetime, scopes: tuple[str, ...], why: str, told: str
) -> None:
    with pytest.raises(WindowRefused, match=told):
        plan_maintenance(ADA, activity, store, since, until, scopes, why, now=NOON)
    assert get_windows(store, NOON - HOUR) == ()


@pytest.mark.parametrize(("role", "tenant"), [(Role.EDITOR, None), (Role.OWNER, "acme")])
def test_without_the_right_nothing_is_planned(store: Store, activity: Activity, role: Role, tenant: str | None) -> None:
    somebody = Actor(User("bob", role, tenant=tenant), 1, "192.0.2.7")
    number = plan_maintenance(ADA, activity, store, NOON, NOON + HOUR, ("s3",), "x", now=NOON)
    with pytest.raises(Denied):
        plan_maintenance(somebody, activity, store, NOON, NOON + HOUR, ("s3",), "x", now=NOON)
    with pytest.raises(Denied):
        end_maintenance(somebody, activity, store, number, now=NOON)
    assert len(get_windows(store, NOON)) == 1
