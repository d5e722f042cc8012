"""Runs, attempts and events of the played Inngest, as plain mutable records. All times are moments (moments.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from salina_monitor.sandbox.catalogue import Played
from salina_monitor.sandbox.mishaps import Failure, Kind

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = "QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"
STATUSES = (QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED)


@dataclass(frozen=True, slots=True)
class PlayedEvent:
    """One event. `listed` is False for system events and cron ticks, which the REST API never lists."""

    id: str
    name: str
    received: int
    data: dict[str, Any]
    listed: bool = True

    @property
    def sent_ms(self) -> int:
        return self.received // 1_000_000 - 180


@dataclass(frozen=True, slots=True)
class Fate:
    """What is decided about a run before it starts: which mishap hits its first `failing` attempts, how long it sleeps
    before working, after how long somebody cancels it (spans in nanoseconds, 0 = never)."""

    kind: Kind | None = None
    failing: int = 0
    sleeps: int = 0
    cancelled_after: int = 0


@dataclass(slots=True)
class PlayedAttempt:
    """One attempt; `number` counts from 0 as in the trace. `failure` is set when it failed."""

    number: int
    queued: int
    started: int
    span_seed: int
    broken: str = ""
    ended: int | None = None
    failure: Failure | None = None


@dataclass(slots=True)
class PlayedRun:
    """One run. `status` is the truth, `listed_status` what the run list says (it lags a little at the end)."""

    id: str
    function: Played
    event: PlayedEvent
    tenant: str | None
    fate: Fate
    queued: int
    listed_start: int
    status: str = QUEUED
    listed_status: str = QUEUED
    started: int | None = None
    ended: int | None = None
    listed_end: int | None = None
    next_attempt: int | None = None
    sleeping_since: int | None = None
    wakes: int | None = None
    attempts: list[PlayedAttempt] = field(default_factory=list)
    output: Any = None

    @property
    def failure(self) -> Failure | None:
        """The error of the run: that of its last attempt, once the run has failed."""
        return self.attempts[-1].failure if self.status == FAILED and self.attempts else None

    @property
    def is_ended(self) -> bool:
        return self.ended is not None
