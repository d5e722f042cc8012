"""How an alert stands, and what a look at the trouble makes of it. Pure: two counters, three moments, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from salina_monitor.alerts.rules import AT_ONCE, Rule, Trouble, is_quiet
from salina_monitor.verdict import Level
from salina_monitor.words import age

LOOKS = 2
"""So often in a row trouble has to be seen, or to be gone."""
LATER_REMINDERS = timedelta(hours=24)
"""Reminders after the first one."""


QUIET = timedelta(minutes=30)
"""What comes back within this time after its end is the same alert; then it is over after so long without any."""

NO_LONGER_JUDGED = "This is no all-clear: too little is known by now to tell what is usual. Nothing more is said of it."


class Event(StrEnum):
    """What people are told. The values are stable: webhooks get them."""

    OPENED = "opened"
    WORSE = "worse"
    REMINDED = "reminded"
    RESOLVED = "resolved"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Alert:
    """One trouble as the store knows it; see the table `alerts`.

    `returns`: so often it was over and came back soon. `looked_after`: somebody is at it, or was before it came back.
    """

    key: str
    rule: Rule
    scope: str
    level: Level
    title: str
    lines: tuple[str, ...]
    path: str
    began_at: datetime
    id: int | None = None
    seen: int = 0
    missed: int = 0
    gone_at: datetime | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    told_at: datetime | None = None
    told_level: Level | None = None
    told: int = 0
    reminders: int = 0
    returns: int = 0
    looked_after: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an alert. `forget`: it never was one. `event`: people are to be told."""

    alert: Alert
    event: Event | None = None
    forget: bool = False


def decide(
    known: Iterable[Alert],
    found: Mapping[str, Trouble],
    *,
    judged: frozenset[Rule],
    quiet: frozenset[str],
    now: datetime,
    remind: timedelta | None,
    over: Iterable[Alert] = (),
    well: Callable[[Alert], bool] = lambda _: True,
) -> list[Change]:
    """Every alert after one look. `judged` are the rules that could look, `quiet` the scopes under maintenance.

    `over` are those that ended less than `QUIET` ago and go on if they come back. `well`: an alert whose trouble was
    not found is known to be over, and not just no longer judged.
    """
    changes, left, ended = [], dict(found), {alert.key: alert for alert in over}
    for alert in known:
        trouble = left.pop(alert.key, None)
        if alert.rule not in judged:
            continue
        silent = is_quiet(alert.rule, alert.scope, quiet)
        if trouble:
            changes.append(_still(alert, trouble, silent, now, remind))
        else:
            changes.append(_gone(alert, silent, now, well(alert)))
    for trouble in left.values():
        if not trouble.known_only:
            # It came back: that is told once, as trouble of a kind of its own.
            back = ended.get(trouble.key)
            alert = replace(back, closed_at=None, told_at=None, told_level=None) if back else Alert(
                trouble.key, trouble.rule, trouble.scope, trouble.level, trouble.title, trouble.lines, trouble.path,
                min(trouble.since or now, now),
            )  # fmt: skip
            changes.append(_still(alert, trouble, is_quiet(alert.rule, alert.scope, quiet), now, remind))
    return changes


def _still(alert: Alert, trouble: Trouble, quiet: bool, now: datetime, remind: timedelta | None) -> Change:
    returns = alert.returns + (alert.rule in AT_ONCE and alert.gone_at is not None)
    title, lines = trouble.title, trouble.lines
    if returns:
        title = f"{title} again"
        said = f"It came back within {age(QUIET)} of its end, {_times(returns)} so far."
        lines = (*lines, f"{said} Nothing more is told of that until it was well for {age(QUIET)}.")
    alert = replace(
        alert, level=trouble.level, title=title, lines=lines, path=trouble.path, missed=0, gone_at=None,
        seen=alert.seen + 1, returns=returns, looked_after=alert.looked_after or trouble.looked_after,
    )  # fmt: skip
    if alert.opened_at is None and alert.seen >= _looks(alert):
        alert = replace(alert, opened_at=now)
    if alert.told_at is not None and alert.told_at > now:  # the clock was set back: waiting for it would be silence
        alert = replace(alert, told_at=now)
    if alert.opened_at is None or quiet or trouble.known_only:
        return Change(alert)
    event = _due(alert, now, remind)
    if event is None:
        return Change(alert)
    told = replace(alert, told_at=now, told_level=alert.level, told=alert.told + 1)
    if event is Event.REMINDED:
        told = replace(told, reminders=alert.reminders + 1)
    return Change(told, event)


def _due(alert: Alert, now: datetime, remind: timedelta | None) -> Event | None:
    if alert.told == 0 or alert.told_at is None:
        return Event.OPENED
    if alert.level is Level.TROUBLE and alert.told_level is Level.ATTENTION:
        return Event.WORSE
    if remind is None or alert.looked_after:
        return None
    after = remind if alert.reminders == 0 else max(remind, LATER_REMINDERS)
    # However long nobody looked: one reminder, and the next one counts from it.
    return Event.REMINDED if now - alert.told_at >= after else None


def _gone(alert: Alert, quiet: bool, now: datetime, well: bool) -> Change:
    if alert.opened_at is None:
        return Change(alert, forget=True)
    alert = replace(alert, seen=0, missed=alert.missed + 1, gone_at=min(alert.gone_at or now, now))
    unstable = alert.returns > 0 and now - (alert.gone_at or now) < QUIET
    # Who was told of the beginning is told of the end, once maintenance lets us.
    if alert.missed < _looks(alert) or unstable or (quiet and alert.told):
        return Change(alert)
    alert = replace(alert, closed_at=alert.gone_at)
    if not well:
        alert = replace(alert, title=f"{alert.title}; no longer judged", lines=(NO_LONGER_JUDGED,))
    event = Event.RESOLVED if well else Event.UNJUDGED
    return Change(alert, event if alert.told else None)


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n:,} times")


def _looks(alert: Alert) -> int:
    return 1 if alert.rule in AT_ONCE else LOOKS
