"""What goes wrong and when, from a seed alone: the same seed and length give the same plan on every machine."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

SERVICES = ("database", "clerk", "s3", "resend", "inngest")
FAULTS = ("slow", "silent", "error", "refused_key")
WEBS = ("web-1", "web-2")
CALM_S = 15.0
"""Nothing new goes wrong so shortly before the end."""
MAIL_CALM_S = 35.0
"""Mail that was refused is tried again after growing pauses, and a letter of a killed sender is kept for a minute."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """At so many seconds after the begin, this is done to that. `how` is the fault of a service."""

    at: float
    what: str
    whom: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.what} {self.whom}{f': {self.how}' if self.how else ''}"


def spared(seed: int) -> str:
    """The web process that is frozen at most: whatever leaks shows in one that has lived through everything."""
    return random.Random(seed).choice(WEBS)


def plan(seed: int, lasts_s: float) -> list[Event]:
    """Everything that is done, in order; each trouble with its end."""
    rng = random.Random(seed)
    rng.choice(WEBS)  # that was `spared`
    events, busy, at = list[Event](), defaultdict[str, float](float), 0.0
    while True:
        at += rng.uniform(1.5, 5.0)
        if at > lasts_s - CALM_S:
            return sorted(events)
        what, whom, how, trouble_s = _trouble(rng, spared(seed))
        ends = at + trouble_s
        is_mail = whom == "resend" or (whom == "collector" and what == "kill")
        if busy[whom] > at or ends > lasts_s - (MAIL_CALM_S if is_mail else CALM_S / 2):
            continue
        after = {"kill": "start", "end": "start", "freeze": "thaw", "break": "heal"}.get(what)
        events.append(Event(at, what, whom, how))
        if after is not None:
            events.append(Event(ends, after, whom))
        busy[whom] = ends + 3.0


def _trouble(rng: random.Random, survivor: str) -> tuple[str, str, str, float]:
    """What, to whom, how, for how long."""
    kind = rng.choices(("process", "freeze", "store", "service"), (3, 2, 2, 5))[0]
    if kind == "process":
        other = next(web for web in WEBS if web != survivor)
        return rng.choice(("kill", "end")), rng.choice(("collector", other, other)), "", rng.uniform(0.0, 8.0)
    if kind == "freeze":
        whom = rng.choice(("collector", *WEBS, "store", "services"))
        return "freeze", whom, "", rng.uniform(1.0, 7.0)
    if kind == "store":  # the product itself starts it again
        return rng.choice(("crash", "stop", "crash-backend")), "store", "", rng.uniform(3.0, 6.0)
    return "break", rng.choice(SERVICES), rng.choice(FAULTS), rng.uniform(4.0, 25.0)
