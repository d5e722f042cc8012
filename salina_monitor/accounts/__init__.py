"""Users, roles, passwords, sessions, throttle: who may see the monitor. Knows nothing of Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from salina_monitor.accounts.errors import AccountError
from salina_monitor.accounts.passwords import MIN_CHARACTERS, Passwords
from salina_monitor.accounts.session_key import derive, session_key
from salina_monitor.accounts.sessions import OpenSession, Session, Sessions
from salina_monitor.accounts.sign_in import Attempt, SignIn
from salina_monitor.accounts.throttle import Throttle
from salina_monitor.accounts.users import Users
from salina_monitor.activity import Activity
from salina_monitor.settings import Settings
from salina_monitor.store import Store

__all__ = ["AccountError", "Accounts", "Attempt", "OpenSession", "Session", "Sessions", "SignIn", "Users", "users_of"]

_SANDBOX_COST = 4  # a password that everybody knows needs no protection


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everything about accounts over one store."""

    users: Users
    sessions: Sessions
    sign_in: SignIn
    activity: Activity
    cookie_name: str
    """Cookies do not know ports: named after the key, two monitors on one host do not sign each other out."""

    @classmethod
    def over(cls, store: Store, settings: Settings) -> Accounts:
        """Accounts with the rules of the settings. Raises SessionKeyError."""
        key = session_key(settings)
        users = users_of(store, settings)
        sessions = Sessions(
            store,
            derive(key, "session tokens").encode(),
            idle=timedelta(minutes=settings.monitor_session_idle_minutes),
            absolute=timedelta(hours=settings.monitor_session_hours),
        )
        activity = Activity(store, keep=timedelta(days=settings.monitor_activity_days))
        sign_in = SignIn(users, sessions, Throttle(store), activity)
        return cls(users, sessions, sign_in, activity, f"salina_{derive(key, 'cookie name')[:8]}")


def users_of(store: Store, settings: Settings) -> Users:
    """The users alone, for the command line: needs no session key."""
    cost = _SANDBOX_COST if settings.sandbox else int(settings.monitor_bcrypt_cost)
    return Users(store, Passwords(cost, 1 if settings.sandbox else MIN_CHARACTERS))
