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


@given(
    st.builds(
        JobFilters,
        type=st.none() | texts,
        status=st.none() | st.sampled_from([s for s in JobStatus if s is not JobStatus.UNKNOWN]),
        tenant=st.none() | texts,
        text=st.just("") | texts,
        range=st.sampled_from(TimeRange),
    ),
    st.integers(1, 500),
)
def test_every_view_opens_from_its_url(filters: JobFilters, page: int) -> None:
    view = view_of({name: [value] for name, value in parameters_of(filters, page).items()})
    assert (view.filters, view.page, view.dropped) == (filters, page, ())


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
