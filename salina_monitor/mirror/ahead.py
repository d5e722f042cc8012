"""The next page asked for while the one before it is stored, so that storing hardly adds to the API's own time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

P = TypeVar("P")


class Ahead:
    """One question at a time asked in a thread of its own, while its answer is not needed yet.

    Leaving the block drops an answer that nobody took; the question itself ends in its own time.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mirror-ahead")
        self._asked: tuple[Hashable, Future[Any]] | None = None

    def ask(self, key: Hashable, question: Callable[[], Any]) -> None:
        """Ask now; `key` tells this question from others."""
        self._asked = key, self._thread.submit(question)

    def take(self, key: Hashable, question: Callable[[], P]) -> P:
        """The answer, or the error, of the same question asked ahead; of any other question: asked now."""
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] == key:
            answer: P = asked[1].result()
            return answer
        return question()

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
