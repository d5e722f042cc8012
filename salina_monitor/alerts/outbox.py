"""What is to be sent waits in the store until it was: tried again and again with growing pauses, for days.

A letter is taken, sent and settled in three steps, none of which holds a transaction while it waits for anybody.
Whoever dies between sending and settling leaves a letter that is sent again with the same key, and a mail is then not
mailed twice.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from salina_monitor.alerts import mail, webhook
from salina_monitor.alerts.letters import Letter
from salina_monitor.alerts.outcomes import Outcome, not_sent
from salina_monitor.alerts.receivers import MAIL, SQL, addresses, receivers
from salina_monitor.models import utcnow
from salina_monitor.settings import Settings
from salina_monitor.store import Store

log = logging.getLogger(__name__)
HOLD_S = 60.0
"""So long a letter belongs to whoever took it; longer than any send takes."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=20), timedelta(minutes=10)
GIVE_UP = timedelta(days=3)
PATIENCE = 12
"""After so many tries a letter no longer keeps those behind it waiting (about an hour and a half)."""
AT_ONCE = 200
RATE_LIMITED = "rate_limited"
LONGEST_STAND_S = 5.0
Row = dict[str, Any]


def queue(conn: Connection[Row], settings: Settings, letter: Letter, now: datetime) -> int:
    """Put a letter to everybody into the caller's transaction; to how many."""
    everybody = receivers(conn, settings)
    for channel, user in everybody:
        conn.execute(
            SQL["queue"], {"channel": channel, "user_name": user, "letter": Jsonb(letter.to_json()), "now": now}
        )
    return len(everybody)


def pause(attempts: int, jitter: float) -> timedelta:
    """How long to wait after so many tries; `jitter` is about 1."""
    doubled: int = 2 ** min(max(attempts - 1, 0), 16)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE) * jitter


@dataclass(frozen=True)
class Postman:
    """Sends what waits in one store. `now` and `jitter` are parameters for tests."""

    store: Store
    settings: Settings
    now: Callable[[], datetime] = utcnow
    jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    hold_s: float = HOLD_S

    def is_due(self) -> bool:
        """Whether anything waits to be sent now. Raises StoreError."""
        with self.store.connection() as conn:
            row = conn.execute(SQL["is_due"], {"now": self.now()}).fetchone()
        return bool(row and row["found"])

    def work(self, stopping: Event) -> None:
        """Send whatever is due, one after the other. Raises StoreError; what was not settled is sent again."""
        for _ in range(AT_ONCE):
            if stopping.is_set() or (outcome := self.one()) is None:
                return
            # A burst is taken at the receiver's pace: the next letter would be refused like this one.
            if outcome.code == RATE_LIMITED and stopping.wait(min(outcome.retry_after_s, LONGEST_STAND_S)):
                return

    def one(self) -> Outcome | None:
        """Send the next letter and tell how that went; None when none is due. Raises StoreError."""
        values = {"now": self.now(), "hold_s": self.hold_s, "patience": PATIENCE}
        with self.store.connection() as conn:
            row = conn.execute(SQL["claim"], values).fetchone()
            to = addresses(conn).get(row["user_name"]) if row is not None and row["channel"] == MAIL else None
        if row is None:
            return None
        outcome = self._send(row, to)
        self._settle(row, outcome)
        return outcome

    def _send(self, row: Row, address: str | None) -> Outcome:
        letter = row["letter"]
        try:
            if row["channel"] != MAIL:
                return webhook.post(self.settings, letter, str(row["key"]), row["made_at"])
            if address is None:
                return not_sent("no_receiver", mail.WHO)
            subject, text, html = letter["subject"], letter["text"], letter["html"]
            return mail.send(self.settings, address, subject, text, html, str(row["key"]))
        except Exception:
            log.exception("an alert could not be sent")  # it stays in the outbox, and the next ones must go out
            return not_sent("sending_bug", mail.WHO)

    def _settle(self, row: Row, outcome: Outcome) -> None:
        now = self.now()
        state, wait = "waiting", timedelta(0)
        if outcome.sent:
            state = "sent"
        elif outcome.code == "no_receiver":
            state = "dropped"
        elif now - row["made_at"] >= GIVE_UP:
            state = "given_up"
        else:
            wait = timedelta(seconds=outcome.retry_after_s)
            if outcome.code != RATE_LIMITED:  # which says itself when there is room again
                wait = max(pause(row["attempts"], self.jitter()), wait)
        if not outcome.sent:
            log.warning("an alert was not sent (%s, try %s): %s", row["channel"], row["attempts"], outcome.code)
        values = {"id": row["id"], "state": state, "next_at": now + wait, "now": now, "code": outcome.code}
        with self.store.connection() as conn:
            conn.execute(SQL["settle"], {**values, "said": outcome.said})
            if outcome.sent:
                conn.execute(SQL["hurry"], {"channel": row["channel"], "now": now})
