"""Following a list from page to page."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from salina_monitor.inngest import BadCursor
from salina_monitor.inngest.errors import fault
from salina_monitor.mirror.pages import MOST_RESTARTS, pages


@dataclass
class Page:
    number: int
    cursor: str | None


class List:
    """So many pages; `asked` has the places in the order in which they were asked for."""

    def __init__(self, last: int) -> None:
        self.asked: list[str | None] = []
        self.lost: set[str] = set()
        self.came = threading.Event()
        self._last = last

    def page(self, cursor: str | None) -> Page:
        self.asked.append(cursor)
        if len(self.asked) > 1:
            self.came.set()
        if cursor in self.lost:
            self.lost.discard(cursor)
            raise fault("bad_cursor")
        number = int(cursor or 1)
        return Page(number, str(number + 1) if number < self._last else None)


def test_every_page_once_in_order() -> None:
    asked = List(4)
    assert [page.number for page in pages(asked.page)] == [1, 2, 3, 4]
    assert asked.asked == [None, "2", "3", "4"]


def test_the_next_one_is_asked_for_while_one_is_dealt_with() -> None:
    asked = List(2)
    following = pages(asked.page)
    assert next(following).number == 1
    assert asked.came.wait(5), "the second page is only asked for when somebody wants it"


def test_no_more_are_asked_for_than_wanted() -> None:
    asked = List(9)
    assert [page.number for page in pages(asked.page, most=3)] == [1, 2, 3]
    assert asked.asked == [None, "2", "3"]


def test_a_lost_place_begins_anew_and_not_for_ever() -> None:
    asked = List(3)
    asked.lost = {"3"}
    assert [page.number for page in pages(asked.page)] == [1, 2, 1, 2, 3]

    def always_lost(cursor: str | None) -> Page:
        if cursor is None:
            return Page(1, "2")
        raise fault("bad_cursor")

    following = pages(always_lost)
    assert [next(following).number for _ in range(MOST_RESTARTS + 1)] == [1] * (MOST_RESTARTS + 1)
    with pytest.raises(BadCursor):
        next(following)
