"""Groups of failures and what people decided about them: who still needs attention. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from salina_monitor.models import Service
from salina_monitor.words import plural


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


@dataclass(frozen=True, slots=True)
class Mark:
    """The latest decision about a group."""

    kind: MarkKind
    at: datetime
    who: str
    why: str = ""
    until_at: datetime | None = None
    until_count: int | None = None
    until_per_hour: int | None = None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one cause within a range.

    `count` holds `superseded` ones, whose document the same function made later. `since_mark`
    counts those after the latest decision, `peak_since_mark` the most of them in one hour.
    `trend` are counts in equal parts of the range, oldest first; `tenants` the most hit ones with their counts,
    `tenant_count` all of them. The error of the sample `points_to` a service, or to none; `example` is what it said,
    where the title leaves values out.
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
    since_mark: int = 0
    mark: Mark | None = None
    peak_since_mark: int = 0
    points_to: Service | None = None
    example: str = ""

    @property
    def open(self) -> int:
        """Failures that nobody made good yet."""
        return self.count - self.superseded


def state_of(group: FailureGroup, now: datetime) -> GroupState:
    """How the group stands: a decision holds until what it was made under no longer does."""
    mark = group.mark
    resolved = mark is not None and mark.kind is MarkKind.RESOLVED
    if resolved and not group.since_mark:
        return GroupState.RESOLVED
    if mark is not None and mark.kind is MarkKind.IGNORED and _still_ignored(group, mark, now):
        return GroupState.IGNORED
    if group.open == 0:
        return GroupState.SUPERSEDED
    if resolved or (mark is not None and mark.kind is MarkKind.IGNORED):
        return GroupState.REOPENED
    return GroupState.OPEN


def _still_ignored(group: FailureGroup, mark: Mark, now: datetime) -> bool:
    if mark.until_at is not None and now >= mark.until_at:
        return False
    if mark.until_per_hour is not None and group.peak_since_mark >= mark.until_per_hour:
        return False
    return mark.until_count is None or group.since_mark < mark.until_count


def _utc(at: datetime) -> str:
    return f"{at:%d %b %H:%M} UTC"


def told(group: FailureGroup, state: GroupState, clock: Callable[[datetime], str] = _utc) -> str:
    """What was decided and what became of it, for people, whose `clock` writes moments; "" where nothing was."""
    mark = group.mark
    if mark is None or mark.kind is MarkKind.REOPENED:
        return ""
    why = f": {mark.why}" if mark.why else ""
    if state is GroupState.REOPENED and not group.since_mark and mark.until_at is not None:
        return f"{mark.who} {mark.kind.value} it until {clock(mark.until_at)}, which has passed{why}"
    if state is GroupState.REOPENED:
        fast = f", {group.peak_since_mark} within an hour," if mark.until_per_hour is not None else ""
        times = plural(group.since_mark, "time")
        return f"Came back {times}{fast} since {mark.who} {mark.kind.value} it at {clock(mark.at)}{why}"
    ends = []
    if mark.until_count is not None:
        ends.append(f"until it comes {plural(mark.until_count, 'more time')} ({group.since_mark} so far)")
    if mark.until_per_hour is not None:
        ends.append(
            f"until it comes {plural(mark.until_per_hour, 'time')} in an hour (at most {group.peak_since_mark} so far)"
        )
    if mark.until_at is not None:
        ends.append(f"until {clock(mark.until_at)}")
    until = f" {' or '.join(ends)}" if ends else ""
    return f"{mark.kind.value.capitalize()} by {mark.who} at {clock(mark.at)}{until}{why}"


BUCKETS = 24


def bucket_size(span: timedelta) -> timedelta:
    """The part of a range that one bar of a trend stands for."""
    return span / BUCKETS
