"""The next page asked for while the one before it is stored, so that storing hardly adds to the API's own time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

P = TypeVar("P")


class Ahead:
    """A question asked in a thread of its own while its answer is not needed yet; nobody has to wait for it."""

    def __init__(self) -> None:
        self._asked: tuple[Hashable, Future[Any]] | None = None

    def ask(self, key: Hashable, question: Callable[[], Any]) -> None:
        """Ask now; `key` tells this question from others."""
        answer: Future[Any] = Future()
        # A daemon: a process that ends must not wait for an API that keeps silent.
        threading.Thread(target=_answer, args=(answer, question), name="mirror-ahead", daemon=True).start()
        self._asked = key, answer

    def take(self, key: Hashable, question: Callable[[], P]) -> P:
        """The answer, or the error, of the same question asked ahead; of any other question: asked now."""
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] == key:
            answer: P = asked[1].result()
            return answer
        return question()


def _answer(answer: Future[Any], question: Callable[[], Any]) -> None:
    try:
        answer.set_result(question())
    except BaseException as error:  # noqa: BLE001 - raised where the answer is taken
        answer.set_exception(error)
