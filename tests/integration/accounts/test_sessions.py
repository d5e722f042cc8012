from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.users import Users
from salina_monitor.models import Role
from salina_monitor.store import Store
from tests.integration.accounts.conftest import Clock


@pytest.fixture(autouse=True)
def _people(users: Users) -> None:
    users.add("ada", Role.OWNER, "correct horse battery")
    users.add("eve", Role.ADMIN, "correct horse battery")


def start(sessions: Sessions, name: str = "ada") -> str:
    token = sessions.start(name, address="192.0.2.7", agent="Browser")
    assert token
    return token


def test_it_finds_who_is_behind_a_token(sessions: Sessions) -> None:
    found = sessions.find(start(sessions))
    assert found
    assert (found.user.name, found.user.role, found.has_cookie) == ("ada", Role.OWNER, False)


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 10_000, "\ud800", "' or true --"])
def test_it_finds_nobody_behind_anything_else(sessions: Sessions, secret: str) -> None:
    start(sessions)
    assert sessions.find(secret) is None


def test_it_stores_nothing_one_could_sign_in_with(sessions: Sessions, store: Store) -> None:
    token = start(sessions)
    ticket = sessions.ticket(token)
    with store.connection() as conn:
        rows = conn.execute("select sessions::text as row from sessions").fetchall()
        rows += conn.execute("select session_tickets::text as row from session_tickets").fetchall()
    everything = str(rows)
    for secret in (token, ticket):
        assert secret not in everything
        assert secret.encode().hex() not in everything


def test_a_store_alone_is_worth_nothing_without_the_key(sessions: Sessions, store: Store, clock: Clock) -> None:
    token = start(sessions)
    thief = Sessions(store, b"another key", idle=timedelta(hours=1), absolute=timedelta(hours=1), clock=clock)
    assert thief.find(token) is None


def test_a_session_ends_after_half_an_hour_without_use(sessions: Sessions, clock: Clock) -> None:
    token = start(sessions)
    for _ in range(3):
        clock.move(minutes=29)
        assert sessions.find(token)
    clock.move(minutes=30, seconds=1)
    assert sessions.find(token) is None


def test_a_session_ends_after_eight_hours_in_any_case(sessions: Sessions, clock: Clock) -> None:
    token = start(sessions)
    for _ in range(31):
        clock.move(minutes=15)
        assert sessions.find(token)
    clock.move(minutes=15)
    assert sessions.find(token) is None


def test_it_writes_the_last_use_at_most_twice_a_minute(sessions: Sessions, store: Store, clock: Clock) -> None:
    token = start(sessions)

    def last_seen() -> object:
        with store.connection() as conn:
            row = conn.execute("select last_seen_at from sessions").fetchone()
        assert row
        return row["last_seen_at"]

    began = last_seen()
    clock.move(seconds=29)
    sessions.find(token)
    assert last_seen() == began
    clock.move(seconds=2)
    sessions.find(token)
    assert last_seen() == clock.now


def test_a_changed_role_and_a_shut_out_user_show_at_the_next_look(sessions: Sessions, users: Users) -> None:
    token = start(sessions, "eve")
    users.set_role("eve", Role.EDITOR)
    found = sessions.find(token)
    assert found
    assert found.user.role is Role.EDITOR
    users.set_disabled("eve", True)
    assert sessions.find(token) is None
    users.set_disabled("eve", False)
    assert sessions.find(token) is None, "the session must not rise again"
    users.set_disabled("eve", True)
    assert sessions.start("eve", address="", agent="") is None


def test_signing_out_kills_token_and_cookie(sessions: Sessions) -> None:
    token = start(sessions)
    redeemed = sessions.redeem(sessions.ticket(token))
    assert redeemed
    cookie, _ = redeemed
    assert sessions.find(cookie)
    sessions.end(cookie)
    assert sessions.find(cookie) is None
    assert sessions.find(token) is None


def test_a_ticket_gives_the_cookie_once(sessions: Sessions, clock: Clock) -> None:
    token = start(sessions)
    ticket = sessions.ticket(token)
    clock.move(minutes=0, seconds=10)
    redeemed = sessions.redeem(ticket)
    assert redeemed
    cookie, life = redeemed
    assert life == timedelta(hours=8) - timedelta(seconds=10)
    found = sessions.find(cookie)
    assert found
    assert found.has_cookie
    assert cookie != token
    assert sessions.redeem(ticket) is None


def test_a_ticket_taken_by_many_at_once_works_for_one(sessions: Sessions) -> None:
    ticket = sessions.ticket(start(sessions))
    with ThreadPoolExecutor(8) as pool:
        redeemed = list(pool.map(lambda _: sessions.redeem(ticket), range(8)))
    assert sum(answer is not None for answer in redeemed) == 1


def test_a_ticket_is_void_after_thirty_seconds(sessions: Sessions, clock: Clock) -> None:
    ticket = sessions.ticket(start(sessions))
    clock.move(seconds=30)
    assert sessions.redeem(ticket) is None


def test_a_second_ticket_does_not_replace_the_cookie(sessions: Sessions) -> None:
    token = start(sessions)
    first, second = sessions.ticket(token), sessions.ticket(token)
    assert sessions.redeem(first)
    assert sessions.redeem(second) is None


def test_a_ticket_dies_with_its_session(sessions: Sessions) -> None:
    token = start(sessions)
    ticket = sessions.ticket(token)
    sessions.end(token)
    assert sessions.redeem(ticket) is None


def test_sessions_that_ended_by_themselves_are_forgotten(sessions: Sessions, store: Store, clock: Clock) -> None:
    start(sessions)
    clock.move(hours=9)
    start(sessions)
    with store.connection() as conn:
        assert conn.execute("select count(*) as n from sessions").fetchone() == {"n": 1}


def test_a_page_that_looks_by_itself_does_not_keep_a_session_alive(sessions: Sessions, clock: Clock) -> None:
    """A wall screen that refreshes itself must not stay signed in for a person who has left."""
    token = start(sessions)
    for _ in range(6):
        clock.move(minutes=5)
        found = sessions.find(token, touch=False)
    assert found is None
    token = start(sessions)
    for _ in range(6):
        clock.move(minutes=5)
        assert sessions.find(token)
