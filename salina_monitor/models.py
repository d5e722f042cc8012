"""The words of the field as frozen value objects. No I/O happens here.

All times are timezone-aware UTC datetimes. All `*_ms` fields are whole milliseconds.
``None`` means "not known", never zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]


class JobStatus(StrEnum):
    """State of a job. `UNKNOWN` is a status this version has no word for; it is shown, never guessed."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class HealthStatus(StrEnum):
    """State of a service, in the order of `severity`: unhealthy > degraded > not configured > healthy."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    CHECKING = "checking"
    NOT_CONFIGURED = "not_configured"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY = {
    HealthStatus.HEALTHY: 0,
    HealthStatus.NOT_CONFIGURED: 1,
    HealthStatus.CHECKING: 2,
    HealthStatus.DEGRADED: 3,
    HealthStatus.UNHEALTHY: 4,
}


class Service(StrEnum):
    """The five services Salina depends on, in the order they are shown."""

    DATABASE = "database"
    CLERK = "clerk"
    S3 = "s3"
    RESEND = "resend"
    INNGEST = "inngest"

    @property
    def label(self) -> str:
        return _SERVICE_LABELS[self]


_SERVICE_LABELS = {
    Service.DATABASE: "Database",
    Service.CLERK: "Clerk",
    Service.S3: "S3",
    Service.RESEND: "Resend",
    Service.INNGEST: "Inngest",
}


class Role(StrEnum):
    """Roles of the ERP. What each may do here is the table in `policy`."""

    OWNER = "owner"
    ADMIN = "admin"
    FINANCE = "finance"
    EDITOR = "editor"
    AUTHOR = "author"


class TimeRange(StrEnum):
    """Ranges a list can be asked for. A run is in a range if it ended in it or has not ended."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    ALL = "all"

    @property
    def span(self) -> timedelta | None:
        return _SPANS[self]


_SPANS: dict[TimeRange, timedelta | None] = {
    TimeRange.HOUR: timedelta(hours=1),
    TimeRange.DAY: timedelta(hours=24),
    TimeRange.WEEK: timedelta(days=7),
    TimeRange.MONTH: timedelta(days=30),
    TimeRange.ALL: None,
}


@dataclass(frozen=True, slots=True)
class HealthCheckResult:
    """What one service answered, once.

    `latency_ms` is the elapsed time of the probe (on a timeout too); None when nothing was asked.
    `code` is one of `checks.outcomes.OUTCOMES`; `message` is ours and says what to do next.
    """

    service: Service
    status: HealthStatus
    latency_ms: int | None
    message: str
    checked_at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class JobError:
    """Error of a run or of one attempt, as Inngest recorded it. Untrusted text of any length."""

    name: str | None
    message: str
    stack: str | None = None

    @property
    def first_line(self) -> str:
        line = next((ln.strip() for ln in self.message.splitlines() if ln.strip()), "")
        return f"{self.name}: {line}" if self.name and line else line or self.name or ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run; `number` counts from 1."""

    number: int
    status: JobStatus
    started_at: datetime | None
    ended_at: datetime | None
    error: JobError | None = None


class StepKind(StrEnum):
    """What a line of the waterfall is."""

    STEP = "step"
    ATTEMPT = "attempt"
    SLEEP = "sleep"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the waterfall of a run: a step, one attempt of it, or a sleep.

    `depth` counts from 0. It waits from `queued_at` to `started_at`; an attempt after the first waits for its retry.
    `attempt` is the number of an attempt, from 1.
    """

    name: str
    kind: StepKind
    depth: int
    status: JobStatus
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    attempt: int | None = None
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the Inngest v2 run list, normalised (source: `GET /v2/runs`).

    The list's `startedAt` is the queue time and is not kept; true start and execution time come
    from the trace. `status` is FAILED only with an end time: between two attempts a run is running.
    """

    id: str
    app_id: str | None
    function_id: str
    function_name: str | None
    status: JobStatus
    queued_at: datetime
    ended_at: datetime | None
    event_ids: tuple[str, ...] = ()
    cron_schedule: str | None = None
    error: JobError | None = None
    raw_status: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What the trace of one run says (source: `GET /v2/runs/{id}/trace`).

    `started_at` is the true start. `retry_count` is the highest `Attempt <n>` in the tree.
    `skipped` marks a run that a singleton rule skipped. `input` is the payload of the first event, `tenants` are
    those of all events (None: it names none), each once: a batched run works on several, maybe of several tenants.
    """

    run_id: str
    status: JobStatus
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    retry_count: int
    attempts: tuple[Attempt, ...]
    input: JSON = None
    output: JSON = None
    error: JobError | None = None
    skipped: bool = False
    steps: tuple[Step, ...] = ()
    tenants: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event (source: `GET /v1/events`). `id` is its `internal_id`, which runs point to."""

    id: str
    name: str
    received_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app (source: `GET /v2/apps/{app}/functions`). `retries` None = server default."""

    id: str
    name: str
    triggers: tuple[str, ...] = ()
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class JobEntry:
    """One job as people and `--json` see it.

    `wait_ms` (queued → started) and `duration_ms` (started → ended) are None until the run is traced;
    `total_ms` (queued → ended, wait included) is known before that. `error`, `retry_count`: None = unknown or none.
    `stale` is True when the source could not be asked and the mirror answered instead. `documents` are what the
    job is about, each as `kind:id`, e.g. `statement:st_118`. `stuck`: active for longer than is usual for its type.
    `shared`: it works on events of tenants that the asker may not see, so neither `input` nor `output` is given.
    """

    id: str
    type: str
    type_label: str
    status: JobStatus
    function_id: str
    function_name: str
    tenant_id: str | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    wait_ms: int | None
    duration_ms: int | None
    total_ms: int | None
    error: JobError | None
    retry_count: int | None
    event_id: str | None = None
    cron_schedule: str | None = None
    traced: bool = False
    tenant_known: bool = True
    input: JSON = None
    attempts: tuple[Attempt, ...] | None = None
    stale: bool = False
    output: JSON = None
    steps: tuple[Step, ...] | None = None
    documents: tuple[str, ...] = ()
    stuck: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class AsOf:
    """The point all parts of one view share.

    `seq` is the mirror's commit number that is visible, `at` our clock when the source was asked,
    `server_at` the source's own clock at that moment (run times are on that clock).
    """

    seq: int
    at: datetime | None
    server_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobSummary:
    """The four cards. A count is None while unknown, and `*_is_capped` when it reached the cap.

    `completed_by_hour` and `failed_by_hour` hold 24 hourly counts, oldest first, likewise the
    `queued_by_hour` and `started_by_hour` of runs that arrived and of those still active.
    """

    active: int | None
    queued: int | None
    completed_last_24h: int | None
    failed_last_24h: int | None
    completed_previous_24h: int | None = None
    failed_previous_24h: int | None = None
    oldest_queued_at: datetime | None = None
    capped: frozenset[str] = frozenset()
    active_by_hour: tuple[int, ...] = ()
    queued_by_hour: tuple[int, ...] = ()
    completed_by_hour: tuple[int, ...] = ()
    failed_by_hour: tuple[int, ...] = ()
    stuck_running: int | None = None
    stuck_queued: int | None = None
    as_of: datetime | None = None
    stale: bool = True


NO_TENANT = "none"
"""Filter value for runs that belong to no tenant (cron and invoked runs)."""


@dataclass(frozen=True, slots=True)
class JobFilters:
    """What a list is narrowed to. Empty fields do not narrow. `tenant=NO_TENANT` means "no tenant".

    `group` is the fingerprint of a failure group; `stuck` keeps jobs that run or wait longer than usual for their type.
    With `since` and `until` (both or none) only jobs that ended from the one until before the other are listed,
    and `range` does not count.
    """

    type: str | None = None
    status: JobStatus | None = None
    tenant: str | None = None
    text: str = ""
    range: TimeRange = TimeRange.DAY
    group: str | None = None
    stuck: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of jobs, newest first. `total` is exact unless `total_is_capped`."""

    jobs: tuple[JobEntry, ...]
    total: int
    total_is_capped: bool
    as_of: datetime | None
    page: int = 1
    page_size: int = 20
    stale: bool = False

    @property
    def num_pages(self) -> int:
        return max(1, -(-self.total // self.page_size))


@dataclass(frozen=True, slots=True)
class User:
    """An account. `must_change` is set after a reset until the user chose an own password.

    `tenant` limits what the user sees of jobs to that one; None: all.
    """

    name: str
    role: Role
    disabled: bool = False
    must_change: bool = False
    created_at: datetime | None = field(default=None, compare=False)
    tenant: str | None = None


def utcnow() -> datetime:
    """The clock of the product; everything that needs time takes it as a parameter with this default."""
    return datetime.now(UTC)


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z` and milliseconds, the form of every time in JSON."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(value: Any) -> Any:
    """Turn a value object into plain JSON data: same field names, times by `iso`, enums by value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(to_json(v) for v in value)
    if isinstance(value, list | tuple):
        return [to_json(v) for v in value]
    return value
