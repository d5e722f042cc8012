"""The policy table, read as a table: whoever changes a right changes a line here too."""

from __future__ import annotations

import pytest

from salina_monitor.models import Role, User
from salina_monitor.navigation import PAGES, pages_of
from salina_monitor.policy import RIGHTS, Denied, Right, allows, require

OWNER_ADMIN = {Role.OWNER, Role.ADMIN}
EXPECTED = {
    Right.VIEW_SYSTEM: OWNER_ADMIN,
    Right.VIEW_JOB_INPUT: OWNER_ADMIN,
    Right.RERUN: OWNER_ADMIN,
    Right.CANCEL: OWNER_ADMIN,
    Right.TRIAGE: OWNER_ADMIN,
    Right.EXPORT: OWNER_ADMIN,
    Right.RECEIVE_ALERTS: OWNER_ADMIN,
    Right.VIEW_ACTIVITY: OWNER_ADMIN,
    Right.MANAGE_USERS: {Role.OWNER},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_every_right_belongs_to_exactly_these_roles(right: Right, role: Role) -> None:
    assert allows(User("ada", role), right) is (role in EXPECTED[right])


def test_a_role_that_is_not_listed_may_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Default deny: the lesson of consoles that were open because nobody had listed them (CVE-2020-13927)."""
    monkeypatch.setattr("salina_monitor.policy.RIGHTS", {Role.OWNER: RIGHTS[Role.OWNER]})
    assert not any(allows(User("ada", Role.ADMIN), right) for right in Right)


@pytest.mark.parametrize(
    "user", [None, User("ada", Role.OWNER, disabled=True), User("ada", Role.OWNER, must_change=True)]
)
@pytest.mark.parametrize("right", Right)
def test_nobody_a_disabled_user_and_one_with_a_lent_password_may_do_nothing(user: User | None, right: Right) -> None:
    assert not allows(user, right)
    with pytest.raises(Denied) as caught:
        require(user, right)
    assert right.value in str(caught.value)


def test_a_user_of_one_tenant_has_no_right_over_what_belongs_to_none() -> None:
    limited = User("ada", Role.ADMIN, tenant="northwind-press")
    assert {right for right in Right if not allows(limited, right)} == {
        Right.TRIAGE,
        Right.RECEIVE_ALERTS,
        Right.VIEW_ACTIVITY,
        Right.MANAGE_USERS,
    }
    assert [page.path for page in pages_of(limited)] == ["system", "job", "bulk", "failures", "health"]


def test_every_page_names_a_right_and_an_address_of_its_own() -> None:
    assert len({page.path for page in PAGES}) == len(PAGES)
    assert all(isinstance(page.right, Right) for page in PAGES)
