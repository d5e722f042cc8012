"""One round: look, decide, queue. What was decided and what is to be sent are one transaction of the one that collects.

So a restart between any two steps neither repeats nor forgets, and a process that lost its lease writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from psycopg import Connection

from salina_monitor.alerts.book import QUIET, Alert, Change, decide
from salina_monitor.alerts.letters import letters_of
from salina_monitor.alerts.outbox import Postman, queue
from salina_monitor.alerts.receivers import SQL
from salina_monitor.alerts.rules import OpenIncident, Rule, Sighting, is_well, judged, look
from salina_monitor.alerts.silences import get_silences
from salina_monitor.background import Background
from salina_monitor.health.incidents import LEAST_SERVICES
from salina_monitor.health.maintenance import under_maintenance
from salina_monitor.queries import JobSource, get_evidence
from salina_monitor.redact import Redactor
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError
from salina_monitor.verdict import Level

log = logging.getLogger(__name__)
JUDGE_EVERY = timedelta(seconds=60)
"""Everything but incidents is looked at so often; two looks closer than that are one."""
Row = dict[str, Any]


class Holder(Protocol):
    """What proves that this process is the one that decides: `health.Lease`."""

    def hold(self, conn: Connection[Row]) -> None:
        """Raises LeaseGone when it is not."""


class Alerts:
    """The alerts of one store. `source` reaches every tenant's jobs: letters hold numbers and ids only."""

    def __init__(self, settings: Settings, store: Store, source: JobSource, *, postman: Postman | None = None) -> None:
        self._settings = settings
        self._store = store
        self._source = source
        self._redact: Callable[[str], str] = Redactor(settings.secrets())
        self.postman = postman or Postman(store, settings)

    def round(self, lease: Holder, now: datetime) -> int:
        """Look, decide, queue; how many alerts people are to be told of. Raises StoreError, LeaseGone."""
        with self._store.connection() as conn:
            row = conn.execute(SQL["judged"]).fetchone()
        at = row["judged_at"] if row else None
        whole = at is None or not timedelta(0) <= now - at < JUDGE_EVERY  # a clock that was set back looks anew
        looked = self._look(now) if whole else None
        seen = looked or Sighting(now)
        rules = judged(seen) if looked else frozenset({Rule.SERVICE})
        with self._store.connection() as conn:
            lease.hold(conn)
            changes = self._decide(conn, seen, rules)
            if looked:
                conn.execute(SQL["judged_now"], {"now": now})
        return sum(change.event is not None for change in changes)

    def send(self, background: Background) -> None:
        """Have what is due sent beside everything else. Raises StoreError."""
        if self.postman.is_due():
            background.start("alerts", self.postman.work)

    def _look(self, now: datetime) -> Sighting | None:
        """Everything about jobs; None when it cannot be read now: trouble of services is told all the same."""
        try:
            return self._seen(now)
        except StoreError as error:
            log.warning("alerts about jobs are not judged for now: %s", error.code)
            return None

    def _seen(self, now: datetime) -> Sighting:
        state = self._source.state()
        stale = state.stale(now)
        known = not stale and state.as_of.at is not None
        limit = int(self._settings.monitor_alert_queued_minutes)
        return Sighting(
            now,
            data_at=state.as_of.at,
            stale=stale,
            evidence=get_evidence(as_of=state.as_of, source=self._source) if known else None,
            silences=get_silences(self._source) if known and not state.filling else None,
            queued_limit=timedelta(minutes=limit) if limit else None,
        )

    def _decide(self, conn: Connection[Row], seen: Sighting, rules: frozenset[Rule]) -> list[Change]:
        rows = conn.execute(SQL["open_incidents"], {"least_services": LEAST_SERVICES, "now": seen.now}).fetchall()
        seen = _with(seen, tuple(OpenIncident(**row) for row in rows))
        hours = float(self._settings.monitor_alert_remind_hours)
        just_over = conn.execute(SQL["just_over"], {"since": seen.now - QUIET, "now": seen.now}).fetchall()
        changes = decide(
            [alert_of(row) for row in conn.execute(SQL["open_alerts"])],
            look(seen, rules),
            judged=rules,
            quiet=under_maintenance(conn, seen.now),
            now=seen.now,
            remind=timedelta(hours=hours) if hours else None,
            over=[alert_of(row) for row in just_over],
            well=lambda alert: is_well(alert.key, alert.began_at, seen),
        )
        changes = [_saved(conn, change) for change in _unwatched(conn, changes)]
        letters = letters_of(
            changes, seen.now, base=base_of(self._settings), name=name_of(self._settings), redact=self._redact
        )
        for letter in letters:
            queue(conn, self._settings, letter, seen.now)
        return changes


def name_of(settings: Settings) -> str:
    """Who writes."""
    return "Salina sandbox" if settings.sandbox else "Salina Monitor"


def base_of(settings: Settings) -> str:
    """Where links of letters lead; "" where nobody said: then there are none."""
    if settings.sandbox and not settings.monitor_public_url:
        return f"http://127.0.0.1:{settings.port}"
    return str(settings.monitor_public_url)


def alert_of(row: Row) -> Alert:
    """A row of `alerts`."""
    told = row["told_level"]
    return Alert(**{
        **row, "rule": Rule(row["rule"]), "level": Level(row["level"]), "told_level": Level(told) if told else None,
        "lines": tuple(row["lines"]),
    })  # fmt: skip


def _with(seen: Sighting, incidents: tuple[OpenIncident, ...]) -> Sighting:
    return Sighting(seen.now, incidents, seen.data_at, seen.stale, seen.evidence, seen.silences, seen.queued_limit)


def _unwatched(conn: Connection[Row], changes: list[Change]) -> list[Change]:
    """An incident that ended only because nobody watched any more is not told as if all were well."""
    over = {one.alert.scope: one for one in changes
            if one.alert.rule is Rule.SERVICE and one.alert.closed_at is not None}  # fmt: skip
    rows = conn.execute(SQL["unwatched_incidents"], {"scopes": list(over)}).fetchall() if over else []
    for row in rows:
        change = over[row["scope"]]
        title, at = f"{change.alert.title} (no longer watched)", max(change.alert.began_at, row["closed_at"])
        changes[changes.index(change)] = replace(change, alert=replace(change.alert, title=title, closed_at=at))
    return changes


def _saved(conn: Connection[Row], change: Change) -> Change:
    alert = change.alert
    values = {**asdict(alert), "lines": list(alert.lines), "told_level": alert.told_level and alert.told_level.value}
    values |= {"rule": alert.rule.value, "level": alert.level.value}
    if change.forget:
        conn.execute(SQL["forget_alert"], values)
        return change
    if alert.id is not None:
        conn.execute(SQL["save_alert"], values)
        return change
    row = conn.execute(SQL["add_alert"], values).fetchone()
    assert row is not None
    return Change(alert_of({**values, "id": row["id"]}), change.event)
