"""Passwords: what is acceptable, how they are hashed and compared (bcrypt)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache

import bcrypt

from salina_monitor.accounts.errors import PasswordRefused

MIN_CHARACTERS = 12
MAX_BYTES = 72
"""bcrypt looks at 72 bytes; silently ignoring the rest would make different passwords equal."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Rules and cost. `cost` is bcrypt's exponent (4–31); `min_characters` is lower in the sandbox only."""

    cost: int
    min_characters: int = MIN_CHARACTERS

    def hash(self, password: str) -> str:
        """The hash to keep. Raises PasswordRefused with the rule that is not kept."""
        self.check_rules(password)
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(self.cost)).decode()

    def check_rules(self, password: str) -> None:
        """Raises PasswordRefused with the rule that is not kept."""
        if len(password) < self.min_characters:
            raise PasswordRefused(f"The password is too short; use at least {self.min_characters} characters.")
        if _size(password) > MAX_BYTES:
            raise PasswordRefused(f"The password is too long; use at most {MAX_BYTES} bytes.")
        if password != password.strip():
            # The sign-in form strips what is typed, so such a password would never fit.
            raise PasswordRefused("The password must not begin or end with a blank.")
        if not password.isprintable():
            raise PasswordRefused("The password must not hold control characters or line breaks.")

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the password fits. Takes as long for `None` (nobody by that name) as for a real hash."""
        fits = bcrypt.checkpw(
            password.encode(errors="replace")[:MAX_BYTES], (hashed or _nobodys_hash(self.cost)).encode()
        )
        return fits and hashed is not None and _size(password) <= MAX_BYTES


def one_time_password() -> str:
    """A random password of 24 characters (144 bits)."""
    return secrets.token_urlsafe(18)


def _size(password: str) -> int:
    # A lone surrogate cannot be encoded strictly; replaced it is one byte and will not fit any hash we made.
    return len(password.encode(errors="replace"))


@cache
def _nobodys_hash(cost: int) -> str:
    return bcrypt.hashpw(secrets.token_bytes(16).hex().encode(), bcrypt.gensalt(cost)).decode()
