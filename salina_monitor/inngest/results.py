"""What the client hands out besides the models: pages of lists, and what could not be read of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from salina_monitor.models import Event, Run


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that lacks an expected field: its id if it has one, and a sentence naming the field."""

    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of runs. `cursor` leads to the next page, None on the last; `fetched_at` is the server's clock."""

    runs: tuple[Run, ...]
    cursor: str | None
    fetched_at: datetime | None
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events, newest first. `cursor` is None when fewer came than one page holds."""

    events: tuple[Event, ...]
    cursor: str | None
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """The planned retry of a run: its number, counted from 1, and when it is due."""

    number: int
    at: datetime
