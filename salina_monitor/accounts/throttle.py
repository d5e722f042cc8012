"""Slows down guessing. Counters live in the store, so all processes count together, and expire by themselves.

Three counters a try: the user from this address, the address whatever the user, the user whatever the address.
The last one has a low ceiling, so that a stranger who knows a name cannot lock its owner out for long.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from salina_monitor.models import utcnow
from salina_monitor.store import Store, load_sql

_SQL = load_sql("accounts")


@dataclass(frozen=True, slots=True)
class Pace:
    """`free` failures cost nothing; from then on the delay doubles from 2 s up to `ceiling`."""

    free: int
    ceiling: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long to wait after this many failures in a row."""
        if failures < self.free:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(failures - self.free + 1, 20)), self.ceiling)


PAIR = Pace(free=3, ceiling=timedelta(minutes=15))
ADDRESS = Pace(free=20, ceiling=timedelta(minutes=15))
USER = Pace(free=20, ceiling=timedelta(seconds=60))
MEMORY = timedelta(hours=1)
"""A counter is forgotten this long after the last failure."""


class Throttle:
    """The counters of one store. All methods raise StoreError when the store cannot be used."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock

    def begin(self, name: str, address: str) -> int:
        """Book a try before the password is looked at. 0: go on; else the whole seconds to wait, nothing booked.

        Booking first and under a row lock means that many tries at once count as many, not as one.
        """
        now = self._clock()
        with self._store.connection() as conn:  # a transaction of its own: it must hold no lock while it waits
            conn.execute(_SQL["throttle_prune"], {"now": now})
        with self._store.connection() as conn:
            booked = []
            wait = timedelta(0)
            for key, pace in sorted(_counters(name, address).items()):  # one order: no deadlock
                row = conn.execute(_SQL["throttle_claim"], {"key": key, "now": now}).fetchone()
                if row is None:
                    raise RuntimeError("an upsert answered no row")
                wait = max(wait, row["blocked_until"] - now)
                failures = (row["failures"] if row["forget_at"] > now else 0) + 1
                until = now + pace.delay(failures)
                booked.append({"key": key, "failures": failures, "blocked_until": until, "forget_at": until + MEMORY})
            if wait > timedelta(0):
                return math.ceil(wait.total_seconds())
            for values in booked:
                conn.execute(_SQL["throttle_set"], values)
        return 0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of this user, and take back the try booked for the address.

        The address keeps its other failures: who owns one account must not clear the way for guessing others.
        """
        now = self._clock()
        pair, alone, user = _keys(name, address)
        with self._store.connection() as conn:
            row = conn.execute(_SQL["throttle_claim"], {"key": alone, "now": now}).fetchone()
            if row and row["failures"] > 0:
                values = {"key": alone, "failures": row["failures"] - 1, "blocked_until": now}
                conn.execute(_SQL["throttle_set"], {**values, "forget_at": row["forget_at"]})
            for key in sorted((pair, user)):
                conn.execute(_SQL["throttle_clear"], {"key": key})


def _keys(name: str, address: str) -> tuple[str, str, str]:
    name, address = name[:64], address[:64]
    return f"pair {address} {name}", f"address {address}", f"user {name}"


def _counters(name: str, address: str) -> dict[str, Pace]:
    return dict(zip(_keys(name, address), (PAIR, ADDRESS, USER), strict=True))
