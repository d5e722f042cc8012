"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable


def came_true(
    what: Callable[[], object],
    limit_s: float = 20,
    forgiven: tuple[type[Exception], ...] = (),
    *,
    every_s: float = 0.02,
) -> bool:
    """Whether it came true in time; errors that are `forgiven` mean "not yet"."""
    give_up = time.monotonic() + limit_s
    while True:
        try:
            if what():
                return True
        except forgiven:
            pass  # whoever answers is away
        if time.monotonic() > give_up:
            return False
        time.sleep(every_s)


def wait_until(what: Callable[[], object], limit_s: float = 20, forgiven: tuple[type[Exception], ...] = ()) -> None:
    """The same, for what must come true."""
    assert came_true(what, limit_s, forgiven), "it never came to that"
