from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from click.testing import CliRunner, Result

from salina_monitor.accounts import users_of
from salina_monitor.cli.users import users as group
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreUnavailable

Run = Callable[..., Result]
GOOD = "correct horse battery"


@dataclass
class Context:
    settings: Settings
    opened: Store | None

    def store(self) -> Store:
        if self.opened is None:
            raise StoreUnavailable("store_refused", "Nothing answers at the store's address.")
        return self.opened


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(MONITOR_BCRYPT_COST="4")


@pytest.fixture
def run(store: Store, settings: Settings) -> Run:
    def invoke(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(group, arguments, input=stdin, obj=Context(settings, store))

    return invoke


def add(run: Run, name: str, role: str) -> None:
    assert run("add", name, "--role", role, "--password-stdin", stdin=f"{GOOD}\n").exit_code == 0


def test_it_adds_somebody_who_can_then_sign_in(run: Run, store: Store, settings: Settings) -> None:
    result = run("add", "Ada", "--role", "owner", "--password-stdin", stdin=f"{GOOD}\n")
    assert (result.exit_code, result.output) == (0, "Added ada (owner).\n")
    assert users_of(store, settings).verified_hash("ada", GOOD)


def test_it_lists_people_for_people_and_for_programs(run: Run) -> None:
    assert "There are no users yet" in run("list").output
    add(run, "ada", "owner")
    add(run, "eve", "author")
    run("disable", "eve")
    assert run("list").output == "ada (owner)\neve (author, disabled)\n"
    rows = json.loads(run("list", "--json").output)
    assert [(row["name"], row["role"], row["disabled"], row["must_change"]) for row in rows] == [
        ("ada", "owner", False, False),
        ("eve", "author", True, False),
    ]
    assert rows[0]["created_at"].endswith("Z")


def test_it_changes_role_state_and_password(run: Run) -> None:
    add(run, "ada", "owner")
    add(run, "eve", "author")
    assert run("role", "eve", "admin").output == "Changed eve (admin).\n"
    assert run("disable", "eve").output == "Disabled eve (admin, disabled).\n"
    assert run("enable", "eve").output == "Enabled eve (admin).\n"
    reset = run("reset-password", "eve", "--password-stdin", stdin="one-time-password")
    assert reset.exit_code == 0
    assert "must change" in run("list").output


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (("add", "ada", "--role", "admin", "--password-stdin"), GOOD, "There is a user ada already."),
        (("add", "bob", "--role", "admin", "--password-stdin"), "short", "at least 12 characters"),
        (("add", "bob", "--role", "admin", "--password-stdin"), "", "at least 12 characters"),
        (("add", "b b", "--role", "admin", "--password-stdin"), GOOD, "user name"),
        (("add", "bob", "--role", "admin"), None, "--password-stdin"),
        (("role", "ada", "admin"), None, "last owner"),
        (("disable", "ada"), None, "last owner"),
        (("enable", "nobody"), None, "no user nobody"),
        (("reset-password", "nobody", "--password-stdin"), GOOD, "no user nobody"),
    ],
)
def test_it_refuses_with_a_sentence_and_exit_code_1(
    run: Run, arguments: tuple[str, ...], stdin: str | None, sentence: str
) -> None:
    add(run, "ada", "owner")
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert GOOD not in result.output


def test_it_says_that_the_store_is_away(settings: Settings) -> None:
    result = CliRunner().invoke(group, ["list"], obj=Context(settings, None))
    assert (result.exit_code, result.output) == (1, "Error: Nothing answers at the store's address.\n")


def test_a_wrong_role_is_a_usage_error(run: Run) -> None:
    assert run("role", "ada", "king").exit_code == 2
