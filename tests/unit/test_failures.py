"""A decision about a group holds until what it was made under no longer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.failures import FailureGroup, GroupState, Mark, MarkKind, state_of, told

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GROUP = FailureGroup(
    "f" * 16, "S3Error", ("f",), ("PDF",), 10, 0, 3, NOW, NOW, (("acme", 10),), 1, "id", (), 10, 0, None
)  # fmt: skip
RESOLVED = Mark(MarkKind.RESOLVED, NOW - timedelta(hours=1), "ada", "bucket back")


def marked(mark: Mark, **more: int) -> FailureGroup:
    return replace(GROUP, mark=mark, **more)


@pytest.mark.parametrize(
    ("group", "state"),
    [
        (GROUP, GroupState.OPEN),
        (replace(GROUP, superseded=10), GroupState.SUPERSEDED),
        (replace(GROUP, superseded=9), GroupState.OPEN),
        (marked(RESOLVED), GroupState.RESOLVED),
        (marked(RESOLVED, since_mark=1), GroupState.REOPENED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada")), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada"), since_mark=999), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_at=NOW + timedelta(seconds=1))), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_at=NOW)), GroupState.REOPENED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_count=5), since_mark=4), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_count=5), since_mark=5), GroupState.REOPENED),
        (marked(Mark(MarkKind.REOPENED, NOW, "ada")), GroupState.OPEN),
        (replace(marked(Mark(MarkKind.IGNORED, NOW, "ada", until_at=NOW)), superseded=10), GroupState.SUPERSEDED),
    ],
)
def test_how_a_group_stands(group: FailureGroup, state: GroupState) -> None:
    assert state_of(group, NOW) is state


def test_only_what_is_open_or_came_back_needs_attention() -> None:
    assert {state for state in GroupState if state.needs_attention} == {"open", "reopened"}


def test_it_is_said_who_decided_what_and_what_became_of_it() -> None:
    assert told(GROUP, GroupState.OPEN) == ""
    assert told(marked(RESOLVED), GroupState.RESOLVED) == "Resolved by ada: bucket back"
    assert (
        told(marked(RESOLVED, since_mark=3), GroupState.REOPENED)
        == "Came back 3 times since ada resolved it: bucket back"
    )
    ignored = Mark(MarkKind.IGNORED, NOW, "eve", until_count=5, until_at=NOW + timedelta(days=1))
    assert told(marked(ignored, since_mark=2), GroupState.IGNORED) == (
        "Ignored by eve until it comes 5 more times (2 so far) until 25 Nov 12:00 UTC"
    )
