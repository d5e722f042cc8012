"""Users and everyone's sessions, for owners. Every function raises Denied, AccountError or StoreError."""

from __future__ import annotations

from salina_monitor.accounts import Accounts, OpenSession
from salina_monitor.accounts.passwords import one_time_password
from salina_monitor.actions.actor import Actor, permit
from salina_monitor.models import Role, User
from salina_monitor.policy import Right

_RIGHT = Right.MANAGE_USERS


def everybody(actor: Actor, accounts: Accounts) -> tuple[User, ...]:
    """All users, by name."""
    permit(accounts.activity, actor, _RIGHT, "users")
    return accounts.users.list()


def add(
    actor: Actor, accounts: Accounts, name: str, role: Role, *, tenant: str | None = None, why: str = ""
) -> tuple[User, str]:
    """A new user, and the one-time password to hand over: it must be changed at the first sign-in."""
    permit(accounts.activity, actor, _RIGHT, name)
    password = one_time_password()
    by = actor.origin(why)
    return accounts.users.add(name, role, password, must_change=True, tenant=tenant, by=by), password


def set_role(actor: Actor, accounts: Accounts, name: str, role: Role, *, why: str = "") -> User:
    """Give a role; it holds from the user's next click on."""
    permit(accounts.activity, actor, _RIGHT, name)
    return accounts.users.set_role(name, role, by=actor.origin(why))


def set_tenant(actor: Actor, accounts: Accounts, name: str, tenant: str | None, *, why: str = "") -> User:
    """Limit to the jobs of one tenant, or lift that (None)."""
    permit(accounts.activity, actor, _RIGHT, name)
    return accounts.users.set_tenant(name, tenant, by=actor.origin(why))


def set_disabled(actor: Actor, accounts: Accounts, name: str, disabled: bool, *, why: str = "") -> User:
    """Shut out, which ends all sessions, or let in again."""
    permit(accounts.activity, actor, _RIGHT, name)
    return accounts.users.set_disabled(name, disabled, by=actor.origin(why))


def reset_password(actor: Actor, accounts: Accounts, name: str, *, why: str = "") -> str:
    """A one-time password to hand over; all sessions of the user end."""
    permit(accounts.activity, actor, _RIGHT, name)
    password = one_time_password()
    accounts.users.reset_password(name, password, by=actor.origin(why))
    return password


def sessions(actor: Actor, accounts: Accounts) -> tuple[OpenSession, ...]:
    """Everyone's open sessions, the latest used first."""
    permit(accounts.activity, actor, _RIGHT, "sessions")
    return accounts.sessions.open()


def end_session(actor: Actor, accounts: Accounts, session_id: int, *, why: str = "") -> bool:
    """End anybody's session; False if it had ended already."""
    permit(accounts.activity, actor, _RIGHT, "sessions")
    return accounts.sessions.end_by_id(session_id, by=actor.origin(why))
