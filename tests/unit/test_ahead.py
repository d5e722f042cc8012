"""A question asked ahead."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from salina_monitor.mirror.ahead import Ahead
from tests.support.server_user import ROOT


def test_the_answer_is_there_when_the_same_question_comes() -> None:
    ahead, asked = Ahead(), threading.Event()
    ahead.ask("page 2", lambda: asked.set() or "asked ahead")
    assert asked.wait(5), "nobody has to take it for it to be asked"
    assert ahead.take("page 2", lambda: "asked now") == "asked ahead"
    assert ahead.take("page 2", lambda: "asked now") == "asked now", "an answer is taken once"


def test_another_question_is_asked_now() -> None:
    ahead = Ahead()
    ahead.ask("page 2", lambda: "asked ahead")
    assert ahead.take("page 1", lambda: "asked now") == "asked now"


def test_an_error_is_raised_where_the_answer_is_taken() -> None:
    def lost() -> str:
        raise ConnectionError("lost")

    ahead = Ahead()
    ahead.ask("page 2", lost)
    with pytest.raises(ConnectionError, match="lost"):
        ahead.take("page 2", lambda: "asked now")


def test_a_process_that_ends_does_not_wait_for_an_answer() -> None:
    """Ctrl-C of a sync while Inngest keeps silent."""
    code = "import time; from salina_monitor.mirror.ahead import Ahead; Ahead().ask(1, lambda: time.sleep(60))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30, check=False)
    assert ended.returncode == 0
