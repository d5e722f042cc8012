"""The open WebSockets of this process, and which of them belong to somebody signed in.

A socket costs a Streamlit session, so strangers get few of them and not for long. The server books each socket
here under an id that it also writes into the socket's headers; the script, which knows who is signed in, finds
the id there and says so.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

HEADER = "x-salina-socket"


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """How many sockets at once, how many new ones a minute, and for how long without signing in.

    Many people may share one address (an office, a proxy nobody declared), so an address gets room for a company
    that signs in at the same minute. A stranger's page is the form alone and costs little.
    """

    anonymous: int = 300
    anonymous_per_address: int = 150
    new_per_address: int = 400
    per_session: int = 100
    minute_s: float = 60.0
    anonymous_s: float = 900.0


@dataclass(slots=True)
class _Socket:
    address: str
    anonymous_since: float | None
    session_id: int | None = None


@dataclass
class Sockets:
    """Thread-safe: the server's loop and the scripts' threads use it at once."""

    limits: SocketLimits = field(default_factory=SocketLimits)
    clock: Callable[[], float] = time.monotonic
    _open: dict[str, _Socket] = field(default_factory=dict)
    _recent: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, address: str, session_id: int | None) -> str | None:
        """Book a new socket; its id, or None when there is no room. `session_id`: whose valid cookie it brought."""
        now = self.clock()
        with self._lock:
            if session_id is not None:
                held = sum(one.session_id == session_id for one in self._open.values())
                admitted = held < self.limits.per_session
            else:
                admitted = self._room(address, now)
            if not admitted:
                return None
            socket_id = secrets.token_urlsafe(18)
            self._open[socket_id] = _Socket(address, None if session_id is not None else now, session_id)
            return socket_id

    def _room(self, address: str, now: float) -> bool:
        self._forget(now)
        recent = self._recent.setdefault(address, deque())
        anonymous = Counter(one.address for one in self._open.values() if one.session_id is None)
        limits = self.limits
        if (
            anonymous.total() >= limits.anonymous
            or anonymous[address] >= limits.anonymous_per_address
            or len(recent) >= limits.new_per_address
        ):
            return False
        recent.append(now)
        return True

    def _forget(self, now: float) -> None:
        for address, moments in list(self._recent.items()):
            while moments and now - moments[0] > self.limits.minute_s:
                moments.popleft()
            if not moments:
                del self._recent[address]

    def belongs_to(self, socket_id: str | None, session_id: int | None) -> None:
        """Note whose a socket is now; None: nobody's, and its time as a stranger begins."""
        with self._lock:
            one = self._open.get(socket_id or "")
            if one is None or one.session_id == session_id:
                return
            one.session_id = session_id
            one.anonymous_since = self.clock() if session_id is None else None

    def patience_s(self, socket_id: str) -> float | None:
        """Seconds until a socket has been a stranger's for too long; None while it is somebody's."""
        with self._lock:
            one = self._open.get(socket_id)
            if one is None or one.anonymous_since is None:
                return None
            return max(0.0, one.anonymous_since + self.limits.anonymous_s - self.clock())

    def close(self, socket_id: str) -> None:
        """Forget a socket that has closed."""
        with self._lock:
            self._open.pop(socket_id, None)

    def counts(self) -> tuple[int, int]:
        """Sockets of people signed in, and strangers'."""
        with self._lock:
            signed_in = sum(one.session_id is not None for one in self._open.values())
            return signed_in, len(self._open) - signed_in


_process = Sockets()


def of_process() -> Sockets:
    """The sockets of this process."""
    return _process
