"""One decision about many jobs: seen beforehand, begun once, watched, stopped, gone on with.

The store holds the list and what became of each job. `bulk_work` does the asking, one job after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.actions.jobs import Sources
from salina_monitor.actions.steering import LEAST_REASON
from salina_monitor.activity import Activity, Entry, Kind, record
from salina_monitor.fingerprint import title_of
from salina_monitor.models import AsOf, JobEntry, JobFilters, JobStatus, utcnow
from salina_monitor.policy import Right
from salina_monitor.queries import get_job_ids, get_recent_jobs
from salina_monitor.queries.jobs import get_jobs
from salina_monitor.queries.predicates import SQL as JOBS
from salina_monitor.queries.predicates import reach_of
from salina_monitor.report import chosen
from salina_monitor.store import Store, load_sql

SQL = load_sql("bulk")
CAP = 500
"""So many jobs at once; the rest of a longer list is another decision."""
SAMPLE, TENANTS_SHOWN = 5, 10


class What(StrEnum):
    """What is done with many jobs."""

    RERUN = "rerun"
    CANCEL = "cancel"

    @property
    def right(self) -> Right:
        return Right.RERUN if self is What.RERUN else Right.CANCEL

    @property
    def statuses(self) -> tuple[JobStatus, ...]:
        """Lists of which status it can be done to. Completed jobs are run again one by one only."""
        if self is What.RERUN:
            return (JobStatus.FAILED, JobStatus.CANCELLED)
        return (JobStatus.RUNNING, JobStatus.QUEUED)


class BulkRefused(Exception):
    """It was not begun; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done, with the jobs it would be done to: `begin` takes these and no others.

    `total` jobs are listed; the newest of them, `ids`, would be asked for, less the skipped. `scope` is the list in
    words.
    """

    what: What
    ids: tuple[str, ...]
    total: int
    total_is_capped: bool
    tenants: tuple[tuple[str | None, int], ...]
    tenant_count: int
    types: tuple[str, ...]
    made_good: int
    asked_before: int
    sample: tuple[JobEntry, ...]
    scope: str

    @property
    def jobs(self) -> int:
        """How many would be asked for."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class BulkState:
    """How a bulk action stands. `active`: somebody works on it now. `new_runs`: states of the runs it started."""

    id: int
    what: What
    who: str
    why: str
    scope: str
    at: datetime
    state: str
    said: str
    active: bool
    jobs: int
    waiting: int
    asking: int
    done: int
    skipped: int
    failed: int
    unconfirmed: int
    new_runs: dict[str, int]

    @property
    def settled(self) -> int:
        """Jobs that nothing more is done about."""
        return self.jobs - self.waiting - self.asking

    @property
    def can_resume(self) -> bool:
        return not self.active and self.state != "done"


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One job of a bulk action; `new_state` is how the run stands that was started for it."""

    job_id: str
    state: str
    said: str
    new_id: str | None
    new_state: str | None


@dataclass(frozen=True, slots=True)
class Bulk:
    """Bulk actions of one store. Every method raises StoreError, and Denied to whoever lacks the right."""

    store: Store
    activity: Activity
    sources: Sources

    def preview(self, actor: Actor, what: What, filters: JobFilters, as_of: AsOf) -> Preview:
        """What would be done with the list. Raises BulkRefused where it cannot be done to such a list."""
        permit(self.activity, actor, what.right, "bulk")
        _fits(what, filters)
        source = self.sources(actor.user)
        listed = get_recent_jobs(filters, 1, 1, as_of=as_of, source=source)
        ids = get_job_ids(filters, as_of, CAP, source=source)
        sample = tuple(get_jobs(ids[:SAMPLE], as_of, source=source))
        values = {"ids": ids, "what": what.value, "seq": as_of.seq, "most": TENANTS_SHOWN}
        with self.store.connection() as conn:
            row = conn.execute(SQL["numbers"], values).fetchone()
            tenants = conn.execute(SQL["tenants"], values).fetchall()
            names = {known["id"]: known["name"] for known in conn.execute(JOBS["function_names"])}
        assert row is not None
        names |= {job.function_id: job.function_name for job in sample}
        types = [source.types.label_of(f, names.get(f)) for f in row["functions"] or ()]
        return Preview(
            what, tuple(ids), max(listed.total, len(ids)), listed.total_is_capped,
            tuple((r["tenant_id"], r["n"]) for r in tenants), row["tenants"], tuple(dict.fromkeys(types)),
            row["made_good"], row["asked"], sample, _scope(filters, sample),
        )  # fmt: skip

    def begin(self, actor: Actor, seen: Preview, why: str, key: str) -> int:
        """Write down what is to be done with the jobs of a preview; the number of the bulk action.

        Jobs that the actor may not see any more are left out, none is added. The same `key` begins nothing a second
        time. Raises BulkRefused.
        """
        what = seen.what
        permit(self.activity, actor, what.right, "bulk")
        if len(why.strip()) < LEAST_REASON:
            raise BulkRefused("Write why, for those who come after you; nothing was done.")
        ids = self._within_reach(actor, seen.ids[:CAP])
        if not ids:
            raise BulkRefused("There is no such job any more; nothing was done.")
        now = utcnow()
        values: dict[str, Any] = {
            "key": key, "what": what.value, "who": actor.user.name, "why": why.strip()[:500], "at": now,
            "scope": seen.scope[:500], "address": actor.address, "ids": ids,
        }  # fmt: skip
        with self.store.connection() as conn:
            row = conn.execute(SQL["begin"], values).fetchone()
            if row is None:
                row = conn.execute(SQL["begun"], values).fetchone()
                assert row is not None
                return int(row["id"])
            values["id"] = row["id"]
            conn.execute(SQL["add_items"], values)
            detail = {"what": what.value, "jobs": len(ids), "scope": values["scope"]}
            record(conn, Entry(Kind.BULK_BEGUN, actor.origin(why), target_of(row["id"]), detail=detail), now)
        return int(row["id"])

    def resume(self, actor: Actor, bulk_id: int) -> bool:
        """Have the rest done, with the rights of `actor`; False when it is done or somebody works on it."""
        return self._steer(actor, bulk_id, "resume", Kind.BULK_RESUMED)

    def stop(self, actor: Actor, bulk_id: int) -> bool:
        """Have nothing more done; False when nobody works on it."""
        return self._steer(actor, bulk_id, "stop", Kind.BULK_STOPPED)

    def state(self, actor: Actor, bulk_id: int) -> BulkState | None:
        """How it stands; None when there is none by this number that the actor may see."""
        permit(self.activity, actor, Right.VIEW_SYSTEM, target_of(bulk_id))
        with self.store.connection() as conn:
            row = conn.execute(SQL["read"], {"id": bulk_id}).fetchone()
            if row is None or not _visible(actor, row["who"]):
                return None
            runs = {r["state"]: r["n"] for r in conn.execute(SQL["new_runs"], {"id": bulk_id})}
        names = ("id", "who", "why", "scope", "at", "state", "said", "jobs", "waiting", "asking", "done", "skipped",
                 "failed", "unconfirmed")  # fmt: skip
        active = row["state"] == "running" and row["worked_on"]
        return BulkState(what=What(row["what"]), active=active, new_runs=runs, **{name: row[name] for name in names})

    def items(self, actor: Actor, bulk_id: int, limit: int = CAP) -> tuple[BulkItem, ...]:
        """Its jobs and what became of each, what went wrong first."""
        if self.state(actor, bulk_id) is None:
            return ()
        with self.store.connection() as conn:
            rows = conn.execute(SQL["items"], {"id": bulk_id, "limit": limit}).fetchall()
        return tuple(BulkItem(r["job_id"], r["state"], r["said"], r["new_id"], r["new_state"]) for r in rows)

    def recent(self, actor: Actor, limit: int = 5) -> tuple[BulkState, ...]:
        """The latest ones that the actor may see."""
        permit(self.activity, actor, Right.VIEW_SYSTEM, "bulk")
        values = {"who": actor.user.name if actor.user.tenant is not None else None, "limit": limit}
        with self.store.connection() as conn:
            ids = [row["id"] for row in conn.execute(SQL["recent"], values)]
        return tuple(state for bulk_id in ids if (state := self.state(actor, bulk_id)) is not None)

    def _within_reach(self, actor: Actor, ids: Sequence[str]) -> list[str]:
        """Those that the actor may see now. Jobs that are forgotten meanwhile stay, to be skipped with that reason."""
        source = self.sources(actor.user)
        if source.tenant is None:
            return list(ids)
        reach, values = reach_of(source, source.state().as_of)
        with self.store.connection() as conn:
            statement = SQL["within_reach"].replace("{where}", reach).encode()
            return [row["id"] for row in conn.execute(statement, {**values, "ids": list(ids)})]

    def _steer(self, actor: Actor, bulk_id: int, statement: str, kind: Kind) -> bool:
        state = self.state(actor, bulk_id)
        if state is None:
            return False
        permit(self.activity, actor, state.what.right, target_of(bulk_id))
        said = f"Stopped by {actor.user.name}; the jobs still waiting were not asked for."
        values = {"id": bulk_id, "who": actor.user.name, "address": actor.address, "said": said}
        with self.store.connection() as conn:
            if conn.execute(SQL[statement], values).fetchone() is None:
                return False
            record(conn, Entry(kind, actor.origin(), target_of(bulk_id)), utcnow())
        return True


def target_of(bulk_id: int) -> str:
    """How activity rows name a bulk action."""
    return f"bulk {bulk_id}"


def _scope(filters: JobFilters, newest: Sequence[JobEntry]) -> str:
    """The list in words; a cause by what it says, for its key tells people nothing."""
    if filters.group is None:
        return chosen(filters)
    said = title_of(newest[0].error, newest[0].tenant_id) if newest and newest[0].error else filters.group
    return f"{chosen(replace(filters, group=None))}, cause “{said}”"


def _fits(what: What, filters: JobFilters) -> None:
    if filters.status not in what.statuses:
        allowed = " or ".join(status.value for status in what.statuses)
        word = "run again" if what is What.RERUN else "cancelled"
        raise BulkRefused(f"Only a list of {allowed} jobs can be {word} as a whole; choose that status first.")


def _visible(actor: Actor, who: str) -> bool:
    """Who sees one tenant only sees what they did themselves: a list of others' may name other tenants."""
    return actor.user.tenant is None or actor.user.name == who
