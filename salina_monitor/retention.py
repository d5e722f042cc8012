"""What is forgotten by age, and when: one rule a table, in small transactions that nobody has to wait for.

Counts of ended runs go with their runs: a quarter counts what is kept of it, so a chart and the list behind it agree.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from salina_monitor.models import utcnow
from salina_monitor.settings import Settings
from salina_monitor.store import Store, load_sql

SQL = load_sql("retention")
AT_ONCE = 1_000
"""Rows of one transaction: some tens of milliseconds."""
COUNT_S = 60.0
HISTORY_MARGIN = timedelta(days=2)
"""What the first fill or a re-sweep may still fetch is kept, or it would come back the hour it went."""
TEXT_GONE = "The text of this error is no longer kept."


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows go by which setting. `table` is the name people see; the statements are called after it."""

    table: str
    setting: str
    of_runs: bool = False

    @property
    def key(self) -> str:
        """The rule's name in the SQL file."""
        return self.table.replace(" ", "_")

    def before(self, settings: Settings, now: datetime) -> datetime:
        """Everything older goes."""
        kept = timedelta(days=int(getattr(settings, self.setting.lower())))
        if self.of_runs:
            kept = max(kept, timedelta(days=int(settings.monitor_history_days)) + HISTORY_MARGIN)
        return now - kept


RULES = (
    Rule("texts", "MONITOR_TEXT_DAYS", of_runs=True),
    Rule("runs", "MONITOR_RUN_DAYS", of_runs=True),
    Rule("run counts", "MONITOR_RUN_DAYS", of_runs=True),
    Rule("health checks", "MONITOR_HEALTH_DAYS"),
    Rule("health quarters", "MONITOR_HEALTH_QUARTER_DAYS"),
    Rule("health days", "MONITOR_HEALTH_DAY_DAYS"),
    Rule("activity", "MONITOR_ACTIVITY_DAYS"),
    Rule("incidents", "MONITOR_RECORD_DAYS"),
    Rule("alerts", "MONITOR_RECORD_DAYS"),
    Rule("letters", "MONITOR_LETTER_DAYS"),
    Rule("maintenance windows", "MONITOR_RECORD_DAYS"),
    Rule("bulk actions", "MONITOR_RECORD_DAYS"),
    Rule("job actions", "MONITOR_RECORD_DAYS"),
    Rule("failure marks", "MONITOR_RECORD_DAYS"),
)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one rule took, or would take; the setting that says so."""

    table: str
    rows: int
    before: datetime
    setting: str


@dataclass
class Retention:
    """Forgetting for one store. `now` and `clock` (monotonic seconds) are parameters for tests."""

    store: Store
    settings: Settings
    now: Callable[[], datetime] = utcnow
    clock: Callable[[], float] = time.monotonic
    at_once: int = AT_ONCE

    def count(self) -> list[Pruned]:
        """What would go now, rule by rule. Raises StoreError."""
        now = self.now()
        found = []
        for rule in RULES:
            values = self._values(rule, now)
            with self.store.connection(statement_timeout_s=COUNT_S) as conn:
                row = conn.execute(SQL[f"rows_{rule.key}"], values).fetchone()
            assert row is not None
            found.append(Pruned(rule.table, int(row["n"]), values["before"], rule.setting))
        return found

    def prune(self, budget_s: float | None = None) -> tuple[list[Pruned], bool]:
        """Forget, batch by batch, until nothing or no time is left; whether something is. Raises StoreError."""
        now, end = self.now(), None if budget_s is None else self.clock() + budget_s
        gone: list[Pruned] = []
        for rule in RULES:
            values, rows = self._values(rule, now), 0
            while True:
                took, more = self._batch(rule, values)
                rows += took
                if not more:
                    break
                if end is not None and self.clock() >= end:
                    return [*gone, Pruned(rule.table, rows, values["before"], rule.setting)], True
            gone.append(Pruned(rule.table, rows, values["before"], rule.setting))
        return gone, False

    def _batch(self, rule: Rule, values: dict[str, Any]) -> tuple[int, bool]:
        """One transaction: how many rows went, and whether there may be more."""
        if rule.key == "texts":
            return self._texts(values)
        with self.store.connection() as conn:
            done = conn.execute(SQL[f"prune_{rule.key}"], values)
            row = done.fetchone() if rule.key == "run_counts" else None
            took = int(row["n"]) if row else done.rowcount
        # A statement over several tables may take the limit of each.
        return took, took >= self.at_once

    def _texts(self, values: dict[str, Any]) -> tuple[int, bool]:
        with self.store.connection() as conn:
            step = conn.execute(SQL["texts_step"], values).fetchone()
            if step is None or step["last"] is None:
                return 0, False
            if step["until"] is None:
                conn.execute(SQL["texts_done"], {"until": step["last"]})
                return 0, False
            span = {"since": step["texts_until"], "until": step["until"], "gone": TEXT_GONE}
            took = conn.execute(SQL["prune_texts"], span).rowcount
            conn.execute(SQL["texts_done"], {"until": step["until"]})
        return took, True

    def _values(self, rule: Rule, now: datetime) -> dict[str, Any]:
        before = rule.before(self.settings, now)
        day = before.replace(hour=0, minute=0, second=0, microsecond=0)
        return {"before": before, "bucket": before - timedelta(minutes=15), "day": day - timedelta(days=1),
                "most": self.at_once}  # fmt: skip
