"""Works a bulk action off: one job after the other, each written down before and after it is asked for.

Whoever works holds a lease of the store. A process that dies leaves at most one job of which nobody knows the answer;
that one is never asked for again by itself, the others wait for somebody to resume.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from salina_monitor.actions.actor import Actor
from salina_monitor.actions.bulk import SQL, What, target_of
from salina_monitor.actions.steering import Done, Result, Steering, result_of
from salina_monitor.activity import Activity, Entry, Kind, Origin, record
from salina_monitor.inngest import InngestError
from salina_monitor.models import User, utcnow
from salina_monitor.policy import Denied
from salina_monitor.store import Store

log = logging.getLogger(__name__)
LEASE_S = 60
TRIES = 3
"""So often one job is tried while Inngest cannot be asked; then the rest waits for somebody to resume."""
WAIT_S = 2.0
_LOST = "Asked for, but the answer was lost with its process; look at the job."
_NO_USER = "Whoever asked for this can no longer be found; somebody else may resume it."


@dataclass(frozen=True)
class BulkWork:
    """Works on bulk actions of one store. `user_of` knows people as they are now, not as they were at the click."""

    store: Store
    activity: Activity
    steering: Steering
    user_of: Callable[[str], User | None]
    wait_s: float = WAIT_S
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)

    def work(self, bulk_id: int, stopping: Event) -> None:
        """Do what waits, until all is settled, it is stopped, or it cannot go on. Raises StoreError."""
        values: dict[str, Any] = {"id": bulk_id, "owner": self.owner, "lease_s": LEASE_S}
        with self.store.connection() as conn:
            if conn.execute(SQL["take"], values).fetchone() is None:
                return
            conn.execute(SQL["lost"], {**values, "said": _LOST, "at": utcnow()})
        try:
            while not stopping.is_set():
                with self.store.connection() as conn:
                    bulk = conn.execute(SQL["take"], values).fetchone()
                    item = conn.execute(SQL["next"], {**values, "at": utcnow()}).fetchone() if bulk else None
                if bulk is None:
                    return
                if item is None:
                    self._end(values, bulk, "done", "")
                    return
                problem = self._item(values, bulk, item, stopping)
                if problem:
                    self._end(values, bulk, "paused", problem)
                    return
        finally:
            with self.store.connection() as conn:
                conn.execute(SQL["leave"], values)

    def _item(self, values: dict[str, Any], bulk: Mapping[str, Any], item: Mapping[str, Any], stopping: Event) -> str:
        """One job; why the whole cannot go on, or ""."""
        user = self.user_of(bulk["acting"])
        problem, done = _NO_USER, None
        if user is not None:
            try:
                done = self._ask(Actor(user, 0, bulk["address"]), bulk, item["job_id"], values["id"], stopping)
                problem = done.said if done.result is Result.AWAY else ""
            except Denied as error:
                problem = f"{user.name} may no longer do this: {error}"
        waits = done is None or done.result is Result.AWAY
        settled = {
            **values, "place": item["place"], "state": "waiting" if waits or done is None else done.result.value,
            "said": "" if waits or done is None else done.said, "new_id": done.new_id if done else None, "at": utcnow(),
        }  # fmt: skip
        with self.store.connection() as conn:
            conn.execute(SQL["settle"], settled)
        return problem

    def _ask(self, actor: Actor, bulk: Mapping[str, Any], job_id: str, bulk_id: int, stopping: Event) -> Done:
        what = What(bulk["what"])
        with self.store.connection() as conn:
            known = conn.execute(SQL["skip_reason"], {"job_id": job_id, "what": what.value}).fetchone()
        if known and known["asked"]:
            return Done(Result.SKIPPED, f"Asked for before: {known['asked']}.")
        if known and known["made_good"] and what is What.RERUN:
            return Done(Result.SKIPPED, "Made good already: its document was made later.")
        ask = self.steering.rerun if what is What.RERUN else self.steering.cancel
        for attempt in range(1, TRIES + 1):
            try:
                done = ask(actor, job_id, f"{bulk['why']} ({target_of(bulk_id)})")
            except InngestError as error:
                done = Done(result_of(error), error.message)
            if done.result is not Result.AWAY or attempt == TRIES or stopping.wait(self.wait_s * attempt):
                break
        return done

    def _end(self, values: dict[str, Any], bulk: Mapping[str, Any], state: str, said: str) -> None:
        now = utcnow()
        with self.store.connection() as conn:
            if conn.execute(SQL["end"], {**values, "state": state, "said": said, "at": now}).fetchone() is None:
                return
            row = conn.execute(SQL["read"], values).fetchone()
            assert row is not None
            numbers = {name: row[name] for name in ("done", "skipped", "failed", "unconfirmed", "waiting")}
            by = Origin(bulk["acting"], bulk["address"], said or bulk["why"])
            record(conn, Entry(Kind.BULK_ENDED, by, target_of(values["id"]), detail={"state": state, **numbers}), now)
        log.info("bulk action %s is %s: %s", values["id"], state, numbers)
