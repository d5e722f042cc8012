"""What is asked once a run, and pages that take turns."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from salina_monitor.ui import turn
from salina_monitor.ui.once import once, one_run
from salina_monitor.ui.turn import in_turn


def test_a_question_is_asked_once_a_run_and_anew_in_the_next() -> None:
    numbers = itertools.count()
    for n in range(2):
        with one_run():
            assert [once("a", lambda: next(numbers)) for _ in range(3)] == [n] * 3


def test_other_questions_have_other_answers() -> None:
    with one_run():
        assert [once(("a", n), lambda n=n: n) for n in (1, 2, 1)] == [1, 2, 1]  # type: ignore[misc]


def test_outside_of_a_run_it_is_asked_each_time() -> None:
    numbers = itertools.count()
    assert [once("a", lambda: next(numbers)) for _ in range(2)] == [0, 1]
    with one_run():
        pass
    assert once("a", lambda: next(numbers)) == 2


def test_an_error_is_no_answer() -> None:
    def fails() -> int:
        raise ValueError("lost")

    with one_run():
        with pytest.raises(ValueError, match="lost"):
            once("a", fails)
        assert once("a", lambda: 1) == 1


def test_a_run_of_somebody_else_has_its_own_answers() -> None:
    found = []
    with one_run():
        once("a", lambda: "mine")
        other = threading.Thread(target=lambda: found.append(once("a", lambda: "theirs")))
        other.start()
        other.join()
    assert found == ["theirs"]


def test_pages_take_turns_and_none_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_places", threading.Semaphore(2))
    monkeypatch.setattr(turn, "PATIENCE_S", 0.3)
    inside, most, lock, done = 0, 0, threading.Lock(), threading.Event()

    def page(hold: bool) -> None:
        nonlocal inside, most
        with in_turn():
            with lock:
                inside += 1
                most = max(most, inside)
            done.wait(10) if hold else time.sleep(0.02)
            with lock:
                inside -= 1

    pages = [threading.Thread(target=page, args=(False,)) for _ in range(8)]
    for one in pages:
        one.start()
    for one in pages:
        one.join()
    assert most == 2
    holding = [threading.Thread(target=page, args=(True,)) for _ in range(2)]
    for one in holding:
        one.start()
    began = time.monotonic()
    page(False)
    assert 0.2 < time.monotonic() - began < 5, "it goes on although the two before it do not end"
    done.set()
    for one in holding:
        one.join()
    page(False)
    assert turn._places.acquire(blocking=False), "places are given back"
