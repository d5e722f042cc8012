"""Groups of failures and what people decided about them: who still needs attention. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class MarkKind(StrEnum):
    """What somebody decided about a group."""

    RESOLVED = "resolved"
    IGNORED = "ignored"
    REOPENED = "reopened"


class GroupState(StrEnum):
    """How a group stands, in the order in which they are shown."""

    REOPENED = "reopened"
    OPEN = "open"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    RESOLVED = "resolved"

    @property
    def needs_attention(self) -> bool:
        return self in (GroupState.REOPENED, GroupState.OPEN)


@dataclass(frozen=True, slots=True)
class Mark:
    """The latest decision about a group. `count_then` is how many failures the group had in all at that time."""

    kind: MarkKind
    at: datetime
    who: str
    why: str = ""
    until_at: datetime | None = None
    until_count: int | None = None
    count_then: int = 0


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one cause within a range.

    `count` holds `superseded` ones, whose document the same function made later. `total` counts all the mirror
    remembers, `since_mark` those after the latest decision. `trend` are counts in equal parts of the range, oldest
    first; `tenants` the most hit ones with their counts, `tenant_count` all of them.
    """

    fingerprint: str
    title: str
    functions: tuple[str, ...]
    types: tuple[str, ...]
    count: int
    superseded: int
    retries: int
    first_seen: datetime
    last_seen: datetime
    tenants: tuple[tuple[str | None, int], ...]
    tenant_count: int
    sample_id: str
    trend: tuple[int, ...] = ()
    total: int = 0
    since_mark: int = 0
    mark: Mark | None = None

    @property
    def open(self) -> int:
        """Failures that nobody made good yet."""
        return self.count - self.superseded


def state_of(group: FailureGroup, now: datetime) -> GroupState:
    """How the group stands: a decision holds until what it was made under no longer does."""
    mark = group.mark
    if mark is not None and mark.kind is MarkKind.RESOLVED:
        return GroupState.REOPENED if group.since_mark else GroupState.RESOLVED
    if mark is not None and mark.kind is MarkKind.IGNORED and _still_ignored(group, mark, now):
        return GroupState.IGNORED
    if group.open == 0:
        return GroupState.SUPERSEDED
    if mark is not None and mark.kind is MarkKind.IGNORED:
        return GroupState.REOPENED
    return GroupState.OPEN


def _still_ignored(group: FailureGroup, mark: Mark, now: datetime) -> bool:
    if mark.until_at is not None and now >= mark.until_at:
        return False
    return mark.until_count is None or group.since_mark < mark.until_count


def told(group: FailureGroup, state: GroupState) -> str:
    """What was decided and what became of it, for people; "" where nothing was."""
    mark = group.mark
    if mark is None or mark.kind is MarkKind.REOPENED:
        return ""
    why = f": {mark.why}" if mark.why else ""
    if state is GroupState.REOPENED:
        return f"Came back {group.since_mark} times since {mark.who} {mark.kind.value} it{why}"
    until = ""
    if mark.until_count is not None:
        until = f" until it comes {mark.until_count} more times ({group.since_mark} so far)"
    if mark.until_at is not None:
        until += f" until {mark.until_at:%d %b %H:%M} UTC"
    return f"{mark.kind.value.capitalize()} by {mark.who}{until}{why}"


BUCKETS = 24


def bucket_size(span: timedelta) -> timedelta:
    """The part of a range that one bar of a trend stands for."""
    return span / BUCKETS
