"""Bars of a service over time: trouble is seen, what nobody watched is a gap, the part under way is as long as it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.health import Part, Uptime
from salina_monitor.models import Service
from salina_monitor.parts import quarters
from salina_monitor.ui.uptime_bars import DEGRADED, DOWN, UP, bars, words

NOW = datetime(2026, 11, 24, 12, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def drawn(*parts: Part, now: datetime = NOW) -> list[tuple[str, str]]:
    """What each bar says and how it is filled."""
    html = bars(Uptime(Service.S3, quarters(now, len(parts)), parts), UTC, now)
    return re.findall(r'<div title="([^"]*)" style="[^"]*?px;(background[^"]*)"', html)


def test_what_was_up_is_green_and_what_nobody_watched_is_a_gap() -> None:
    (up, green), (gap, hatched), _ = drawn(Part(900), Part(), Part(60))
    assert up.endswith(": 100 % up")
    assert green == f"background:{UP}"
    assert gap.endswith(": not watched")
    assert "repeating-linear-gradient" in hatched


@pytest.mark.parametrize(
    ("part", "fill"),
    [
        (Part(810, 0, 90), f"background:linear-gradient({DOWN} 0% 25%,{UP} 25% 100%)"),
        (Part(450, 450, 0), f"background:linear-gradient({DEGRADED} 0% 50%,{UP} 50% 100%)"),
        (Part(0, 300, 600), f"background:linear-gradient({DOWN} 0% 67%,{DEGRADED} 67% 100%)"),
        (Part(300, 300, 300), f"background:linear-gradient({DOWN} 0% 33%,{DEGRADED} 33% 67%,{UP} 67% 100%)"),
        (Part(0, 0, 900), f"background:{DOWN}"),
        (Part(80), "repeating-linear-gradient"),
    ],
)
def test_a_bar_shows_how_much_of_it_was_what(part: Part, fill: str) -> None:
    assert fill in drawn(part, Part(60))[0][1]


def test_the_part_under_way_is_measured_by_what_has_passed_of_it() -> None:
    """A minute into a quarter all of that minute was watched: the trouble that has just begun is no gap."""
    said, fill = drawn(Part(900), Part(20, 0, 40))[-1]
    assert said.endswith(": 33 % up, 67 % down")
    assert fill == f"background:linear-gradient({DOWN} 0% 67%,{UP} 67% 100%)"
    assert drawn(Part(900), Part())[-1][0].endswith(": not watched")


def test_a_day_under_way_is_not_called_unwatched_for_what_is_to_come() -> None:
    assert words(Part(6 * 3600), timedelta(hours=6)) == "100 % up"
