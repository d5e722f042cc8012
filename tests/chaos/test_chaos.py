"""The walk in its short form. The long one: `python -m tests.chaos --minutes 10`."""

from __future__ import annotations

import pytest

from tests.chaos.plan import plan, spared
from tests.chaos.walk import Walk

SEED, LASTS_S = 21, 60.0


@pytest.mark.long
def test_after_a_walk_of_kills_and_faults_nothing_is_lost_repeated_or_left_open() -> None:
    walk = Walk(SEED, LASTS_S).go()
    assert not walk.wrong, walk.logs
    assert len(walk.lines) == 7


def test_a_seed_gives_one_plan_in_which_every_trouble_ends() -> None:
    events = plan(7, 600.0)
    assert events == plan(7, 600.0)
    assert events != plan(8, 600.0)
    begun = [event for event in events if event.what in ("kill", "end", "freeze", "break")]
    ended = [event for event in events if event.what in ("start", "thaw", "heal")]
    assert len(begun) == len(ended)
    assert not [event for event in begun if event.whom == spared(7) and event.what in ("kill", "end")]
