"""What everybody signed in may do with their own account, whatever the role."""

from __future__ import annotations

from salina_monitor.accounts import Accounts, OpenSession
from salina_monitor.accounts.errors import AccountError, WrongPassword
from salina_monitor.accounts.sign_in import FAILED
from salina_monitor.actions.actor import Actor
from salina_monitor.activity import Kind


def sessions(actor: Actor, accounts: Accounts) -> tuple[OpenSession, ...]:
    """The actor's open sessions, the latest used first. Raises StoreError."""
    return accounts.sessions.open(actor.user.name)


def end_session(actor: Actor, accounts: Accounts, session_id: int) -> bool:
    """End one of the actor's own sessions; False if it had ended or is somebody else's. Raises StoreError."""
    return accounts.sessions.end_by_id(session_id, by=actor.origin(), of=actor.user.name)


def end_other_sessions(actor: Actor, accounts: Accounts) -> int:
    """End all of the actor's sessions but the present one; how many. Raises StoreError."""
    others = [session for session in sessions(actor, accounts) if session.id != actor.session_id]
    return sum(end_session(actor, accounts, session.id) for session in others)


def change_password(actor: Actor, accounts: Accounts, present: str, new: str, *, keep_session: bytes) -> None:
    """Change the own password; the other sessions end. Guessing the present one is slowed down like a sign-in.

    Raises AccountError, StoreError.
    """
    name = actor.user.name
    problem = accounts.sign_in.verify(name, present, address=actor.address, kind=Kind.PASSWORD_CHANGED)
    if problem == FAILED:
        raise WrongPassword("The present password is not right.")
    if problem:
        raise AccountError(problem)
    accounts.users.change_password(name, present, new, keep_session=keep_session, address=actor.address)
