from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from salina_monitor.accounts.first_owner import ensure_owner, ensure_sandbox_users
from salina_monitor.accounts.passwords import Passwords
from salina_monitor.accounts.users import Users
from salina_monitor.models import Role, User
from salina_monitor.settings import Settings
from salina_monitor.store import Store

SettingsFor = Callable[..., Settings]


def test_on_a_terminal_it_makes_an_owner_and_says_the_password_once(users: Users, settings_for: SettingsFor) -> None:
    said: list[str] = []
    assert ensure_owner(users, settings_for(), terminal=True, say=said.append)
    assert users.list() == (User("owner", Role.OWNER, must_change=True),)
    (text,) = said
    password = text.split("password ")[1].split()[0]
    assert users.verified_hash("owner", password)
    assert not ensure_owner(users, settings_for(), terminal=True, say=said.append)
    assert len(said) == 1


def test_without_a_terminal_it_makes_nobody_and_says_what_to_run(users: Users, settings_for: SettingsFor) -> None:
    said: list[str] = []
    assert not ensure_owner(users, settings_for(), terminal=False, say=said.append)
    assert users.list() == ()
    assert "users add" in said[0]


def test_it_takes_the_password_from_a_file(users: Users, settings_for: SettingsFor, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a password from a file\n")
    said: list[str] = []
    settings = settings_for(MONITOR_OWNER_PASSWORD_FILE=str(file))
    assert ensure_owner(users, settings, terminal=False, say=said.append)
    assert users.list() == (User("owner", Role.OWNER),)
    assert users.verified_hash("owner", "a password from a file")
    assert "a password from a file" not in said[0]


@pytest.mark.parametrize(
    ("content", "why"), [(None, "cannot be read"), (b"short", "too short"), (b"\xff" * 20, "text")]
)
def test_it_says_what_is_wrong_with_the_file(
    users: Users, settings_for: SettingsFor, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    said: list[str] = []
    settings = settings_for(MONITOR_OWNER_PASSWORD_FILE=str(file))
    assert not ensure_owner(users, settings, terminal=True, say=said.append)
    assert users.list() == ()
    assert "MONITOR_OWNER_PASSWORD_FILE" in said[0]
    assert why in said[0]


def test_of_many_processes_starting_at_once_one_makes_the_owner(
    users: Users, settings_for: SettingsFor, store: Store
) -> None:
    said: list[str] = []
    settings = settings_for()
    with ThreadPoolExecutor(8) as pool:
        starts = [pool.submit(ensure_owner, users, settings, terminal=True, say=said.append) for _ in range(8)]
        made = [start.result() for start in starts]
    assert made.count(True) == 1
    assert len(said) == 1
    assert len(users.list()) == 1
    assert users.verified_hash("owner", said[0].split("password ")[1].split()[0])


def test_the_sandbox_has_one_user_a_role_and_keeps_changes(store: Store) -> None:
    users = Users(store, Passwords(cost=4, min_characters=1))
    ensure_sandbox_users(users)
    assert {(user.name, user.role) for user in users.list()} == {(role.value, role) for role in Role}
    assert all(users.verified_hash(role.value, "sandbox") for role in Role)
    users.set_role("admin", Role.EDITOR)
    ensure_sandbox_users(users)
    assert User("admin", Role.EDITOR) in users.list()
