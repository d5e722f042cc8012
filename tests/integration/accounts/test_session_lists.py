"""Open sessions as their users and the owners see them."""

from __future__ import annotations

import pytest

from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.users import Users
from salina_monitor.activity import Origin
from salina_monitor.models import Role
from tests.integration.accounts.conftest import Clock


@pytest.fixture(autouse=True)
def _people(users: Users) -> None:
    users.add("ada", Role.OWNER, "correct horse battery")
    users.add("eve", Role.ADMIN, "correct horse battery")


def start(sessions: Sessions, name: str, address: str = "192.0.2.7") -> str:
    token = sessions.start(name, address=address, agent="Browser")
    assert token
    return token


def test_it_lists_open_sessions_with_address_agent_and_times(sessions: Sessions, clock: Clock) -> None:
    start(sessions, "ada", "192.0.2.1")
    clock.move(minutes=20)
    start(sessions, "eve", "192.0.2.2")
    found = sessions.open()
    assert [(one.user_name, one.address, one.agent) for one in found] == [
        ("eve", "192.0.2.2", "Browser"),
        ("ada", "192.0.2.1", "Browser"),
    ]
    assert [one.user_name for one in sessions.open("ada")] == ["ada"]
    clock.move(minutes=15)  # ada's is idle for 35 minutes
    assert [one.user_name for one in sessions.open()] == ["eve"]


def test_what_is_listed_signs_nobody_in(sessions: Sessions) -> None:
    start(sessions, "ada")
    (one,) = sessions.open()
    for secret in (one.hash.hex(), str(one.id), one.hash.decode("latin-1")):
        assert sessions.find(secret) is None


def test_a_session_ended_from_elsewhere_is_dead_at_the_next_look(sessions: Sessions) -> None:
    """A session that outlives its ending: CVE-2023-44400."""
    token, other = start(sessions, "eve"), start(sessions, "eve")
    found = sessions.find(token)
    assert found
    assert sessions.end_by_id(found.id, by=Origin("ada"))
    assert sessions.find(token) is None
    assert sessions.find(other)
    assert not sessions.end_by_id(found.id, by=Origin("ada"))


def test_nobody_ends_another_ones_session_by_guessing_its_number(sessions: Sessions) -> None:
    token = start(sessions, "ada")
    (one,) = sessions.open("ada")
    assert not sessions.end_by_id(one.id, by=Origin("eve"), of="eve")
    assert sessions.find(token)
