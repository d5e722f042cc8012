"""What the verdict is judged from: each job type now, and what is usual for it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from salina_monitor.coincidence import Coincidence
from salina_monitor.models import Service

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(hours=24), timedelta(days=7)
PACE_OVER = timedelta(minutes=15)
"""The pace of the queue is measured over this."""

# Fewer failures than this are no sign of anything, nor are shares below this one, whatever is usual.
FLOOR_FAILED, FLOOR_SHARE = 3, 0.05
TIMES_USUAL = 3
# "As usual" is a share that is at most so many times the usual one.
TOLERANCE = 1.2
# Below so many ended jobs nobody knows what is usual; then a fifth has to fail.
LEAST_USUAL, FLOOR_SHARE_UNKNOWN = 20, 0.2
# At the usual share so many failures in an hour are worth a word, if they are so many times those of the worst hour.
FLOOR_MANY, TIMES_BUSIEST = 20, 3
# So short a queue empties before anybody has read when.
SHORT_QUEUE = 10


@dataclass(frozen=True, slots=True)
class Cause:
    """Failures of one type and one fingerprint in the last 24 h.

    `day` and `hour` count those that nobody made good. `decided`: somebody resolved or ignores them, and that
    holds. `points_to` is the service that their error names.
    """

    fingerprint: str | None
    title: str
    day: int
    hour: int
    first: datetime
    last: datetime
    decided: bool = False
    points_to: Service | None = None


@dataclass(frozen=True, slots=True)
class TypeEvidence:
    """One job type. `*_hour` and `*_day` count ended jobs of the last hour and 24 h; `usual_*` those of the 7 days
    before that, `usual_busiest` the failures of the worst hour of these. `tenants` were hit by its open failures in
    24 h; None where that is not known."""

    id: str
    label: str
    queued: int = 0
    running: int = 0
    waiting_long: int = 0
    running_long: int = 0
    ended_hour: int = 0
    ended_day: int = 0
    failed_hour: int = 0
    failed_day: int = 0
    usual_ended: int = 0
    usual_failed: int = 0
    usual_busiest: int = 0
    tenants: int | None = None
    causes: tuple[Cause, ...] = ()

    @property
    def usual_share(self) -> float | None:
        """What share of its jobs usually fails; None while too few ended to tell."""
        return self.usual_failed / self.usual_ended if self.usual_ended >= LEAST_USUAL else None

    @property
    def open_hour(self) -> int:
        """Failures of the last hour that were neither made good nor decided about."""
        return sum(cause.hour for cause in self.causes if not cause.decided)

    @property
    def open_day(self) -> int:
        """The same of the last 24 h."""
        return sum(cause.day for cause in self.causes if not cause.decided)

    @property
    def fails_now(self) -> bool:
        """More than usual in the last hour: a larger share, or many more."""
        return unusual(self.open_hour, self.ended_hour, self.usual_share) or self.many_now

    @property
    def many_now(self) -> bool:
        """Many more in the last hour than in any of the week before, though their share is as usual."""
        if self.usual_share is None or unusual(self.open_hour, self.ended_hour, self.usual_share):
            return False
        return self.open_hour >= max(FLOOR_MANY, TIMES_BUSIEST * self.usual_busiest)

    @property
    def failed_earlier(self) -> bool:
        """More than usual in the last 24 h."""
        return unusual(self.open_day, self.ended_day, self.usual_share)

    @property
    def all_failed(self) -> bool:
        """Nothing that ended in the last 24 h succeeded, two jobs at least, where few fail usually."""
        if self.usual_share is None or self.usual_share >= FLOOR_SHARE_UNKNOWN:
            return False
        return self.open_day >= 2 and self.failed_day >= self.ended_day

    @property
    def as_usual(self) -> bool:
        """Known to fail no more than usual in the last 24 h."""
        return self.usual_share is not None and self.open_day <= TOLERANCE * self.usual_share * self.ended_day


def unusual(failed: int, ended: int, usual_share: float | None) -> bool:
    """Whether so many failures of so many ended jobs are more than usual, and enough to speak of.

    Where much fails anyway, half of the way to "all of them" is enough.
    """
    if failed < FLOOR_FAILED:
        return False
    share = failed / max(failed, ended)
    if usual_share is None:
        return share >= FLOOR_SHARE_UNKNOWN
    return share >= min(max(FLOOR_SHARE, TIMES_USUAL * usual_share), (1 + usual_share) / 2)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about jobs at one as-of. `arrived` and `ended` are counts over `PACE_OVER`; `started` of the jobs that
    run are known to have started in it.

    `links` has, for causes that fell into the trouble of a service and hardly by chance, the surest such trouble.
    """

    at: datetime
    types: tuple[TypeEvidence, ...]
    arrived: int = 0
    ended: int = 0
    oldest_queued_at: datetime | None = None
    links: Mapping[str, Coincidence] = field(default_factory=dict)
    started: int = 0

    @property
    def still(self) -> bool:
        """No job started or ended over `PACE_OVER`."""
        return not self.started and not self.ended

    @property
    def queued(self) -> int:
        return sum(one.queued for one in self.types)

    @property
    def running(self) -> int:
        return sum(one.running for one in self.types)

    @property
    def waiting_long(self) -> int:
        return sum(one.waiting_long for one in self.types)

    @property
    def running_long(self) -> int:
        return sum(one.running_long for one in self.types)

    @property
    def failed_day(self) -> int:
        return sum(one.failed_day for one in self.types)

    @property
    def ended_day(self) -> int:
        return sum(one.ended_day for one in self.types)

    def oldest_wait(self) -> timedelta | None:
        """How long the oldest queued job has been waiting."""
        return None if self.oldest_queued_at is None else max(timedelta(0), self.at - self.oldest_queued_at)

    def drains_in(self) -> timedelta | None:
        """When the queue is empty at the pace of the last `PACE_OVER`; None while it does not get shorter."""
        net = self.ended - self.arrived
        return PACE_OVER * (self.queued / net) if net > 0 and self.queued else None


def pace(evidence: Evidence) -> str:
    """What becomes of the queue, for people; "" where it is too short to matter."""
    if evidence.queued < SHORT_QUEUE:
        return ""
    if evidence.ended == 0 and evidence.arrived == 0:
        return "nothing moved in 15 min" if evidence.still else ""
    drains = evidence.drains_in()
    if drains is None:
        return "grows" if evidence.arrived > evidence.ended else "holds steady"
    if drains > DAY:
        return "drains in more than a day"
    minutes = max(1, round(drains / timedelta(minutes=1)))
    return f"drains in about {minutes} min" if minutes < 120 else f"drains in about {round(minutes / 60)} h"


def main_cause(causes: tuple[Cause, ...], *, lately: bool) -> tuple[Cause | None, int, int]:
    """The cause that owns at least half of what is open (None if none does), its number, and that of all.

    Causes of several types with one fingerprint are one.
    """
    together: dict[str | None, Cause] = {}
    for cause in causes:
        if not cause.decided:
            known = together.get(cause.fingerprint)
            together[cause.fingerprint] = cause if known is None else _both(known, cause)

    def owned(cause: Cause) -> int:
        return cause.hour if lately else cause.day

    everything = sum(owned(cause) for cause in together.values())
    named = [cause for cause in together.values() if cause.fingerprint is not None]
    most = max(named, key=owned, default=None)
    if most is None or not everything or 2 * owned(most) < everything:
        return None, 0, everything
    return most, owned(most), everything


def _both(one: Cause, other: Cause) -> Cause:
    first, last = min(one.first, other.first), max(one.last, other.last)
    return replace(one, day=one.day + other.day, hour=one.hour + other.hour, first=first, last=last)
