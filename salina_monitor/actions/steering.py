"""Run a job again, cancel a job: asked of Inngest once, written down before and after.

Two clicks, two tabs or two people act once: whoever claims the job in the store first asks. The claim is given back
when Inngest surely did nothing, and kept when it may have done it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.actions.jobs import Sources
from salina_monitor.actions.written import write_down
from salina_monitor.activity import Activity, Entry, Kind, Outcome, record
from salina_monitor.inngest import InngestClient, InngestError, NotFound, Refused, Unconfirmed
from salina_monitor.models import JSON, utcnow
from salina_monitor.policy import Right
from salina_monitor.queries import get_job_detail
from salina_monitor.store import Store, StoreError, load_sql

log = logging.getLogger(__name__)
_SQL = load_sql("actions")
HOLDS = timedelta(minutes=10)
"""For this long nobody asks for the same thing again."""
LEAST_REASON = 3


class Result(StrEnum):
    """How one action went. After `AWAY` surely nothing was done, because Inngest could not be asked."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Done:
    """How it went, in a sentence; `new_id` of the run that was started."""

    result: Result
    said: str
    new_id: str | None = None

    @property
    def ok(self) -> bool:
        return self.result is Result.DONE


@dataclass(frozen=True, slots=True)
class Steering:
    """Acts on jobs of one Inngest. Every method raises Denied, StoreError, InngestError (when the job is unknown)."""

    store: Store
    client: InngestClient
    activity: Activity
    sources: Sources

    def rerun(self, actor: Actor, job_id: str, why: str) -> Done:
        """Run a job again: the same event, a new run."""
        permit(self.activity, actor, Right.RERUN, job_id)
        return self._once(actor, job_id, why, "rerun")

    def cancel(self, actor: Actor, job_id: str, why: str) -> Done:
        """Cancel a job that has not ended."""
        permit(self.activity, actor, Right.CANCEL, job_id)
        return self._once(actor, job_id, why, "cancel")

    def _once(self, actor: Actor, job_id: str, why: str, what: str) -> Done:
        if len(why.strip()) < LEAST_REASON:
            return Done(Result.FAILED, "Write why, for those who come after you; nothing was done.")
        job = get_job_detail(job_id, source=self.sources(actor.user))
        if job is None:
            return Done(Result.SKIPPED, "Nobody knows this job any more; nothing was done.")
        if what == "cancel" and job.status.is_terminal:
            return Done(Result.SKIPPED, f"The job is {job.status.value} already; there is nothing to cancel.")
        if what == "rerun" and not job.status.is_terminal:
            return Done(Result.SKIPPED, "The job has not ended; it is not run again beside itself.")
        now = utcnow()
        values = {"job_id": job.id, "what": what, "who": actor.user.name, "at": now}
        with self.store.connection() as conn:
            if conn.execute(_SQL["claim"], {**values, "before": now - HOLDS}).fetchone() is None:
                other = conn.execute(_SQL["claimed_by"], values).fetchone()
                name = other["who"] if other else "Somebody"
                return Done(
                    Result.SKIPPED, f"{name} asked for this less than 10 minutes ago; nothing was done a second time."
                )
            # One transaction: a store that goes away between the two must not leave a claim of what nobody asked for.
            asked = Kind.RERUN_ASKED if what == "rerun" else Kind.CANCEL_ASKED
            record(conn, Entry(asked, actor.origin(why), job.id), now)
        return self._ask(actor, job.id, why, what, values)

    def _ask(self, actor: Actor, job_id: str, why: str, what: str, values: Mapping[str, object]) -> Done:
        """From here on it is happening: whatever becomes of the store, how it went is told and written down."""
        by = actor.origin(why)
        done = Kind.RERUN if what == "rerun" else Kind.CANCEL
        try:
            new_id = self.client.rerun(job_id) if what == "rerun" else None
            if what == "cancel":
                self.client.cancel(job_id)
        except InngestError as error:
            lost = isinstance(error, Unconfirmed)
            outcome = Outcome.UNCONFIRMED if lost else Outcome.FAILED
            write_down(self.activity, Entry(done, by, job_id, outcome, {"code": error.code}))
            if not lost:
                self._release(values)
            return Done(result_of(error), error.message)
        detail: dict[str, JSON] = {"new_job": new_id} if new_id else {}
        write_down(self.activity, Entry(done, by, job_id, detail=detail))
        return Done(Result.DONE, f"Started again as job {new_id}." if new_id else "The job is being cancelled.", new_id)

    def _release(self, values: Mapping[str, object]) -> None:
        try:
            with self.store.connection() as conn:
                conn.execute(_SQL["release"], values)
        except StoreError as error:
            log.warning("the claim on a job stays for %s: %s", HOLDS, error.code)


def result_of(error: InngestError) -> Result:
    """What an error says about the one job: done perhaps, surely not and never, or not yet."""
    if isinstance(error, Unconfirmed):
        return Result.UNCONFIRMED
    return Result.FAILED if isinstance(error, Refused | NotFound) else Result.AWAY
