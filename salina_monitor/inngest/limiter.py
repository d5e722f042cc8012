"""One token bucket per client: all threads together stay within the rate, and a 429 slows them all."""

from __future__ import annotations

import threading
from collections.abc import Callable

MAX_PAUSE_S = 3600.0
_EPSILON = 1e-6


class RateLimiter:
    """`rate` requests a second with a burst of the same size. Clock and sleep are injected."""

    def __init__(self, rate: float, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._rate = rate
        self._burst = max(1.0, rate)
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = self._burst
        self._filled_at = monotonic()
        self._blocked_until = self._filled_at
        self._blocked = False

    def acquire(self, deadline: float) -> float:
        """Wait for a slot and take it; returns the seconds waited.

        Raises `NoSlot` at once, without waiting in vain, when the next slot lies behind `deadline`.
        """
        began = self._monotonic()
        while True:
            with self._lock:
                now = self._monotonic()
                wait = self._take(now)
                paused = now < self._blocked_until
            if wait <= 0:
                return max(0.0, now - began)
            if now + wait > deadline:
                raise NoSlot(wait, paused)
            self._sleep(wait)

    def pause(self, seconds: float) -> None:
        """Nobody asks for `seconds` (at most an hour), and no burst follows. A shorter pause never shortens one."""
        with self._lock:
            now = self._monotonic()
            self._blocked_until = max(self._blocked_until, now + min(max(seconds, 0.0), MAX_PAUSE_S))
            self._blocked = True

    def _take(self, now: float) -> float:
        """Seconds until a slot may be free; 0 when it was taken now. Under the lock."""
        if now + _EPSILON < self._blocked_until:
            return self._blocked_until - now
        if self._blocked:
            self._blocked = False
            self._tokens, self._filled_at = 1.0, now  # start slowly, one by one
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens >= 1 - _EPSILON:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate


class NoSlot(Exception):
    """No slot before the deadline. `wait` seconds to the next one; `paused`: the other side asked for it."""

    def __init__(self, wait: float, paused: bool) -> None:
        super().__init__(wait)
        self.wait = wait
        self.paused = paused
