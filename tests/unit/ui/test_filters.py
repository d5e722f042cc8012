from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.models import JobFilters, JobStatus, TimeRange
from salina_monitor.ui.filters import PARAMETERS, parameters_of, view_of

texts = (
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
)

moments = st.integers(0, 2_000_000_000_000).map(
    lambda ms: datetime(1980, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


@given(
    st.builds(
        JobFilters,
        type=st.none() | texts,
        status=st.none() | st.sampled_from([s for s in JobStatus if s is not JobStatus.UNKNOWN]),
        tenant=st.none() | texts,
        text=st.just("") | texts,
        range=st.sampled_from(TimeRange),
        group=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
        stuck=st.booleans(),
    ),
    st.none() | st.lists(moments, min_size=2, max_size=2, unique=True).map(sorted),
    st.integers(1, 500),
)
def test_every_view_opens_from_its_url(filters: JobFilters, window: list[datetime] | None, page: int) -> None:
    if window is not None:
        filters = replace(filters, since=window[0], until=window[1])
    view = view_of({name: [value] for name, value in parameters_of(filters, page).items()})
    assert (view.filters, view.page, view.dropped) == (filters, page, ())


spoken = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40).map(
    lambda text: " ".join(text.split())
)


@given(
    st.builds(
        JobFilters,
        type=st.none() | spoken.filter(bool),
        status=st.none() | st.sampled_from([s for s in JobStatus if s is not JobStatus.UNKNOWN]),
        tenant=st.none() | spoken.filter(bool),
        text=spoken,
    ),
    st.integers(1, 500),
)
def test_a_link_survives_an_address_line(filters: JobFilters, page: int) -> None:
    """Blanks, signs, other scripts and joiners, written into an address and read from it again."""
    address = urlencode(parameters_of(filters, page))
    view = view_of(parse_qs(address, keep_blank_values=True))
    assert (view.filters, view.page, view.dropped) == (filters, page, ())
    assert parameters_of(view.filters, view.page) == parameters_of(filters, page)


def test_the_usual_view_needs_no_parameters() -> None:
    assert parameters_of(JobFilters()) == {}
    assert view_of({}).filters == JobFilters()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "Failed"), ("status", "skipped"), ("status", "unknown"), ("range", "25h"), ("page", "0"), ("page", "-1"),
        ("page", "501"), ("page", "1e3"), ("page", "²"), ("page", "9" * 5000), ("q", "x" * 201), ("tenant", "x" * 201),
        ("type", "a\x00b"), ("bogus", "1"), ("status", "<script>alert(1)</script>"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_dropped_and_said(name: str, value: str) -> None:
    view = view_of({name: [value]})
    assert (view.filters, view.page) == (JobFilters(), 1)
    assert len(view.dropped) == 1
    assert name in view.dropped[0]
    assert len(view.dropped[0]) < 200


def test_a_doubled_parameter_is_dropped() -> None:
    assert view_of({"status": ["failed", "queued"]}).dropped == ("status was given more than once",)


@given(st.dictionaries(st.text(max_size=20) | st.sampled_from(PARAMETERS), st.lists(st.text(max_size=300), max_size=3)))
def test_no_query_string_breaks_it(parameters: dict[str, list[str]]) -> None:
    view = view_of(parameters)
    assert 1 <= view.page <= 500


@pytest.mark.parametrize(
    "window",
    [
        {"from": "2026-11-24T13:00Z"},
        {"to": "2026-11-24T13:00Z"},
        {"from": "2026-11-24T13:00Z", "to": "2026-11-24T13:00Z"},
        {"from": "2026-11-24T14:00Z", "to": "2026-11-24T13:00Z"},
        {"from": "2026-11-24T13:00", "to": "2026-11-24T14:00"},  # of which zone?
        {"from": "yesterday", "to": "today"},
        {"from": "0001-01-01T00:00Z", "to": "2026-11-24T13:00Z"},
        {"from": "2026-11-24T13:00Z", "to": "9999-12-31T23:59-23:00"},
        {"from": "9" * 5000, "to": "2026-11-24T13:00Z"},
    ],
)
def test_a_window_is_two_moments_in_order_or_dropped(window: dict[str, str]) -> None:
    view = view_of({name: [value] for name, value in window.items()})
    assert (view.filters.since, view.filters.until) == (None, None)
    assert view.dropped == ("from and to are not two times in order, like 2026-11-24T13:00Z",)


def test_a_window_may_be_told_in_any_zone() -> None:
    given = {"from": ["2026-11-24T18:30 05:30"], "to": ["2026-11-24T20:00+05:30"]}  # addresses decode a plus to a space
    read = view_of(given).filters
    assert read.since == datetime(2026, 11, 24, 13, tzinfo=UTC)
    assert parameters_of(read) == {"from": "2026-11-24T13:00Z", "to": "2026-11-24T14:30Z"}
