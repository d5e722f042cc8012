"""A stand-in for InngestClient with the same questions, over runs a test puts in. Faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from salina_monitor.inngest import EventPage, InngestError, NotFound, RunPage
from salina_monitor.models import Attempt, Event, Function, JobError, JobStatus, Run, Trace
from salina_monitor.ulid import first_ulid_at

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def run(
    number: int,
    status: JobStatus = JobStatus.COMPLETED,
    *,
    queued: datetime = START,
    took_s: float | None = 60,
    function: str = "generate-statement-pdf",
    message: str = "boom",
    event: str | None = "",
) -> Run:
    """A run of a test; `number` makes its id and order."""
    ended = queued + timedelta(seconds=took_s or 0) if status.is_terminal else None
    error = JobError("ValueError", message, "Traceback …") if status is JobStatus.FAILED else None
    event_id = f"E{number:025d}" if event == "" else event
    return Run(
        f"R{number:025d}", "salina-erp", function, function.title(), status, queued, ended,
        (event_id,) if event_id else (), None, error, status.value.upper(),
    )  # fmt: skip


@dataclass
class FakeClient:
    """Runs, events and traces as the server has them now. `page` rows a request."""

    runs: dict[str, Run] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    traces: dict[str, Trace] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    now: datetime = START
    page: int = 100
    can_read_events: bool = True
    requests: int = 0
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda question: None

    def put(self, *runs: Run, tenant: str | None = "northwind-press") -> None:
        """Add or replace runs, with an event of this tenant each."""
        for item in runs:
            known = item.id in self.runs
            self.runs[item.id] = item
            if item.event_ids and not known and tenant is not None:
                self.events.append(
                    Event(item.event_ids[0], "statements/pdf.generate", item.queued_at, {"tenantId": tenant})
                )

    def _ask(self, question: str) -> None:
        self.before(question)
        self.requests += 1
        self.asked.append(question)

    def list_runs(
        self,
        *,
        statuses: Sequence[JobStatus] = (),
        time_field: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        ascending: bool = False,
        include_output: bool = False,
        limit: int = 100,
        cursor: str | None = None,
        deadline: float | None = None,
    ) -> RunPage:
        self._ask("runs:" + ",".join(s.value for s in statuses))
        found = [r for r in self.runs.values() if r.status in statuses and r.id not in self.hidden]
        moment = (lambda r: r.ended_at) if time_field == "endedAt" else (lambda r: r.queued_at)
        if since is not None:
            found = [r for r in found if moment(r) and moment(r) >= since]
        if until is not None:
            found = [r for r in found if moment(r) and moment(r) < until]
        found.sort(key=lambda r: (moment(r), r.id), reverse=not ascending)
        start = int(cursor or 0)
        piece = found[start : start + self.page]
        following = str(start + self.page) if start + self.page < len(found) else None
        shown = tuple(r if include_output else replace(r, error=None) for r in piece)
        return RunPage(shown, following, self.now)

    def get_run(self, run_id: str, *, deadline: float | None = None) -> Run:
        self._ask("run")
        if run_id not in self.runs:
            raise _not_found()
        return self.runs[run_id]

    def get_trace(self, run_id: str, *, include_output: bool = True, deadline: float | None = None) -> Trace:
        self._ask("trace")
        if run_id in self.traces:
            return self.traces[run_id]
        item = self.runs.get(run_id)
        if item is None:
            raise _not_found()
        started = item.queued_at + timedelta(seconds=5)
        retries = 3 if item.status is JobStatus.FAILED else 0
        attempts = tuple(Attempt(n + 1, item.status, started, item.ended_at, item.error) for n in range(retries + 1))
        data = next((dict(e.data) for e in self.events if item.event_ids and e.id == item.event_ids[0]), {})
        return Trace(run_id, item.status, item.queued_at, started, item.ended_at, retries, attempts, data)  # type: ignore[arg-type]

    def list_events(
        self,
        *,
        received_after: datetime,
        name: str | None = None,
        cursor: str | None = None,
        deadline: float | None = None,
    ) -> EventPage:
        self._ask("events")
        found = sorted((e for e in self.events if e.received_at > received_after), key=_event_key, reverse=True)
        if cursor:
            found = [e for e in found if _event_key(e) < cursor]
        piece = found[:51]
        return EventPage(tuple(piece), _event_key(piece[-1]) if len(piece) == 51 else None)

    def list_functions(self, *, deadline: float | None = None) -> tuple[Function, ...]:
        self._ask("functions")
        return (Function("generate-statement-pdf", "Generate statement PDF"),)

    def close(self) -> None:
        """Nothing is open."""


def _event_key(event: Event) -> str:
    return first_ulid_at(event.received_at)[:10] + event.id


def _not_found() -> NotFound:
    return error(NotFound, "not_found")


def error(kind: type[InngestError], code: str, **values: Any) -> Any:
    """An error of the client, as it would raise it."""
    return kind(code, "Own words for a test.", **values)
