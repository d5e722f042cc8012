"""Who may do what: one table, right × role. What is not listed is denied.

Pages, actions and questions all ask here, at the moment of the click, with the user as the store knows
them then. A page that forgets to ask still meets the action's own question behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from salina_monitor.models import Role, User


class Right(StrEnum):
    """One thing somebody may be allowed to do. The values are stable: activity rows name them."""

    VIEW_SYSTEM = "view_system"
    VIEW_JOB_INPUT = "view_job_input"
    RERUN = "rerun"
    CANCEL = "cancel"
    TRIAGE = "triage"
    EXPORT = "export"
    RECEIVE_ALERTS = "receive_alerts"
    VIEW_ACTIVITY = "view_activity"
    MANAGE_USERS = "manage_users"


_ADMIN = frozenset(Right) - {Right.MANAGE_USERS}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.ADMIN: _ADMIN,
    Role.FINANCE: frozenset(),
    Role.EDITOR: frozenset(),
    Role.AUTHOR: frozenset(),
}

BEYOND_ONE_TENANT = frozenset({Right.TRIAGE, Right.RECEIVE_ALERTS, Right.VIEW_ACTIVITY, Right.MANAGE_USERS})
"""Rights over what belongs to no tenant: a user limited to one tenant has none of these, whatever the role."""


class Denied(Exception):
    """The user may not do this. The text is a sentence for them."""

    def __init__(self, right: Right, why: str = "") -> None:
        super().__init__(why or f"Your role does not allow this ({right.value}). Ask an owner.")
        self.right = right


def allows(user: User | None, right: Right) -> bool:
    """Whether `user` may do it now: not disabled, with a password of their own, and by the table."""
    if user is None or user.disabled or user.must_change:
        return False
    if user.tenant is not None and right in BEYOND_ONE_TENANT:
        return False
    return right in RIGHTS.get(user.role, frozenset())


def require(user: User | None, right: Right) -> None:
    """Raises Denied unless `allows`."""
    if not allows(user, right):
        raise Denied(right)
