"""What several parts of a page show is asked once a run of the whole page: they agree, and nobody waits twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers of this run", default=None)


@contextmanager
def one_run() -> Iterator[None]:
    """A run of the whole page. What is run apart from it, as fragments and callbacks are, asks anew each time."""
    before = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(before)


def once(question: Hashable, ask: Callable[[], T]) -> T:
    """The answer to `question` in this run; an error is no answer, so the next part asks again."""
    answers = _answers.get()
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    answer: T = answers[question]
    return answer
