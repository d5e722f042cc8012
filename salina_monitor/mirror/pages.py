"""Following a list from page to page, from its start again when Inngest no longer knows the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar

from salina_monitor.inngest import BadCursor
from salina_monitor.mirror.ahead import Ahead

MOST_RESTARTS = 3


class _Page(Protocol):
    @property
    def cursor(self) -> str | None: ...


P = TypeVar("P", bound=_Page)


def pages(ask: Callable[[str | None], P], *, most: int | None = None) -> Iterator[P]:
    """Every page that `ask(cursor)` gives, the first one with None; at most so many.

    While one is being dealt with, the next one is asked for.
    After a restart of the list its rows come again: a page must do no harm when it is read twice. Raises BadCursor when
    the places are lost again and again.
    """
    cursor: str | None = None
    restarts = 0
    ahead = Ahead()
    while True:
        try:
            page = ahead.take(cursor, partial(ask, cursor))
        except BadCursor:
            restarts += 1
            if cursor is None or restarts > MOST_RESTARTS:
                raise
            cursor = None
            continue
        cursor = page.cursor
        most = None if most is None else most - 1
        if cursor is None or most == 0:
            yield page
            return
        ahead.ask(cursor, partial(ask, cursor))
        yield page
