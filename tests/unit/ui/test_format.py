from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.ui import format as fmt

NOW = datetime(2026, 11, 24, 14, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, "…"), (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (1234, "1.2 s"), (9949, "9.9 s"), (9951, "10 s"),
        (59_499, "59 s"), (59_500, "1 min 00 s"), (243_000, "4 min 03 s"), (3_599_600, "1 h 00 min"),
        (7_500_000, "2 h 05 min"), (172_800_000, "2 d 0 h"), (-5, "0 ms"),
    ],
)  # fmt: skip
def test_it_says_spans_in_two_units_at_most(ms: int | None, said: str) -> None:
    assert fmt.span(ms) == said


@pytest.mark.parametrize(("n", "said"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs"), (3412, "3,412 jobs")])
def test_it_counts_in_the_right_number(n: int, said: str) -> None:
    assert fmt.plural(n, "job") == said


def test_an_unknown_count_is_never_zero() -> None:
    assert fmt.count(None) == "…"
    assert fmt.count(10_000, capped=True) == "10,000+"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.5, "just now"),
        (3, "3 s ago"),
        (61, "1 min ago"),
        (7_199, "1 h ago"),
        (90_000, "25 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_it_says_how_long_ago(seconds: float, said: str) -> None:
    assert fmt.ago(NOW - timedelta(seconds=seconds), NOW) == said
    assert fmt.ago(None, NOW) == "never"


def test_a_clock_behind_never_says_a_negative_age() -> None:
    assert fmt.ago(NOW + timedelta(minutes=5), NOW) == "just now"


def test_the_day_is_that_of_the_viewers_zone() -> None:
    kolkata, name = fmt.zone("Asia/Kolkata")
    assert name == "Asia/Kolkata"
    assert fmt.clock(NOW.replace(hour=18, minute=40), kolkata, NOW.replace(hour=18, minute=20)) == "25 Nov 00:10:20"
    assert fmt.clock(NOW, fmt.zone("Europe/Paris")[0], NOW) == "15:03:20"


@pytest.mark.parametrize("name", [None, "", "Nowhere/City", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_utc_and_says_so(name: str | None) -> None:
    assert fmt.zone(name)[1] == "UTC"


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(0, 0, "—"), (0, 9, "0 %"), (1, 5000, "< 0.1 %"), (46, 1000, "4.6 %"), (1, 2, "50 %")]
)
def test_a_rate_of_nothing_is_not_zero(part: int, whole: int, said: str) -> None:
    assert fmt.percent(part, whole) == said


def test_a_short_id_keeps_both_ends() -> None:
    assert fmt.short_id("01M84RCYDTFRS5K3RNVT5QH14J") == "01M84R…5QH14J"
    assert fmt.short_id("abc") == "abc"
