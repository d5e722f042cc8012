"""The one way a password becomes a session: throttle first, then bcrypt, then the registry. Every end is logged."""

from __future__ import annotations

from dataclasses import dataclass

from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.throttle import Throttle
from salina_monitor.accounts.users import Users, clean_name
from salina_monitor.activity import Activity, Entry, Kind, Origin, Outcome

FAILED = "Name or password is not right."
"""The same for an unknown name, a wrong password and a disabled user: a stranger learns nothing from it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a try ended: `token` of the new session, or `message` that says why not."""

    token: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Signs people in."""

    users: Users
    sessions: Sessions
    throttle: Throttle
    activity: Activity

    def attempt(self, name: str, password: str, *, address: str, agent: str) -> Attempt:
        """Check and open a session. Raises StoreError when the store cannot be used."""
        name = clean_name(name)
        refusal = self.verify(name, password, address=address)
        if refusal:
            return Attempt(message=refusal)
        token = self.sessions.start(name, address=address, agent=agent)
        self.activity.prune()
        return Attempt(token) if token else Attempt(message=FAILED)

    def verify(self, name: str, password: str, *, address: str, kind: Kind = Kind.SIGN_IN_REFUSED) -> str:
        """Check a password under the throttle; "" if it fits, else the sentence to show.

        A misfit is logged as `kind`.
        """
        name = clean_name(name)
        # What was typed as a name may be a password in the wrong field: only names that exist are kept.
        by = Origin(name if self.users.known(name) else "", address)
        wait = self.throttle.begin(name, address)
        if wait:
            self.activity.add_now_and_then(Entry(Kind.SIGN_IN_SLOWED, by, outcome=Outcome.REFUSED))
            return f"Too many attempts; try again in {wait} s."
        if self.users.verified_hash(name, password) is None:
            self.activity.add(Entry(kind, by, outcome=Outcome.REFUSED))
            return FAILED
        self.throttle.succeeded(name, address)
        return ""
