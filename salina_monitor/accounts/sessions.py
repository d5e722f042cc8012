"""Who is signed in. The store keeps keyed hashes only: a copy of it signs nobody in.

A session has two secrets: the *token*, which stays in the memory of the server process that signed the
user in, and the *cookie*, made when the browser redeems the one-time ticket. Either finds the session.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from salina_monitor.accounts.users import user_of
from salina_monitor.activity import Entry, Kind, Origin, record
from salina_monitor.models import User, utcnow
from salina_monitor.store import Store, load_sql

_SQL = load_sql("accounts")
TICKET_LIFE = timedelta(seconds=30)
TOUCH_EVERY = timedelta(seconds=30)
"""A session's last use is written this often at most: a look-up must not cost a write each time."""
_LONGEST_SECRET = 64
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A valid session at the moment of the look-up. `hash` is its key in the store, not a secret."""

    user: User
    hash: bytes
    has_cookie: bool
    since: datetime
    expires_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its user and the owners see it; nothing in it signs anybody in."""

    id: int
    user_name: str
    hash: bytes
    since: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


class Sessions:
    """The session registry of one store. All methods raise StoreError when the store cannot be used."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        *,
        idle: timedelta,
        absolute: timedelta,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._store = store
        self._key = key
        self._idle = idle
        self._absolute = absolute
        self._clock = clock

    def start(self, user_name: str, *, address: str, agent: str) -> str | None:
        """A new session's token (256 bits); None when the user was disabled in the meantime."""
        now = self._clock()
        token = secrets.token_urlsafe(32)
        values = {
            "token_hash": self._hash(token),
            "user_name": user_name,
            "now": now,
            "expires_at": now + self._absolute,
            "address": address[:64],
            "agent": agent[:200],
        }
        with self._store.connection() as conn:
            conn.execute(_SQL["sessions_prune"], {"now": now, "idle_since": now - self._idle})
            row = conn.execute(_SQL["session_add"], values).fetchone()
            if row is None:
                return None
            record(conn, Entry(Kind.SIGN_IN, Origin(user_name, address), detail={"agent": agent[:200]}), now)
        return token

    def find(self, secret: str, *, touch: bool = True) -> Session | None:
        """The session behind a token or cookie, with the user's role of this moment; None if it has ended.

        Without `touch` the look-up is no use of the session: a page that refreshes itself must not keep it alive.
        """
        if not secret or len(secret) > _LONGEST_SECRET:
            return None
        now = self._clock()
        with self._store.connection() as conn:
            row = conn.execute(
                _SQL["session_find"], {"hash": self._hash(secret), "now": now, "idle_since": now - self._idle}
            ).fetchone()
            if row is None:
                return None
            if touch and row["last_seen_at"] < now - TOUCH_EVERY:
                conn.execute(_SQL["session_touch"], {"token_hash": row["token_hash"], "now": now})
        found = (bytes(row["token_hash"]), row["has_cookie"], row["since"], row["expires_at"], row["id"])
        return Session(user_of(row), *found)

    def end(self, secret: str, *, address: str = "") -> None:
        """Sign out. The token, the cookie and every copy of them are dead from now on."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["session_end"], {"hash": self._hash(secret)}).fetchone()
            if row is not None:
                record(conn, Entry(Kind.SIGN_OUT, Origin(row["user_name"], address)), self._clock())

    def open(self, user_name: str | None = None) -> tuple[OpenSession, ...]:
        """Sessions that have not ended, of one user or (None) of everybody, the latest used first."""
        now = self._clock()
        values = {"name": user_name, "now": now, "idle_since": now - self._idle, "limit": MOST_LISTED}
        with self._store.connection() as conn:
            rows = conn.execute(_SQL["sessions_open"], values).fetchall()
        return tuple(OpenSession(hash=bytes(row.pop("token_hash")), **row) for row in rows)

    def end_by_id(self, session_id: int, *, by: Origin, of: str | None = None) -> bool:
        """End one session from elsewhere, of the user `of` only if given; False if it had ended already."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["session_end_by_id"], {"id": session_id, "name": of}).fetchone()
            if row is not None:
                record(conn, Entry(Kind.SESSION_ENDED, by, row["user_name"]), self._clock())
        return row is not None

    def ticket(self, token: str) -> str:
        """A ticket (256 bits, 30 s, good once) with which the browser fetches the cookie of this session."""
        ticket = secrets.token_urlsafe(32)
        values = {"ticket_hash": self._hash(ticket), "token_hash": self._hash(token)}
        with self._store.connection() as conn:
            conn.execute(_SQL["ticket_add"], {**values, "expires_at": self._clock() + TICKET_LIFE})
        return ticket

    def redeem(self, ticket: str) -> tuple[str, timedelta] | None:
        """The cookie for a ticket and how long it lives; None if the ticket is unknown, used or too old."""
        if not ticket or len(ticket) > _LONGEST_SECRET:
            return None
        now = self._clock()
        cookie = secrets.token_urlsafe(32)
        with self._store.connection() as conn:
            taken = conn.execute(_SQL["ticket_take"], {"ticket_hash": self._hash(ticket)}).fetchone()
            if taken is None or taken["expires_at"] <= now:
                return None
            row = conn.execute(
                _SQL["session_set_cookie"],
                {"cookie_hash": self._hash(cookie), "token_hash": taken["token_hash"], "now": now},
            ).fetchone()
        return (cookie, row["expires_at"] - now) if row else None

    def _hash(self, secret: str) -> bytes:
        return hmac.new(self._key, secret.encode(errors="replace"), hashlib.sha256).digest()
