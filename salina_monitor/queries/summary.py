"""The numbers of the four cards, hour by hour: what is active run by run, what ended from 15-minute counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from salina_monitor.models import AsOf, JobStatus, JobSummary
from salina_monitor.queries.predicates import COUNT_CAP, SQL, filled, reach_of, usual
from salina_monitor.queries.source import JobSource, current_source

DAY = timedelta(hours=24)
QUARTER = timedelta(minutes=15)


def get_job_summary(*, as_of: AsOf | None = None, source: JobSource | None = None) -> JobSummary:
    """The four cards at one as-of. Counts are None before the first sync. Raises StoreError."""
    source = source or current_source()
    state = source.state()
    as_of = as_of or state.as_of
    stale = state.stale(source.clock())
    if as_of.at is None:
        return JobSummary(None, None, None, None, as_of=None, stale=True)
    now = source.now_at(as_of)
    active, queued = [0] * 24, [0] * 24
    stuck = {True: 0, False: 0}
    oldest: datetime | None = None
    final = {JobStatus.COMPLETED: [0] * 48, JobStatus.FAILED: [0] * 48}
    reach, values = reach_of(source, as_of)
    values |= {"now": now, "cap": 2 * COUNT_CAP + 1, "oldest": now - DAY, "since": now - 2 * DAY}
    values |= usual(source, as_of)
    with source.store.connection() as conn:
        for row in conn.execute(_active_query(reach), values):
            (active if row["running"] else queued)[23 - _hours_ago(row["hour"], now, 23)] += row["n"]
            stuck[row["running"]] += row["stuck"]
            if not row["running"]:
                oldest = min(filter(None, (oldest, row["oldest"])))
        cut = sum(active) + sum(queued) > 2 * COUNT_CAP
        if cut:
            first = conn.execute(filled("oldest_queued", reach), values).fetchone()
            oldest = first["at"] if first else None
            rows = conn.execute(filled("stuck_count", f"{reach} and {SQL['stuck']}"), values)
            stuck = {row["running"]: row["n"] for row in rows}
        for row in conn.execute(_ended_query(source, reach), values | ended_pieces(now)):
            final[JobStatus(row["status"])][47 - _hours_ago(row["hour"], now, 47)] += row["n"]
    numbers = {
        "active": sum(active),
        "queued": sum(queued),
        "completed_last_24h": sum(final[JobStatus.COMPLETED][24:]),
        "failed_last_24h": sum(final[JobStatus.FAILED][24:]),
    }
    return JobSummary(
        **{name: min(n, COUNT_CAP) for name, n in numbers.items()},
        capped=frozenset(name for name, n in numbers.items() if n > COUNT_CAP)
        | ({"active", "queued"} if cut else set()),
        completed_previous_24h=sum(final[JobStatus.COMPLETED][:24]),
        failed_previous_24h=sum(final[JobStatus.FAILED][:24]),
        oldest_queued_at=oldest,
        active_by_hour=tuple(active),
        queued_by_hour=tuple(queued),
        completed_by_hour=tuple(final[JobStatus.COMPLETED][24:]),
        failed_by_hour=tuple(final[JobStatus.FAILED][24:]),
        stuck_running=stuck.get(True, 0),
        stuck_queued=stuck.get(False, 0),
        as_of=as_of.at,
        stale=stale,
    )


def ended_pieces(now: datetime) -> dict[str, Any]:
    """Parameters of `by_hour_ended`: quarters that hold an edge of a day or of the last hour, to be counted exactly."""

    def quarter(moment: datetime) -> datetime:
        return moment - (moment - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER

    cut = [quarter(now - ago) for ago in (2 * DAY, DAY, timedelta(hours=1))]
    last = quarter(now)
    begins = [max(cut[0], now - 2 * DAY), *cut[1:], last]
    ends = [*(begin + QUARTER for begin in cut), datetime.max.replace(tzinfo=UTC)]
    pieces = {f"begin_{place}": begin for place, begin in enumerate(begins)}
    pieces |= {f"end_{place}": end for place, end in enumerate(ends)}
    return {"quarter": last, "cut": cut, **pieces}


def _active_query(reach: str) -> bytes:
    return SQL["by_hour_active"].replace("{stuck}", SQL["stuck"]).replace("{where}", reach).encode()


def _ended_query(source: JobSource, reach: str) -> bytes:
    parts = {
        "counts": "run_counts" if source.tenant is None else "run_counts_by_tenant",
        "counted": SQL["everything" if source.tenant is None else "of_scope"],
        "run_by_run": "\n".join(SQL["run_by_run"].replace("{piece}", str(place)) for place in range(4)),
        "known_later": "" if source.tenant is None else SQL["known_later"],
        "where": reach,
    }
    text = SQL["by_hour_ended"]
    for part, filling in parts.items():
        text = text.replace(f"{{{part}}}", filling)
    return text.encode()


def _hours_ago(hour: datetime, now: datetime, most: int) -> int:
    """How many whole hours before `now` the hour that begins at `hour` ended; clocks differ a little."""
    return max(0, min(most, round((now - hour) / timedelta(hours=1)) - 1))
