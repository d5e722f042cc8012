"""Actions on users and sessions: the right is asked in the action, whatever a page forgot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.accounts.errors import LastOwner, WrongPassword
from salina_monitor.actions import Actor, Denied, log, own, people
from salina_monitor.activity import ActivityFilters, Kind
from salina_monitor.models import Role, TimeRange
from salina_monitor.settings import Settings
from salina_monitor.store import Store

GOOD = "correct horse battery"
ALL = ActivityFilters(range=TimeRange.ALL)
MANAGING: dict[str, Callable[[Actor, Accounts], object]] = {
    "everybody": lambda actor, accounts: people.everybody(actor, accounts),
    "add": lambda actor, accounts: people.add(actor, accounts, "new", Role.OWNER),
    "set_role": lambda actor, accounts: people.set_role(actor, accounts, "admin", Role.OWNER),
    "set_tenant": lambda actor, accounts: people.set_tenant(actor, accounts, "admin", "x"),
    "set_disabled": lambda actor, accounts: people.set_disabled(actor, accounts, "admin", True),
    "reset_password": lambda actor, accounts: people.reset_password(actor, accounts, "owner"),
    "sessions": lambda actor, accounts: people.sessions(actor, accounts),
    "end_session": lambda actor, accounts: people.end_session(actor, accounts, 1),
}


@pytest.fixture
def accounts(store: Store, settings_for: Callable[..., Settings]) -> Accounts:
    made = Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4"))
    for role in Role:
        made.users.add(role.value, role, GOOD)
    return made


def actor(accounts: Accounts, name: str) -> Actor:
    token = accounts.sessions.start(name, address="192.0.2.7", agent="Browser")
    found = accounts.sessions.find(token or "")
    assert found
    return Actor(found.user, found.id, "192.0.2.7")


def kinds(accounts: Accounts) -> list[str]:
    return [row.kind for row in accounts.activity.page(ALL).rows]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
@pytest.mark.parametrize("name", MANAGING)
def test_only_an_owner_manages_people(accounts: Accounts, name: str, role: Role) -> None:
    """Role checked in the page but not in the action: the bug that several dashboards shipped."""
    before = [(user.name, user.role, user.disabled, user.tenant) for user in accounts.users.list()]
    with pytest.raises(Denied):
        MANAGING[name](actor(accounts, role.value), accounts)
    assert [(user.name, user.role, user.disabled, user.tenant) for user in accounts.users.list()] == before
    (refused, *_) = accounts.activity.page(ALL).rows
    assert (refused.who, refused.kind, refused.outcome) == (role.value, "access_refused", "refused")
    assert refused.detail == {"right": "manage_users"}


@pytest.mark.parametrize("name", MANAGING)
def test_an_owner_may(accounts: Accounts, name: str) -> None:
    MANAGING[name](actor(accounts, "owner"), accounts)
    assert "access_refused" not in kinds(accounts)


def test_an_added_user_signs_in_with_the_password_shown_and_must_change_it(accounts: Accounts) -> None:
    user, password = people.add(actor(accounts, "owner"), accounts, "New", Role.ADMIN, tenant="acme", why="joins us")
    attempt = accounts.sign_in.attempt("new", password, address="x", agent="")
    found = accounts.sessions.find(attempt.token or "")
    assert found
    assert found.user == user
    assert (found.user.must_change, found.user.tenant) == (True, "acme")
    added = next(row for row in accounts.activity.page(ALL).rows if row.target == "new")
    assert (added.who, added.why, added.detail["tenant"]) == ("owner", "joins us", "acme")


def test_the_last_owner_stays(accounts: Accounts) -> None:
    with pytest.raises(LastOwner):
        people.set_role(actor(accounts, "owner"), accounts, "owner", Role.ADMIN)
    with pytest.raises(LastOwner):
        people.set_disabled(actor(accounts, "owner"), accounts, "owner", True)


def test_the_own_sessions_are_ones_own(accounts: Accounts) -> None:
    me, elsewhere, boss = actor(accounts, "finance"), actor(accounts, "finance"), actor(accounts, "owner")
    assert {one.id for one in own.sessions(me, accounts)} == {me.session_id, elsewhere.session_id}
    assert not own.end_session(me, accounts, boss.session_id)
    assert own.end_other_sessions(me, accounts) == 1
    assert {one.id for one in own.sessions(me, accounts)} == {me.session_id}
    assert {one.user_name for one in people.sessions(boss, accounts)} == {"finance", "owner"}


def test_guessing_the_own_password_is_slowed_down_and_logged(accounts: Accounts) -> None:
    me = actor(accounts, "author")
    for _ in range(3):
        with pytest.raises(WrongPassword):
            own.change_password(me, accounts, "wrong", GOOD + "!", keep_session=b"")
    with pytest.raises(Exception, match="try again in"):
        own.change_password(me, accounts, GOOD, GOOD + "!", keep_session=b"")
    refused = [row for row in accounts.activity.page(ALL).rows if row.kind == Kind.PASSWORD_CHANGED]
    assert [(row.who, row.outcome) for row in refused] == [("author", "refused")] * 3


@pytest.mark.parametrize("role", Role)
def test_the_log_is_read_and_taken_away_by_owner_and_admin(accounts: Accounts, role: Role) -> None:
    who = actor(accounts, role.value)
    if role in (Role.OWNER, Role.ADMIN):
        assert log.read(who, accounts.activity, ALL, 1).total
        text = log.export(who, accounts.activity, ALL)
        assert text.splitlines()[0].endswith("at,who,kind,target,outcome,address,why,detail")
        (row, *_) = accounts.activity.page(ALL).rows
        assert (row.who, row.kind, row.target) == (role.value, "export", "activity")
        return
    for ask in (lambda: log.read(who, accounts.activity, ALL, 1), lambda: log.export(who, accounts.activity, ALL)):
        with pytest.raises(Denied):
            ask()


def test_a_formula_in_a_reason_is_text_in_the_csv(accounts: Accounts) -> None:
    boss = actor(accounts, "owner")
    people.set_disabled(boss, accounts, "author", True, why='=HYPERLINK("http://evil.example")')
    assert "\"'=HYPERLINK" in log.export(boss, accounts.activity, ALL)
