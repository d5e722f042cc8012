from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from salina_monitor.accounts.errors import (
    AccountError,
    LastOwner,
    NameRefused,
    NoSuchUser,
    PasswordRefused,
    UserExists,
    WrongPassword,
)
from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.users import Users
from salina_monitor.models import Role, User
from salina_monitor.store import Store, load_sql

GOOD = "correct horse battery"


def test_it_adds_people_and_lists_them_by_name(users: Users) -> None:
    users.add("  Zoe ", Role.ADMIN, GOOD)
    users.add("ada", Role.OWNER, GOOD)
    assert users.list() == (User("ada", Role.OWNER), User("zoe", Role.ADMIN))


def test_it_keeps_no_password(users: Users, store: Store) -> None:
    users.add("ada", Role.OWNER, GOOD)
    with store.connection() as conn:
        row = conn.execute("select users::text as everything from users").fetchone()
    assert row is not None
    assert GOOD not in row["everything"]


@pytest.mark.parametrize(
    "name", ["", " ", "-ada", "a b", "ada\n", "<b>", "[a](http://x)", "ä", "a" * 65, "ada/x", "a'b"]
)
def test_it_refuses_names_that_could_read_as_something_else(users: Users, name: str) -> None:
    if name == "ada\n":  # blanks around a name are dropped, as the form does
        assert users.add(name, Role.OWNER, GOOD).name == "ada"
        return
    with pytest.raises(NameRefused):
        users.add(name, Role.OWNER, GOOD)


def test_it_refuses_a_name_that_is_taken_and_leaves_that_user_alone(users: Users) -> None:
    users.add("ada", Role.OWNER, GOOD)
    with pytest.raises(UserExists):
        users.add("ADA", Role.EDITOR, "another password")
    assert users.list() == (User("ada", Role.OWNER),)
    assert users.verified_hash("ada", GOOD)


def test_it_knows_only_the_right_password_of_somebody_who_is_not_shut_out(users: Users) -> None:
    users.add("ada", Role.OWNER, GOOD)
    users.add("eve", Role.ADMIN, GOOD)
    users.set_disabled("eve", True)
    assert users.verified_hash("Ada ", GOOD)
    assert users.verified_hash("ada", "wrong password") is None
    assert users.verified_hash("nobody", GOOD) is None
    assert users.verified_hash("eve", GOOD) is None


def test_it_gives_roles_and_shuts_out_and_lets_in_again(users: Users) -> None:
    users.add("ada", Role.OWNER, GOOD)
    users.add("eve", Role.AUTHOR, GOOD)
    assert users.set_role("eve", Role.ADMIN).role is Role.ADMIN
    assert users.set_disabled("eve", True).disabled
    assert not users.set_disabled("eve", False).disabled


def test_it_says_that_it_does_not_know_a_name(users: Users) -> None:
    for change in (
        lambda: users.set_role("nobody", Role.ADMIN),
        lambda: users.set_disabled("nobody", True),
        lambda: users.reset_password("nobody", GOOD),
    ):
        with pytest.raises(NoSuchUser, match="nobody"):
            change()


def test_it_never_takes_away_the_last_owner(users: Users) -> None:
    users.add("ada", Role.OWNER, GOOD)
    users.add("bob", Role.OWNER, GOOD)
    users.set_disabled("bob", True)  # a disabled owner does not count
    with pytest.raises(LastOwner):
        users.set_role("ada", Role.ADMIN)
    with pytest.raises(LastOwner):
        users.set_disabled("ada", True)
    users.set_disabled("bob", False)
    users.set_role("ada", Role.ADMIN)
    assert [user.name for user in users.list() if user.role is Role.OWNER] == ["bob"]


def test_it_lets_the_last_owner_stay_owner_and_others_change(users: Users) -> None:
    users.add("ada", Role.OWNER, GOOD)
    users.add("eve", Role.ADMIN, GOOD)
    assert users.set_role("ada", Role.OWNER).role is Role.OWNER
    assert users.set_role("eve", Role.EDITOR).role is Role.EDITOR


def test_owners_who_demote_each_other_at_the_same_time_leave_one(users: Users, store: Store) -> None:
    users.add("ada", Role.OWNER, GOOD)
    users.add("bob", Role.OWNER, GOOD)
    sql = load_sql("accounts")
    with ThreadPoolExecutor(1) as pool:
        with store.connection() as first:  # ada is demoted here, but not yet for good
            first.execute(sql["owners_lock"])
            first.execute(sql["user_set_role"], {"name": "ada", "role": "editor"})
            second = pool.submit(users.set_role, "bob", Role.EDITOR)
            while not second.done() and not waits_for_a_lock(store):
                time.sleep(0.01)
        with pytest.raises(LastOwner):
            second.result(10)
    assert [user.name for user in users.list() if user.role is Role.OWNER] == ["bob"]


def waits_for_a_lock(store: Store) -> bool:
    with store.connection() as conn:
        query = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        return conn.execute(query).fetchone() is not None


def test_a_reset_ends_all_sessions_and_asks_for_an_own_password(users: Users, sessions: Sessions) -> None:
    users.add("ada", Role.OWNER, GOOD)
    token = sessions.start("ada", address="local", agent="")
    assert token
    user = users.reset_password("ada", "one-time-password")
    assert user.must_change
    assert sessions.find(token) is None
    assert users.verified_hash("ada", GOOD) is None
    assert users.verified_hash("ada", "one-time-password")


def test_changing_the_own_password_keeps_this_session_and_ends_the_others(users: Users, sessions: Sessions) -> None:
    users.add("ada", Role.OWNER, GOOD, must_change=True)
    here, there = (sessions.start("ada", address="local", agent="") or "" for _ in range(2))
    mine = sessions.find(here)
    assert mine
    users.change_password("ada", GOOD, "another good one", keep_session=mine.hash)
    still = sessions.find(here)
    assert still
    assert not still.user.must_change
    assert sessions.find(there) is None
    assert users.verified_hash("ada", "another good one")


@pytest.mark.parametrize(
    ("present", "new", "refusal"),
    [
        ("wrong password", "another good one", WrongPassword),
        (GOOD, GOOD, PasswordRefused),
        (GOOD, "short", PasswordRefused),
    ],
)
def test_it_refuses_to_change_the_own_password(
    users: Users, present: str, new: str, refusal: type[AccountError]
) -> None:
    users.add("ada", Role.OWNER, GOOD)
    with pytest.raises(refusal):
        users.change_password("ada", present, new)
    assert users.verified_hash("ada", GOOD)
