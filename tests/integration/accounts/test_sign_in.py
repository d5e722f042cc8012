from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.accounts.sign_in import FAILED, SignIn
from salina_monitor.accounts.throttle import Throttle
from salina_monitor.accounts.users import Users
from salina_monitor.models import Role
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.integration.accounts.conftest import Clock

GOOD = "correct horse battery"


@pytest.fixture(autouse=True)
def _people(users: Users) -> None:
    users.add("ada", Role.OWNER, GOOD)
    users.add("eve", Role.ADMIN, GOOD)
    users.set_disabled("eve", True)


def attempt(sign_in: SignIn, name: str, password: str, address: str = "192.0.2.7") -> str:
    return sign_in.attempt(name, password, address=address, agent="").message


def test_it_opens_a_session_for_the_right_password(sign_in: SignIn) -> None:
    token = sign_in.attempt(" ADA ", GOOD, address="local", agent="Browser").token
    assert token
    session = sign_in.sessions.find(token)
    assert session
    assert session.user.name == "ada"


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong password"), ("nobody", GOOD), ("eve", GOOD), ("ada", ""), ("", ""), ("ada", "x" * 5000)],
)
def test_it_says_the_same_for_every_failure(sign_in: SignIn, name: str, password: str) -> None:
    assert attempt(sign_in, name, password) == FAILED


def test_it_makes_guessers_wait_longer_and_longer_known_name_or_not(sign_in: SignIn, clock: Clock) -> None:
    for name in ("ada", "nobody"):
        waits = []
        for _ in range(7):
            while match := re.fullmatch(r"Too many attempts; try again in (\d+) s\.", attempt(sign_in, name, "wrong")):
                waits.append(int(match[1]))
                clock.move(seconds=waits[-1])
        assert waits == [2, 4, 8, 16]


def test_it_does_not_even_look_at_the_right_password_while_one_has_to_wait(sign_in: SignIn, clock: Clock) -> None:
    for _ in range(3):
        attempt(sign_in, "ada", "wrong")
    assert "try again in 2 s" in attempt(sign_in, "ada", GOOD)
    clock.move(seconds=2)
    assert attempt(sign_in, "ada", GOOD) == ""


def test_success_forgets_the_failures(sign_in: SignIn, clock: Clock) -> None:
    for _ in range(3):
        attempt(sign_in, "ada", "wrong")
    clock.move(seconds=2)
    assert attempt(sign_in, "ada", GOOD) == ""
    assert [attempt(sign_in, "ada", "wrong") for _ in range(3)] == [FAILED] * 3


def test_failures_expire_by_themselves(sign_in: SignIn, clock: Clock, store: Store) -> None:
    for _ in range(3):
        attempt(sign_in, "ada", "wrong")
    clock.move(hours=2)
    assert [attempt(sign_in, "ada", "wrong") for _ in range(3)] == [FAILED] * 3
    clock.move(hours=2)
    attempt(sign_in, "other", "wrong")
    with store.connection() as conn:
        keys = {row["key"] for row in conn.execute("select key from sign_in_throttle")}
    assert not any("ada" in key for key in keys)


def test_a_stranger_who_guesses_elsewhere_does_not_stop_the_user_here(sign_in: SignIn) -> None:
    for _ in range(5):
        attempt(sign_in, "ada", "wrong", address="203.0.113.9")
    assert attempt(sign_in, "ada", GOOD, address="192.0.2.7") == ""


def test_an_address_that_tries_many_names_is_stopped(sign_in: SignIn) -> None:
    answers = [attempt(sign_in, f"name{number}", "wrong") for number in range(22)]
    assert answers[:20] == [FAILED] * 20
    assert "try again" in answers[20]


def test_an_own_account_does_not_clear_the_way_for_guessing_others(sign_in: SignIn, clock: Clock) -> None:
    for number in range(19):
        attempt(sign_in, f"name{number}", "wrong")
    assert attempt(sign_in, "ada", GOOD) == ""
    assert attempt(sign_in, "name20", "wrong") == FAILED
    assert "try again" in attempt(sign_in, "name21", "wrong")


def test_many_tries_at_once_count_as_many(throttle: Throttle) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: throttle.begin("ada", "192.0.2.7"), range(24)))
    assert waits.count(0) == 3


@pytest.mark.alone
def test_known_unknown_and_disabled_names_take_the_same_time(
    store: Store, settings_for: Callable[..., Settings]
) -> None:
    """Names that can be guessed by the clock: an unknown user answered in 2 ms, a known one in 500."""
    accounts = Accounts.over(store, settings_for())
    accounts.users.reset_password("ada", GOOD)  # at the usual cost
    accounts.users.reset_password("eve", GOOD)
    took: dict[str, list[float]] = {"ada": [], "nobody": [], "eve": []}
    for number in range(7):
        for name, times in took.items():
            began = time.perf_counter()
            # Each try from an address of its own: here it is not the throttle that is looked at.
            accounts.sign_in.attempt(name, "a wrong password", address=f"192.0.2.{number}", agent="")
            times.append(time.perf_counter() - began)
    medians = [statistics.median(times) for times in took.values()]
    assert max(medians) - min(medians) < 0.1
    assert min(medians) > 0.05  # bcrypt was asked every time
