"""Failures and the trouble of services: which jobs failed in an incident, and which incident a failure fell into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from salina_monitor.coincidence import Coincidence, Trouble, points_to
from salina_monitor.models import AsOf, Service
from salina_monitor.queries.failures import error_of_row
from salina_monitor.queries.predicates import SQL as JOBS
from salina_monitor.queries.predicates import reach_of
from salina_monitor.queries.source import JobSource, current_source
from salina_monitor.store import load_sql

SQL = load_sql("causes")
MOST_TROUBLES = 50
MOST_SAMPLES = 100
TENANTS_SHOWN = 5
WEEK = timedelta(days=7)
BEFORE = timedelta(seconds=45)
"""An incident begins with the first bad check; the trouble itself began somewhere after the last good one."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TroubleJobs:
    """What failed within one incident.

    `named` of the `failed` jobs have an error that points to the service. `ended` ended in it, good or bad, and
    `usual_failed` of `usual_ended` is what fails in a week. `tenants` are the most hit ones with their counts.
    """

    trouble: Trouble
    failed: int = 0
    ended: int = 0
    named: int = 0
    tenant_count: int = 0
    tenants: tuple[tuple[str, int], ...] = ()
    usual_failed: int = 0
    usual_ended: int = 0


@dataclass(frozen=True)
class _Asking:
    """One view's questions: as far as the source reaches, on the source's clock."""

    conn: Connection[Row]
    source: JobSource
    as_of: AsOf

    def ask(self, name: str, **more: Any) -> list[Row]:
        reach, values = reach_of(self.source, self.as_of)
        everybody = self.source.tenant is None
        parts = {
            "where": reach, "counts": "run_counts" if everybody else "run_counts_by_tenant",
            "of_counts": SQL["of_all_counts" if everybody else "of_tenant_counts"],
        }  # fmt: skip
        text = SQL[name]
        for part, filling in parts.items():
            text = text.replace(f"{{{part}}}", filling)
        return self.conn.execute(text.encode(), {**values, **more}).fetchall()

    def troubles(self, since: datetime, until: datetime, most: int = MOST_TROUBLES) -> tuple[Trouble, ...]:
        """The newest incidents of a range (on the monitor's clock), oldest first."""
        rows = self.ask("troubles", since=since, until=until, most=most)
        found = [
            Trouble(row["id"], Service(row["scope"]), row["worst"], row["opened_at"], row["closed_at"]) for row in rows
        ]
        return tuple(reversed(found))

    def bounds(self, troubles: Iterable[Trouble]) -> dict[str, list[datetime]]:
        """Their times on the clock of runs, with the time in which the trouble was there but not yet seen."""
        ahead, now = _ahead(self.as_of), self.source.now_at(self.as_of) + timedelta(seconds=1)
        # While nobody watches, what is open reaches only as far as the last result speaks.
        known = {row["service"]: row["holds_until"] + ahead for row in self.ask("holds_until")}
        ends = [
            min(now, known.get(one.service.value, now)) if one.until is None else one.until + ahead for one in troubles
        ]
        return {"starts": [one.since + ahead - BEFORE for one in troubles], "ends": ends}


def get_coincidences(
    causes: Mapping[str, tuple[Sequence[str], int, Service | None]],
    since: datetime,
    *,
    as_of: AsOf | None = None,
    source: JobSource | None = None,
) -> dict[str, tuple[Coincidence, ...]]:
    """The trouble of services that causes fell into, by fingerprint.

    A cause is given by its functions, how many failed since then, and the service that its error names.

    `since` is on the clock of runs. Surest first; causes without any are left out. Raises StoreError.
    """
    source = source or current_source()
    as_of = as_of or source.state().as_of
    now = source.now_at(as_of)
    if not causes:
        return {}
    with source.store.connection() as conn:
        asking = _Asking(conn, source, as_of)
        until = now - _ahead(as_of) + timedelta(seconds=1)
        found_all = asking.troubles(since - _ahead(as_of), until, MOST_TROUBLES + 1)
        troubles, cut = found_all[-MOST_TROUBLES:], len(found_all) > MOST_TROUBLES
        if not troubles:
            return {}
        bounds = asking.bounds(troubles)
        bounds["starts"] = _apart(troubles, [max(start, since) for start in bounds["starts"]], bounds["ends"])
        failed = asking.ask("failed_in_troubles", groups=list(causes), **bounds)
        if not failed:
            return {}
        inside = asking.ask("ended_in_troubles", **bounds)
        whole = {row["function_id"]: row["n"] for row in asking.ask("ended_in_all", since=since, until=now)}
    return {
        key: found
        for key, (functions, n, named) in causes.items()
        if (found := _coincidences(key, functions, n, named, troubles, failed, inside, whole, cut))
    }


def _apart(troubles: Sequence[Trouble], starts: list[datetime], ends: list[datetime]) -> list[datetime]:
    """Where each time begins if times of one service are not to overlap: a failure counts once, in the earlier one."""
    reached: dict[Service, datetime] = {}
    found = []
    for trouble, start, end in zip(troubles, starts, ends, strict=True):
        begins = max(start, reached.get(trouble.service, start))
        reached[trouble.service] = max(end, begins)
        found.append(begins)
    return found


def _coincidences(
    key: str, functions: Sequence[str], n: int, named: Service | None, troubles: Sequence[Trouble],
    failed: list[Row], inside: list[Row], whole: Mapping[str, int], cut: bool,
) -> tuple[Coincidence, ...]:  # fmt: skip
    found = []
    for service in Service:
        places = [row["place"] for row in failed if row["fingerprint"] == key]
        met = [place for place in places if troubles[place - 1].service is service]
        if not met:
            continue
        failed_in = sum(row["n"] for row in failed if row["fingerprint"] == key and row["place"] in met)
        ended_in = sum(r["n"] for r in inside if r["place"] in met and r["function_id"] in functions)
        ended = sum(whole.get(function, 0) for function in functions)
        met_troubles = tuple(troubles[place - 1] for place in sorted(met))
        found.append(
            Coincidence(service, met_troubles, failed_in, max(n, failed_in), ended_in, ended, named is service, cut)
        )
    return tuple(sorted(found, key=lambda one: (-one.link, -one.failed_in)))


def get_trouble_jobs(
    troubles: Sequence[Trouble], *, as_of: AsOf | None = None, source: JobSource | None = None
) -> dict[int, TroubleJobs]:
    """By incident: what failed in it, for whom, and how much points to the service. Raises StoreError."""
    source = source or current_source()
    as_of = as_of or source.state().as_of
    if not troubles or as_of.at is None:
        return {}
    now = source.now_at(as_of)
    with source.store.connection() as conn:
        asking = _Asking(conn, source, as_of)
        bounds = asking.bounds(troubles)
        rows = asking.ask("failures_of_troubles", **bounds)
        tenants = asking.ask("tenants_of_troubles", shown=TENANTS_SHOWN, **bounds)
        inside = asking.ask("ended_in_troubles", **bounds)
        usual = asking.ask("ended_in_all", since=now - WEEK, until=now)
        ids = [row["sample_id"] for row in sorted(rows, key=lambda r: -r["n"]) if not row["whole"]][:MOST_SAMPLES]
        samples = conn.execute(JOBS["jobs_by_id"], {"ids": list(dict.fromkeys(ids))}).fetchall() if ids else []
    points = {row["id"]: points_to(error_of_row(row)) for row in samples}
    found = {}
    for place, trouble in enumerate(troubles, 1):
        here = [row for row in rows if row["place"] == place]
        whole = next((row for row in here if row["whole"]), {"n": 0, "tenants": 0})
        found[trouble.id] = TroubleJobs(
            trouble=trouble,
            failed=whole["n"],
            ended=max(whole["n"], sum(row["n"] for row in inside if row["place"] == place)),
            named=sum(r["n"] for r in here if not r["whole"] and points.get(r["sample_id"]) is trouble.service),
            tenant_count=whole["tenants"] or 0,
            tenants=tuple((row["tenant_id"], row["n"]) for row in tenants if row["place"] == place),
            usual_failed=sum(row["failed"] for row in usual),
            usual_ended=sum(row["n"] for row in usual),
        )
    return found


def get_troubles(
    since: datetime, until: datetime, named: Service | None = None, *, as_of: AsOf | None = None,
    source: JobSource | None = None,
) -> tuple[Trouble, ...]:  # fmt: skip
    """Incidents of services within a range that is on the clock of runs, oldest first. Raises StoreError.

    One of the `named` service may have been seen only a little later: it was there before it was seen.
    """
    source = source or current_source()
    as_of = as_of or source.state().as_of
    ahead = _ahead(as_of)
    with source.store.connection() as conn:
        found = _Asking(conn, source, as_of).troubles(since - ahead, until - ahead + BEFORE)
    return tuple(one for one in found if one.since <= until - ahead or one.service is named)


def _ahead(as_of: AsOf) -> timedelta:
    """How far the clock of runs is ahead of the monitor's."""
    return timedelta(0) if as_of.at is None or as_of.server_at is None else as_of.server_at - as_of.at
