"""Following a list from page to page, from its start again when Inngest no longer knows the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from salina_monitor.inngest import BadCursor

MOST_RESTARTS = 3


class _Page(Protocol):
    @property
    def cursor(self) -> str | None: ...


P = TypeVar("P", bound=_Page)


def pages(ask: Callable[[str | None], P]) -> Iterator[P]:
    """Every page that `ask(cursor)` gives, the first one with None.

    After a restart of the list its rows come again: a page must do no harm when it is read twice. Raises BadCursor when
    the places are lost again and again.
    """
    cursor: str | None = None
    restarts = 0
    while True:
        try:
            page = ask(cursor)
        except BadCursor:
            restarts += 1
            if cursor is None or restarts > MOST_RESTARTS:
                raise
            cursor = None
            continue
        yield page
        cursor = page.cursor
        if cursor is None:
            return
