"""What is trouble worth telling: one function a rule, one table of all. Pure; whatever is unknown is no trouble.

No threshold is made here that the page does not have: failures and stuck jobs are judged by `evidence`, incidents by
`health`, staleness by the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from salina_monitor.evidence import Evidence, TypeEvidence, pace
from salina_monitor.health import NETWORK
from salina_monitor.health.maintenance import JOBS
from salina_monitor.models import Service
from salina_monitor.verdict import CATALOGUE, Code, Level
from salina_monitor.words import age, percent, plural

BELIEVED_AFTER = timedelta(minutes=2)
"""So long an incident that may turn out to be the network's is kept back at most."""
LEAST_GAPS = 5
"""Of a type that succeeded in fewer quarters of an hour of its week, nobody knows what is usual."""
SILENT_FLOOR, TIMES_LONGEST = timedelta(hours=1), 1.5
"""A type is silent after one and a half times its longest silence of a week, and not before an hour."""
SYSTEM, HEALTH = "/admin/system", "/admin/health"


class Rule(StrEnum):
    """What an alert is about. The values are stable: they are stored and sent to webhooks."""

    SERVICE = "service"
    STALE = "stale"
    FAILING = "failing"
    STUCK = "stuck"
    QUEUE = "queue"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now. `key` is the same for as long as it is the same trouble.

    `title` and `lines` hold counts, labels, names of services and our own words: no text of a job or a vendor. `scope`
    is what maintenance would cover it. `looked_after`: somebody is at it. `known_only`: told already as part of
    something else, so it goes on if it was told, and does not begin.
    """

    key: str
    rule: Rule
    scope: str
    level: Level
    title: str
    lines: tuple[str, ...]
    path: str
    since: datetime | None = None
    looked_after: bool = False
    known_only: bool = False


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that is not over. `is_part` of one of the network; it `may_be_network` as far as is known yet.

    Without `is_recent` nobody has watched for a while: nothing to remind of.
    """

    id: int
    scope: str
    opened_at: datetime
    worst: str
    message: str
    acknowledged: bool = False
    is_part: bool = False
    may_be_network: bool = False
    is_recent: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a type has not succeeded. `usual` is its longest silence of the week before; None: not known."""

    type: str
    label: str
    last_at: datetime
    usual: timedelta | None

    @property
    def limit(self) -> timedelta | None:
        """From so long on it is longer than usual."""
        return None if self.usual is None else max(SILENT_FLOOR, TIMES_LONGEST * self.usual)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything rules look at, at one moment `now`.

    `evidence` None: jobs cannot be judged (never read, or too old), so alerts about them neither open nor close.
    `silences` None: the history is still being read. `data_at`: as of when job data is, `stale`: it is old.
    """

    now: datetime
    incidents: tuple[OpenIncident, ...] = ()
    data_at: datetime | None = None
    stale: bool = False
    evidence: Evidence | None = None
    silences: tuple[Silence, ...] | None = None
    queued_limit: timedelta | None = None


def services(seen: Sighting) -> Iterator[Trouble]:
    """(a) Each open incident; all services at once are one."""
    for one in seen.incidents:
        network = one.scope == NETWORK
        word = "down" if one.worst == "unhealthy" else "degraded"
        title = "No service answers" if network else f"{Service(one.scope).label} is {word}"
        level = Level.TROUBLE if one.worst == "unhealthy" else Level.ATTENTION
        waits = one.may_be_network and seen.now - one.opened_at < BELIEVED_AFTER
        yield Trouble(
            f"service:{one.scope}", Rule.SERVICE, one.scope, level, title, (one.message,), HEALTH, one.opened_at,
            one.acknowledged, known_only=one.is_part or waits or not one.is_recent,
        )  # fmt: skip


def stale(seen: Sighting) -> Iterator[Trouble]:
    """(f) Job data is old, unless an incident of Inngest or the network says so already."""
    told = any(one.scope in (NETWORK, Service.INNGEST.value) for one in seen.incidents)
    if seen.stale and seen.data_at is not None:
        lines = (f"Last read from Inngest {_moment(seen.data_at)}. Until then nothing is known of later jobs, and"
                 " no alert about jobs opens or closes.",)  # fmt: skip
        yield Trouble(
            "stale", Rule.STALE, Service.INNGEST.value, Level.ATTENTION, "Job data is old", lines, SYSTEM,
            seen.data_at, known_only=told,
        )  # fmt: skip


def failing(seen: Sighting) -> Iterator[Trouble]:
    """(b) Types of which a larger share, or many more, fail than is usual for them."""
    for one in _types(seen):
        if one.fails_now:
            mostly = 2 * one.open_hour >= one.ended_hour
            usually = "what is usual is not known yet" if one.usual_share is None else (
                f"usually {percent(one.usual_failed, one.usual_ended)}")  # fmt: skip
            share = percent(one.open_hour, max(one.open_hour, one.ended_hour))
            lines = [f"{plural(one.open_hour, 'job')} failed in the last hour, {share} of what ended; {usually}."]
            if one.many_now:
                lines.append(f"In no hour of the week before that did more than {one.usual_busiest:,} fail.")
            if one.tenants:
                lines.append(f"{plural(one.tenants, 'tenant')} hit in 24 h.")
            lines.append(CATALOGUE[Code.FAILING_MOSTLY].step)
            yield Trouble(
                f"failing:{one.id}", Rule.FAILING, JOBS, Level.TROUBLE if mostly else Level.ATTENTION,
                f"{one.label}: jobs fail more than usual", tuple(lines),
                _list(status="failed", type=one.id, range="1h"),
            )  # fmt: skip


def stuck(seen: Sighting) -> Iterator[Trouble]:
    """(c) Jobs that wait or run longer than is usual for their type: the numbers of card and verdict."""
    for one in _types(seen):
        lines = []
        if one.waiting_long:
            step = CATALOGUE[Code.STARTS_SLOW].step
            lines += [f"{plural(one.waiting_long, 'job')} of {one.queued:,} queued waited longer than usual. {step}"]
        if one.running_long:
            step = CATALOGUE[Code.RUNNING_LONG].step
            lines += [f"{plural(one.running_long, 'job')} of {one.running:,} running ran longer than usual. {step}"]
        if lines:
            yield Trouble(
                f"stuck:{one.id}", Rule.STUCK, JOBS, Level.ATTENTION, f"{one.label}: jobs are stuck", tuple(lines),
                _list(type=one.id, stuck="1", range="all"),
            )  # fmt: skip


def queue(seen: Sighting) -> Iterator[Trouble]:
    """(d) The oldest queued job waits longer than the setting allows."""
    wait = seen.evidence.oldest_wait() if seen.evidence else None
    if seen.evidence and wait and seen.queued_limit and wait > seen.queued_limit:
        ends = pace(seen.evidence)
        lines = (f"The oldest of {plural(seen.evidence.queued, 'queued job')} waits for {age(wait)}, more than"
                 f" {age(seen.queued_limit)}{f'; the queue {ends}' if ends and 'moved' not in ends else ''}."
                 f" {CATALOGUE[Code.STARTS_SLOW].step}",)  # fmt: skip
        yield Trouble(
            "queue", Rule.QUEUE, JOBS, Level.ATTENTION, "A job waits very long for its turn", lines,
            _list(status="queued", range="all"), seen.evidence.oldest_queued_at,
        )  # fmt: skip


def silent(seen: Sighting) -> Iterator[Trouble]:
    """(e) Types that have not succeeded for longer than ever in a week."""
    for one in seen.silences or ():
        gap = seen.now - one.last_at
        if one.limit is not None and one.usual is not None and gap > one.limit:
            lines = (
                f"The last success was {_moment(one.last_at)}, {age(gap)} ago; in the week before it never took longer"
                f" than {age(one.usual)}. Check whether they are still asked for, and whether they fail.",
            )
            yield Trouble(
                f"silent:{one.type}", Rule.SILENT, JOBS, Level.ATTENTION, f"{one.label}: no success for {age(gap)}",
                lines, _list(type=one.type, range="7d"), one.last_at,
            )  # fmt: skip


RULES: Mapping[Rule, Callable[[Sighting], Iterator[Trouble]]] = {
    Rule.SERVICE: services,
    Rule.STALE: stale,
    Rule.FAILING: failing,
    Rule.STUCK: stuck,
    Rule.QUEUE: queue,
    Rule.SILENT: silent,
}
AT_ONCE = frozenset({Rule.SERVICE})
"""Incidents were counted before they opened; everything else has to be seen twice, and to be gone twice."""


def judged(seen: Sighting) -> frozenset[Rule]:
    """Rules that can tell whether there is trouble; alerts of the others stay as they are."""
    unknown: set[Rule] = set()
    if seen.evidence is None:
        unknown |= {Rule.FAILING, Rule.STUCK, Rule.QUEUE, Rule.SILENT}
    if seen.silences is None:
        unknown.add(Rule.SILENT)
    return frozenset(Rule) - unknown


def look(seen: Sighting, rules: frozenset[Rule]) -> dict[str, Trouble]:
    """All trouble by these rules, by key."""
    return {trouble.key: trouble for rule in rules for trouble in RULES[rule](seen)}


def is_well(key: str, began_at: datetime, seen: Sighting) -> bool:
    """Whether trouble that began then and was not found is over: a silence ends with a success, not with its memory."""
    rule, _, of = key.partition(":")
    if rule != Rule.SILENT:
        return True
    return any(one.type == of and one.last_at > began_at for one in seen.silences or ())


def is_quiet(rule: Rule, scope: str, windows: frozenset[str]) -> bool:
    """Whether maintenance covers it: `windows` are the scopes under maintenance now."""
    if scope == NETWORK:
        return windows >= {service.value for service in Service}
    return scope in windows or (rule is Rule.STALE and JOBS in windows)


def _types(seen: Sighting) -> tuple[TypeEvidence, ...]:
    return seen.evidence.types if seen.evidence else ()


def _list(**filters: str) -> str:
    return f"{SYSTEM}?{urlencode(filters)}"


def _moment(at: datetime) -> str:
    return f"{at:%H:%M} UTC, {at.day} {at:%b}"
