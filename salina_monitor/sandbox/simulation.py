"""The played Inngest's clockwork: runs are queued, wait for a slot, are attempted, retried, end.

There is no worker. Everything that will happen lies in a heap; `advance(now)` lets happen what is due, in order, so a
simulation costs nothing while nobody looks and the same seed and calls give the same runs. What a broken service does
to an attempt is decided while the attempt runs, from `faults`.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from salina_monitor.sandbox.catalogue import Played
from salina_monitor.sandbox.mishaps import Kind, failure
from salina_monitor.sandbox.moments import MS, SECOND, seconds, ulid
from salina_monitor.sandbox.outcomes import outcome
from salina_monitor.sandbox.runs import (
    CANCELLED,
    COMPLETED,
    FAILED,
    RUNNING,
    Fate,
    PlayedAttempt,
    PlayedEvent,
    PlayedRun,
)

HARMLESS = ("ok", "slow")
_BACKOFF_S = ((4, 8), (10, 18), (20, 35))
Happening = Callable[[int], None]


def start_key(run: PlayedRun) -> tuple[int, str]:
    """Order of the list by start or queue time; whole microseconds, as the server's cursor keeps them."""
    return run.listed_start // 1000, run.id


def end_key(run: PlayedRun) -> tuple[int, str]:
    """Order of the list by end time."""
    return (run.listed_end or 0) // 1000, run.id


class Simulation:
    """All runs and events of the played Inngest. Not thread-safe: one event loop owns it."""

    def __init__(self, seed: int, start: int) -> None:
        self.rng = random.Random(seed)
        self.now = start
        self.faults: dict[str, str] = {}
        self.runs: dict[str, PlayedRun] = {}
        self.listed_events: list[PlayedEvent] = []
        self.by_start: list[PlayedRun] = []
        self.by_end: list[PlayedRun] = []
        self.active: dict[str, PlayedRun] = {}
        self.when_completed: dict[str, Callable[[PlayedRun, int], None]] = {}
        self.when_failed: dict[str, Callable[[PlayedRun, int], None]] = {}
        self._heap: list[tuple[int, int, Happening]] = []
        self._sequence = 0
        self._waiting: dict[str, deque[PlayedRun]] = defaultdict(deque)
        self._slots: dict[str, int] = defaultdict(int)

    def at(self, moment: int, happening: Happening) -> None:
        """Let `happening(moment)` happen once time has come to `moment`."""
        self._sequence += 1
        heapq.heappush(self._heap, (moment, self._sequence, happening))

    def advance(self, now: int) -> None:
        """Let everything happen that is due until `now`; a clock that steps back changes nothing."""
        while self._heap and self._heap[0][0] <= now:
            moment, _, happening = heapq.heappop(self._heap)
            self.now = moment
            happening(moment)
        self.now = max(self.now, now)

    def queued_since(self, moment: int) -> int:
        """How many runs were queued at `moment` or later."""
        return len(self.by_start) - bisect_left(self.by_start, (moment // 1000, ""), key=start_key)

    def forget(self, before: int) -> None:
        """Drop runs that ended, and events that came in, before that moment."""
        kept = bisect_left(self.by_end, (before // 1000, ""), key=end_key)
        for run in self.by_end[:kept]:
            del self.runs[run.id]
        del self.by_end[:kept]
        self.by_start = [run for run in self.by_start if run.id in self.runs]
        self.listed_events = [event for event in self.listed_events if event.received >= before]

    def set_faults(self, faults: Mapping[str, str]) -> None:
        """From the current moment on the services are in these states."""
        self.faults = dict(faults)

    def receive(self, moment: int, function: Played, tenant: str | None, data: Mapping[str, Any]) -> PlayedEvent:
        """An event that triggers `function` comes in."""
        body = {**data, function.tenant_key: tenant} if tenant and function.event_is_listed else dict(data)
        event = PlayedEvent(ulid(moment, self.rng), function.event, moment, body, function.event_is_listed)
        if event.listed:
            insort(self.listed_events, event, key=lambda e: e.id)
        return event

    def queue(
        self, moment: int, function: Played, event: PlayedEvent, tenant: str | None, fate: Fate | None = None
    ) -> PlayedRun:
        """A run of `function` is scheduled for `event`; it starts when a slot is free."""
        listed_start = moment + self.rng.randrange(300_000, 4 * MS)
        run = PlayedRun(
            ulid(moment, self.rng), function, event, tenant, fate or Fate(), moment // MS * MS, listed_start
        )
        self.runs[run.id] = run
        self.active[run.id] = run
        insort(self.by_start, run, key=start_key)
        self._wait(run, moment)
        if run.fate.cancelled_after:
            self.at(moment + run.fate.cancelled_after, lambda now: self.cancel(run, now))
        return run

    def cancel(self, run: PlayedRun, moment: int) -> None:
        """Cancel a run that has not ended; an ended one stays as it is."""
        if run.is_ended:
            return
        if run in self._waiting[run.function.id]:
            self._waiting[run.function.id].remove(run)
        elif run.attempts and run.attempts[-1].ended is None:
            self._release(run, moment)
        self._end(run, CANCELLED, moment)

    def _wait(self, run: PlayedRun, moment: int) -> None:
        self._waiting[run.function.id].append(run)
        self._fill_slots(run.function, moment)

    def _fill_slots(self, function: Played, moment: int) -> None:
        waiting = self._waiting[function.id]
        while waiting and self._slots[function.id] < function.concurrency:
            run = waiting.popleft()
            self._slots[function.id] += 1
            attempt = self._attempt(run, moment)
            self.at(attempt.started, lambda now, r=run: self._start(r, now))  # type: ignore[misc]

    def _attempt(self, run: PlayedRun, moment: int) -> PlayedAttempt:
        queued = run.next_attempt or run.queued
        started = moment + self.rng.randrange(40, 120) * MS
        attempt = PlayedAttempt(len(run.attempts), queued, started, self.rng.getrandbits(48))
        run.attempts.append(attempt)
        return attempt

    def _start(self, run: PlayedRun, moment: int) -> None:
        if run.is_ended:
            return
        run.status = run.listed_status = RUNNING
        run.started = run.started or moment
        run.next_attempt = None
        if run.fate.sleeps and run.sleeping_since is None:
            self._sleep(run, moment)
            return
        attempt = run.attempts[-1]
        states = [self.faults.get(need, "ok") for need in run.function.needs]
        attempt.broken = next(
            (f"{n}:{s}" for n, s in zip(run.function.needs, states, strict=True) if s not in HARMLESS), ""
        )
        lasts = run.function.typical_s * self.rng.lognormvariate(0, run.function.spread)
        if attempt.broken.endswith(":silent"):
            lasts = 30.0
        elif attempt.broken or self._fails(run):
            lasts *= self.rng.uniform(0.2, 0.7)
        lasts += 1.6 * states.count("slow")
        self.at(moment + seconds(lasts), lambda now: self._finish(run, attempt, now))

    def _sleep(self, run: PlayedRun, moment: int) -> None:
        run.attempts.clear()
        run.sleeping_since, run.wakes = moment, moment + run.fate.sleeps
        self._release(run, moment)
        self.at(run.wakes, lambda now: None if run.is_ended else self._wait(run, now))

    def _fails(self, run: PlayedRun) -> bool:
        return run.fate.kind is not None and run.attempts[-1].number < run.fate.failing

    def _finish(self, run: PlayedRun, attempt: PlayedAttempt, moment: int) -> None:
        if run.is_ended:
            return
        attempt.ended = moment
        self._release(run, moment)
        now_broken = (f"{n}:{self.faults.get(n, 'ok')}" for n in run.function.needs)
        broken = attempt.broken or next((b for b in now_broken if b.partition(":")[2] not in HARMLESS), "")
        if broken:
            service, _, fault = broken.partition(":")
            attempt.failure = failure(Kind(service), run.function, run.tenant, attempt.number, fault)
        elif self._fails(run) and run.fate.kind is not None:
            attempt.failure = failure(run.fate.kind, run.function, run.tenant, attempt.number)
        if attempt.failure is None:
            run.output = outcome(run)
            self._end(run, COMPLETED, moment + self.rng.randrange(2, 30) * MS)
        elif attempt.failure.retriable and attempt.number < run.function.retries:
            wait = self.rng.uniform(*_BACKOFF_S[min(attempt.number, len(_BACKOFF_S) - 1)])
            run.next_attempt = moment + seconds(wait)
            self.at(run.next_attempt, lambda now: None if run.is_ended else self._wait(run, now))
        else:
            self._end(run, FAILED, moment + self.rng.randrange(2, 30) * MS)

    def _release(self, run: PlayedRun, moment: int) -> None:
        self._slots[run.function.id] -= 1
        self._fill_slots(run.function, moment)

    def _end(self, run: PlayedRun, status: str, moment: int) -> None:
        run.status, run.ended, run.next_attempt = status, moment // MS * MS, None
        late = self.rng.uniform(0.8, 2.5) * SECOND if status == CANCELLED else self.rng.uniform(0.4, 9) * MS
        self.at(moment + int(late), lambda now: self._list_end(run, now))
        follow = {COMPLETED: self.when_completed, FAILED: self.when_failed}.get(status, {}).get(run.function.id)
        if follow:
            follow(run, moment)

    def _list_end(self, run: PlayedRun, moment: int) -> None:
        run.listed_status, run.listed_end = run.status, moment
        self.active.pop(run.id)
        insort(self.by_end, run, key=end_key)
