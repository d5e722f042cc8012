"""How long the page's questions take at 200,000 runs: in the database, and through `queries`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import JobFilters, JobStatus, TimeRange
from salina_monitor.queries import JobSource, get_job_summary, get_recent_jobs
from salina_monitor.queries import jobs as asked
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.bench.data import fill
from tests.support.folders import open_folder

Row = tuple[str, float, str]
RUNS, ROUNDS = 200_000, 15
FILTERS = {
    "last 24 h": JobFilters(),
    "failed, 24 h": JobFilters(status=JobStatus.FAILED),
    "completed, 24 h": JobFilters(status=JobStatus.COMPLETED),
    "one type, 24 h": JobFilters(type="batch-statements"),
    "largest tenant, 30 d": JobFilters(tenant="tenant-0000", range=TimeRange.MONTH),
    "failed, 30 d": JobFilters(status=JobStatus.FAILED, range=TimeRange.MONTH),
    "words, 24 h": JobFilters(text="slowdown"),
}


def run() -> list[Row]:
    """Rows (name, milliseconds, target)."""
    with open_folder("salina-bench-") as folder:
        settings = Settings.load({"MONITOR_DATA_DIR": str(folder / "data")})
        with Store.open(settings) as store:
            fill(store, RUNS)
            source = JobSource(store, JobTypes.of(settings))
            rows = [
                ("cards, in the database, ms", _in_database(source, None, "summary"), "<= 10"),
                ("cards, through queries, ms", _median(lambda: get_job_summary(source=source)), "<= 25"),
            ]
            for tenant in ("tenant-0000", "tenant-0150"):
                limited = replace(source, tenant=tenant)
                rows += [
                    (
                        f"cards of one who sees {tenant} only, in the database, ms",
                        _in_database(limited, None, "summary"),
                        "<= 10",
                    ),
                    (f"page of one who sees {tenant} only, ms", _in_database(limited, JobFilters(), "page"), "<= 10"),
                    (f"count of one who sees {tenant} only, ms", _in_database(limited, JobFilters(), "count"), "<= 10"),
                ]
            for name, filters in FILTERS.items():
                rows.append((f"page of {name}, in the database, ms", _in_database(source, filters, "page"), "<= 10"))
                rows.append((f"count of {name}, in the database, ms", _in_database(source, filters, "count"), "<= 10"))

                def through(filters: JobFilters = filters) -> object:
                    return get_recent_jobs(filters, source=source)

                rows.append((f"page and count of {name}, through queries, ms", _median(through), "<= 25"))
            return rows


def _median(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def _in_database(source: JobSource, filters: JobFilters | None, what: str) -> float:
    """Median execution time as PostgreSQL itself measures it."""
    as_of = source.state().as_of
    if filters is None:
        now = source.now_at(as_of)
        reach, values = asked.reach_of(source, as_of)
        values |= {"now": now, "cap": 20_000, "oldest": now - asked.DAY, "since": now - 2 * asked.DAY}
        statements = [asked.filled("by_hour_active", reach), asked.filled("by_hour_ended", reach)]
    else:
        predicate, values = asked.where(source, filters, as_of)
        values |= {"limit": 20, "offset": 0, "reach": 20, "cap": asked.COUNT_CAP + 1}
        statements = [asked.filled("count" if what == "count" else asked.page_query(filters), predicate)]
    took = []
    with source.store.connection() as conn:
        for _ in range(ROUNDS):
            total = 0.0
            for statement in statements:
                plan = conn.execute(b"explain (analyze, timing off, format json) " + statement, values).fetchone()
                assert plan is not None
                total += plan["QUERY PLAN"][0]["Execution Time"]
            took.append(total)
    return statistics.median(took)
