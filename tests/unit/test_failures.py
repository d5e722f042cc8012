"""A decision about a group holds until what it was made under no longer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.failures import FailureGroup, GroupState, Mark, MarkKind, state_of, told

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GROUP = FailureGroup(
    "f" * 16, "S3Error", ("f",), ("PDF",), 10, 0, 3, NOW, NOW, (("acme", 10),), 1, "id", (), 0, None
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
        (replace(marked(RESOLVED, since_mark=1), superseded=10), GroupState.SUPERSEDED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada")), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada"), since_mark=999), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_at=NOW + timedelta(seconds=1))), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_at=NOW)), GroupState.REOPENED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_count=5), since_mark=4), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_count=5), since_mark=5), GroupState.REOPENED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_per_hour=5), peak_since_mark=4), GroupState.IGNORED),
        (marked(Mark(MarkKind.IGNORED, NOW, "ada", until_per_hour=5), peak_since_mark=5), GroupState.REOPENED),
        (marked(Mark(MarkKind.REOPENED, NOW, "ada")), GroupState.OPEN),
        (replace(marked(Mark(MarkKind.IGNORED, NOW, "ada", until_at=NOW)), superseded=10), GroupState.SUPERSEDED),
    ],
)
def test_how_a_group_stands(group: FailureGroup, state: GroupState) -> None:
    assert state_of(group, NOW) is state


def test_a_time_that_has_passed_is_said_and_nothing_is_said_to_have_come_back() -> None:
    group = marked(Mark(MarkKind.IGNORED, NOW - timedelta(days=1), "ada", "noise", until_at=NOW - timedelta(hours=1)))
    assert state_of(group, NOW) is GroupState.REOPENED
    assert told(group, GroupState.REOPENED, lambda at: f"{at:%H:%M}") == (
        "ada ignored it until 11:00, which has passed: noise"
    )


def test_it_is_said_who_decided_what_and_what_became_of_it() -> None:
    assert told(GROUP, GroupState.OPEN) == ""
    assert told(marked(RESOLVED), GroupState.RESOLVED) == "Resolved by ada at 24 Nov 11:00 UTC: bucket back"
    assert (
        told(marked(RESOLVED, since_mark=3), GroupState.REOPENED)
        == "Came back 3 times since ada resolved it at 24 Nov 11:00 UTC: bucket back"
    )
    ignored = Mark(MarkKind.IGNORED, NOW, "eve", until_count=5, until_at=NOW + timedelta(days=1))
    assert told(marked(ignored, since_mark=2), GroupState.IGNORED) == (
        "Ignored by eve at 24 Nov 12:00 UTC until it comes 5 more times (2 so far) or until 25 Nov 12:00 UTC"
    )
    rated = Mark(MarkKind.IGNORED, NOW, "eve", until_per_hour=9)
    assert told(marked(rated, peak_since_mark=2), GroupState.IGNORED) == (
        "Ignored by eve at 24 Nov 12:00 UTC until it comes 9 times in an hour (at most 2 so far)"
    )
