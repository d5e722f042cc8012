"""The one way a password becomes a session: throttle first, then bcrypt, then the registry."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.throttle import Throttle
from salina_monitor.accounts.users import Users, clean_name

log = logging.getLogger(__name__)

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

    def attempt(self, name: str, password: str, *, address: str, agent: str) -> Attempt:
        """Check and open a session. Raises StoreError when the store cannot be used."""
        name = clean_name(name)
        refusal = self.verify(name, password, address=address)
        if refusal:
            return Attempt(message=refusal)
        token = self.sessions.start(name, address=address, agent=agent)
        return Attempt(token) if token else Attempt(message=FAILED)

    def verify(self, name: str, password: str, *, address: str) -> str:
        """Check a password under the throttle; "" if it fits, else the sentence to show."""
        name = clean_name(name)
        wait = self.throttle.begin(name, address)
        if wait:
            return f"Too many attempts; try again in {wait} s."
        if self.users.verified_hash(name, password) is None:
            log.info("sign-in refused")
            return FAILED
        self.throttle.succeeded(name, address)
        return ""
