from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salina_monitor.accounts.errors import PasswordRefused
from salina_monitor.accounts.passwords import Passwords, one_time_password

RULES = Passwords(cost=4)
GOOD = "correct horse battery"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "too short"),
        ("x" * 73, "too long"),
        ("ä" * 37, "too long"),  # 74 bytes in 37 characters
        (" twelve chars", "blank"),
        ("twelve chars ", "blank"),
        ("twelve\nchars1", "line breaks"),
        ("twelve\0chars1", "control"),
    ],
)
def test_it_refuses_a_password_that_breaks_a_rule_and_says_which(password: str, why: str) -> None:
    with pytest.raises(PasswordRefused, match=why) as refused:
        RULES.hash(password)
    assert password.strip() not in str(refused.value)


@pytest.mark.parametrize("password", ["twelve chars", "x" * 72, "ä" * 36, GOOD])
def test_it_takes_passwords_at_the_edges_of_the_rules_and_recognises_them(password: str) -> None:
    assert RULES.verify(password, RULES.hash(password))


def test_it_does_not_take_another_password() -> None:
    assert not RULES.verify(GOOD + "!", RULES.hash(GOOD))


def test_it_does_not_take_a_longer_password_with_the_same_first_72_bytes() -> None:
    assert not RULES.verify("x" * 73, RULES.hash("x" * 72))


def test_it_lets_nobody_in_under_an_unknown_name_whatever_the_password() -> None:
    assert not RULES.verify(GOOD, None)


def test_it_hashes_for_unknown_names_too_so_that_the_time_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    monkeypatch.setattr(
        "salina_monitor.accounts.passwords.bcrypt.checkpw", lambda _, hashed: bool(compared.append(hashed))
    )
    RULES.verify(GOOD, None)
    RULES.verify(GOOD, "$2b$04$" + "a" * 53)
    assert [hashed[:7] for hashed in compared] == [b"$2b$04$", b"$2b$04$"]


def test_it_keeps_the_cost_in_the_hash() -> None:
    assert Passwords(cost=5).hash(GOOD).startswith("$2b$05$")


def test_it_lets_a_sandbox_have_short_passwords() -> None:
    sandbox = Passwords(cost=4, min_characters=1)
    assert sandbox.verify("sandbox", sandbox.hash("sandbox"))


def test_its_one_time_passwords_keep_the_rules_and_differ() -> None:
    first, second = one_time_password(), one_time_password()
    RULES.check_rules(first)
    assert first != second


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=100))
def test_it_never_crashes_on_what_people_type(password: str) -> None:
    assert RULES.verify(password, RULES.hash(GOOD)) is (password == GOOD)
