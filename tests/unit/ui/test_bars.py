import re
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.ui.bars import bars, trend


def drawn(counts: list[int]) -> list[dict[str, str]]:
    """Style of each bar, with its title."""
    picture = ElementTree.fromstring(bars(counts, "red", "Failed, 24 h"))
    styles = [dict(part.split(":") for part in box.get("style", "").split(";")) for box in picture]
    return [{**style, "title": box.get("title", "")} for style, box in zip(styles, picture, strict=True)]


@given(st.lists(st.integers(0, 10**7), min_size=24, max_size=24))
def test_a_bar_an_hour_within_the_picture_higher_for_more(counts: list[int]) -> None:
    heights = [int(bar["height"].removesuffix("px")) for bar in drawn(counts)]
    assert len(heights) == 24
    assert max(heights) <= 44
    for (a, b), (low, high) in zip(pairwise(counts), pairwise(heights), strict=True):
        assert (low <= high) if a <= b else (low >= high)


def test_an_hour_without_jobs_is_a_faint_line_and_one_job_is_a_bar() -> None:
    empty, one = drawn([0] * 23 + [1])[0], drawn([1000] * 23 + [1])[-1]
    assert (empty["height"], empty["opacity"]) == ("1px", "0.35")
    assert (one["height"], one["opacity"]) == ("2px", "1")


def test_bars_say_their_hour() -> None:
    titles = [bar["title"] for bar in drawn([2] + [0] * 22 + [1])]
    assert titles[0] == "2 jobs 23 to 24 h ago"
    assert titles[-1] == "1 job in the last hour"


def test_the_picture_has_words_and_no_markup_of_others() -> None:
    picture = bars([0] * 23 + [3], "red", '"><script>alert(1)</script>')
    assert "<script" not in picture
    assert re.search(r'aria-label="[^"]*3 jobs in 24 hours, at most 3 in one"', picture)


def test_a_trend_has_words_and_no_markup_of_others() -> None:
    picture = trend([0] * 23 + [3], "red", '"><script>alert(1)</script>')
    assert "<script" not in picture
    assert re.search(r'role="img" aria-label="[^"]*: 3 jobs, at most 3 in one of 24 parts"', picture)
    assert trend([], "red", "Failures").count("<div") == 1
