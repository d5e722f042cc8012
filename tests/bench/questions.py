"""Every question of every page, once, with the time it may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from salina_monitor.actions import Actor
from salina_monitor.actions.bulk import Bulk, What
from salina_monitor.activity import Activity, ActivityFilters, Kind
from salina_monitor.health.uptime import get_incidents, get_uptime
from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import AsOf, JobEntry, JobFilters, JobStatus, Role, TimeRange, User
from salina_monitor.parts import edges_of
from salina_monitor.queries import (
    JobSource,
    count_new_jobs,
    get_counts_by_status,
    get_counts_by_tenant,
    get_evidence,
    get_failure_groups,
    get_filter_choices,
    get_job_detail,
    get_job_summary,
    get_recent_jobs,
    get_related_jobs,
    get_usual_times,
    iter_jobs,
)
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.bench.data import NOW

S, R = JobStatus, TimeRange
LARGE_TENANT, SMALL_TENANT = "tenant-0000", "tenant-1234"
PAGE, OTHER, GROUPS, SEARCH = ("<= 10", "<= 25"), ("<= 50", ""), ("<= 100", ""), ("<= 50", "")
TOLD = ("", "")


@dataclass(frozen=True)
class Stage:
    """Everything that is asked, over one store."""

    store: Store
    source: JobSource
    as_of: AsOf
    job: JobEntry
    group: str
    activity: Activity

    @classmethod
    def over(cls, store: Store, settings: Settings) -> Stage:
        source = JobSource(store, JobTypes.of(settings))
        failed = JobFilters(status=S.FAILED, type="pdf-generation")
        job = get_recent_jobs(failed, source=source).jobs[0]
        group = get_failure_groups(R.DAY, source=source)[0].fingerprint
        activity = Activity(store, keep=timedelta(days=400), clock=lambda: NOW)
        return cls(store, source, source.state().as_of, job, group, activity)

    def on(self, store: Store) -> Stage:
        """The same questions over a store that writes down what it is asked."""
        activity = Activity(store, keep=timedelta(days=400), clock=lambda: NOW)
        return replace(self, store=store, source=replace(self.source, store=store), activity=activity)

    def seen_by(self, tenant: str) -> JobSource:
        return replace(self.source, tenant=tenant)

    def bulk(self) -> Bulk:
        return Bulk(self.store, self.activity, lambda user: self.source)


@dataclass(frozen=True)
class Question:
    """`in_database` and `through` are targets in ms at p95 (`<= 10`), empty where there is none."""

    name: str
    ask: Callable[[Stage], object]
    targets: tuple[str, str] = OTHER


def _list(name: str, filters: JobFilters, page: int = 1, targets: tuple[str, str] = PAGE) -> Question:
    return Question(f"list: {name}", lambda s: get_recent_jobs(filters, page, as_of=s.as_of, source=s.source), targets)


def _search(name: str, text: str, span: TimeRange = R.MONTH) -> Question:
    filters = JobFilters(text=text, range=span)
    return Question(f"search: {name}", lambda s: get_recent_jobs(filters, as_of=s.as_of, source=s.source), SEARCH)


def _by_job(name: str, text: Callable[[JobEntry], str]) -> Question:
    def ask(s: Stage) -> object:
        return get_recent_jobs(JobFilters(text=text(s.job), range=R.ALL), as_of=s.as_of, source=s.source)

    return Question(f"search: {name}", ask, SEARCH)


def _edges(span: TimeRange, zone: str = "Asia/Kolkata") -> list:  # type: ignore[type-arg]
    return list(edges_of(span, NOW, ZoneInfo(zone)))


_OWNER = Actor(User("owner", Role.OWNER), 1, "local")
_HOUR = (NOW - timedelta(hours=30), NOW - timedelta(hours=29))

QUESTIONS: tuple[Question, ...] = (
    Question("cards", lambda s: get_job_summary(as_of=s.as_of, source=s.source), PAGE),
    Question("cards of the largest tenant", lambda s: get_job_summary(source=s.seen_by(LARGE_TENANT)), PAGE),
    Question("cards of a small tenant", lambda s: get_job_summary(source=s.seen_by(SMALL_TENANT)), PAGE),
    _list("24 h", JobFilters()),
    _list("1 h", JobFilters(range=R.HOUR)),
    _list("30 d", JobFilters(range=R.MONTH)),
    _list("all", JobFilters(range=R.ALL)),
    _list("24 h, page 2", JobFilters(), 2),
    _list("24 h, page 500", JobFilters(), 500),
    _list("30 d, page 500", JobFilters(range=R.MONTH), 500),
    _list("failed, 24 h", JobFilters(status=S.FAILED)),
    _list("failed, 30 d, page 500", JobFilters(status=S.FAILED, range=R.MONTH), 500),
    _list("completed, 30 d, page 500", JobFilters(status=S.COMPLETED, range=R.MONTH), 500),
    _list("cancelled, 30 d", JobFilters(status=S.CANCELLED, range=R.MONTH)),
    _list("running", JobFilters(status=S.RUNNING)),
    _list("queued", JobFilters(status=S.QUEUED)),
    _list("stuck", JobFilters(stuck=True)),
    _list("one type, 30 d, page 500", JobFilters(type="batch-statements", range=R.MONTH), 500),
    _list("one type, failed, 30 d, page 500",
          JobFilters(type="batch-statements", status=S.FAILED, range=R.MONTH), 500),
    _list("rare type, failed, 30 d", JobFilters(type="nightly-cleanup", status=S.FAILED, range=R.MONTH)),
    _list("largest tenant, 30 d, page 500", JobFilters(tenant=LARGE_TENANT, range=R.MONTH), 500),
    _list("small tenant, 30 d", JobFilters(tenant=SMALL_TENANT, range=R.MONTH)),
    _list("largest tenant, failed, 30 d", JobFilters(tenant=LARGE_TENANT, status=S.FAILED, range=R.MONTH)),
    _list("largest tenant, failed, 30 d, page 500",
          JobFilters(tenant=LARGE_TENANT, status=S.FAILED, range=R.MONTH), 500),
    _list("small tenant, failed, 30 d", JobFilters(tenant=SMALL_TENANT, status=S.FAILED, range=R.MONTH)),
    _list("largest tenant, one type, failed, 30 d",
          JobFilters(tenant=LARGE_TENANT, type="batch-statements", status=S.FAILED, range=R.MONTH)),
    _list("small tenant, one type, 7 d", JobFilters(tenant=SMALL_TENANT, type="pdf-generation", range=R.WEEK)),
    _list("one hour of a chart", JobFilters(since=_HOUR[0], until=_HOUR[1])),
    _list("one hour of a chart, failed", JobFilters(since=_HOUR[0], until=_HOUR[1], status=S.FAILED)),
    Question("list: of one cause, 30 d", lambda s: get_recent_jobs(
        JobFilters(group=s.group, status=S.FAILED, range=R.MONTH), as_of=s.as_of, source=s.source), PAGE),
    Question("list: 24 h, of the largest tenant's viewer", lambda s: get_recent_jobs(
        JobFilters(), source=s.seen_by(LARGE_TENANT)), PAGE),
    Question("list: 30 d, of a small tenant's viewer", lambda s: get_recent_jobs(
        JobFilters(range=R.MONTH), source=s.seen_by(SMALL_TENANT)), PAGE),
    Question("list: failed, 30 d, of the largest tenant's viewer", lambda s: get_recent_jobs(
        JobFilters(status=S.FAILED, range=R.MONTH), source=s.seen_by(LARGE_TENANT)), PAGE),
    Question("how many new", lambda s: count_new_jobs(
        JobFilters(), replace(s.as_of, seq=s.as_of.seq - 20), s.as_of, source=s.source), PAGE),
    Question("how many failed meanwhile", lambda s: count_new_jobs(
        JobFilters(status=S.FAILED), replace(s.as_of, seq=s.as_of.seq - 20), s.as_of, source=s.source), PAGE),
    Question("choices of the filters", lambda s: get_filter_choices(source=s.source)),
    _search("a word in many errors, 24 h", "slowdown", R.DAY),
    _search("a word in many errors, 30 d", "slowdown"),
    _search("a word in nearly all", "statement"),
    _search("one letter", "s"),
    _search("two words", "ledger locked"),
    _search("words that never meet", "ledger slowdown"),
    _search("a word that nobody wrote", "flurbelwock"),
    _search("a small tenant", SMALL_TENANT),
    _search("the largest tenant", LARGE_TENANT),
    _by_job("a document", lambda job: job.documents[0].partition(":")[2]),
    _by_job("a run id", lambda job: job.id),
    _by_job("an event id", lambda job: str(job.event_id)),
    _by_job("the beginning of an id", lambda job: job.id[:8]),
    Question("what the verdict is judged from", lambda s: get_evidence(as_of=s.as_of, source=s.source)),
    Question("the same, of the largest tenant", lambda s: get_evidence(source=s.seen_by(LARGE_TENANT))),
    Question("failure groups, 24 h", lambda s: get_failure_groups(R.DAY, as_of=s.as_of, source=s.source)),
    Question("failure groups, 7 d", lambda s: get_failure_groups(R.WEEK, as_of=s.as_of, source=s.source), GROUPS),
    Question("failure groups of the largest tenant's list, 30 d", lambda s: get_failure_groups(
        R.MONTH, filters=JobFilters(tenant=LARGE_TENANT, range=R.MONTH), source=s.source), GROUPS),
    Question("failure groups of a search, 30 d", lambda s: get_failure_groups(
        R.MONTH, filters=JobFilters(text="ledger locked", range=R.MONTH), source=s.source), GROUPS),
    Question("failure groups, 30 d", lambda s: get_failure_groups(R.MONTH, as_of=s.as_of, source=s.source), GROUPS),
    Question("failure groups of a tenant, 30 d", lambda s: get_failure_groups(
        R.MONTH, source=s.seen_by(LARGE_TENANT)), GROUPS),
    Question("trends by status, 24 h", lambda s: get_counts_by_status(_edges(R.DAY), JobFilters(), source=s.source)),
    Question("trends by status, 30 d", lambda s: get_counts_by_status(_edges(R.MONTH), JobFilters(), source=s.source)),
    Question("trends by tenant, 7 d", lambda s: get_counts_by_tenant(_edges(R.WEEK), JobFilters(), source=s.source)),
    Question("trends by tenant, 30 d", lambda s: get_counts_by_tenant(_edges(R.MONTH), JobFilters(), source=s.source)),
    Question("trends of one tenant, 30 d", lambda s: get_counts_by_status(
        _edges(R.MONTH), JobFilters(tenant=LARGE_TENANT), source=s.source)),
    Question("usual times", lambda s: get_usual_times(as_of=s.as_of, source=s.source)),
    Question("usual times of the largest tenant", lambda s: get_usual_times(source=s.seen_by(LARGE_TENANT))),
    Question("one job, from the mirror", lambda s: get_job_detail(s.job.id, source=s.source)),
    Question("what belongs to a job", lambda s: get_related_jobs(s.job, source=s.source)),
    Question("preview of many jobs, failed, 30 d", lambda s: s.bulk().preview(
        _OWNER, What.RERUN, JobFilters(status=S.FAILED, range=R.MONTH), s.as_of)),
    Question("export of 10,000 jobs", lambda s: list(iter_jobs(JobFilters(range=R.MONTH), s.as_of, source=s.source)),
             TOLD),
    Question("activity, page 1", lambda s: s.activity.page(ActivityFilters())),
    Question("activity of a person and kind, last page", lambda s: s.activity.page(
        ActivityFilters("person-3", Kind.EXPORT, R.ALL), 1_000)),
    Question("health, 24 h", lambda s: (get_uptime(s.store, _edges(R.DAY)), get_incidents(s.store, NOW - timedelta(days=1)))),
    Question("health, 7 d", lambda s: (get_uptime(s.store, _edges(R.WEEK)), get_incidents(s.store, NOW - timedelta(days=7)))),
    Question("health, 90 d", lambda s: (
        get_uptime(s.store, [NOW - timedelta(days=90 - n) for n in range(91)]),
        get_incidents(s.store, NOW - timedelta(days=90)))),
)  # fmt: skip
