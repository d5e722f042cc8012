"""The questions the monitor asks the Inngest REST API (design: inngest-api.md, "What to call")."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TypeVar, get_args

import httpx

from salina_monitor import wire
from salina_monitor.inngest.asking import Asker, quoted
from salina_monitor.inngest.credentials import can_read_events
from salina_monitor.inngest.errors import fault
from salina_monitor.inngest.results import EventPage, NextAttempt, RunPage
from salina_monitor.inngest.rows import parse_event, parse_function, parse_next_attempt, parse_rows, parse_run
from salina_monitor.inngest.traces import parse_trace
from salina_monitor.inngest.values import Malformed, id_or_none, parse_time
from salina_monitor.models import JSON, Function, JobStatus, Run, Trace, utcnow
from salina_monitor.settings import Settings

TimeField = Literal["queuedAt", "startedAt", "endedAt"]
PAGE = 100
EVENT_PAGE = 51
"""The server cuts event lists here, silently."""
_MAX_FUNCTION_PAGES = 20
T = TypeVar("T")


class InngestClient:
    """Reads runs, traces, events and functions of one app, re-runs and cancels. Safe to use from several threads.

    Every `deadline` is a moment on the clock `monotonic` (such as `time.monotonic() + 5`): the whole call,
    waiting for the rate and retries included, ends by then. Without one a call may take 10 s.
    Every method raises InngestError; see `errors`. Server-side caches: next attempts 5 s, v2 none.
    `requests` counts requests sent, `waited_s` sums the seconds spent waiting for API and rate.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        http: httpx.Client | None = None,
        clock: Callable[[], datetime] = utcnow,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._own = http is None
        self._http = wire.new_client(keepalive=True) if http is None else http
        self._asker = Asker(settings, self._http, clock=clock, monotonic=monotonic, sleep=sleep)

    @property
    def requests(self) -> int:
        return self._asker.requests

    @property
    def waited_s(self) -> float:
        return self._asker.waited_s

    @property
    def can_read_events(self) -> bool:
        """False with an API key alone: tenants then come from traces, next attempts are not known."""
        return can_read_events(self._settings)

    def list_runs(
        self,
        *,
        statuses: Sequence[JobStatus] = (),
        time_field: TimeField | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        ascending: bool = False,
        include_output: bool = False,
        limit: int = PAGE,
        cursor: str | None = None,
        deadline: float | None = None,
    ) -> RunPage:
        """One page of the app's runs, newest first unless `ascending`. `since` and `until` are inclusive.

        Ask again with the page's cursor and the same filters until it is None. Errors of failed runs come
        with `include_output` only. Raises BadCursor when `cursor` is no longer known.
        """
        # The server ignores misspelt parameters and then returns everything: names and values are checked here.
        if JobStatus.UNKNOWN in statuses:
            raise ValueError("Inngest cannot be asked for unknown statuses")
        if time_field not in (None, *get_args(TimeField)):
            raise ValueError(f"time_field is one of {', '.join(get_args(TimeField))}")
        if not 1 <= limit <= PAGE:
            raise ValueError(f"limit is 1 to {PAGE}")
        query = [("limit", str(limit)), ("appId", self._settings.inngest_app_id)]
        query += [("status", status.name) for status in statuses]
        query += [("timeField", time_field)] if time_field else []
        query += [("from", _rfc3339(since))] if since else []
        query += [("until", _rfc3339(until))] if until else []
        query += [("order", "ASC")] if ascending else []
        query += [("includeOutput", "true")] if include_output else []
        query += [("cursor", cursor)] if cursor else []
        body = self._asker.get("/v2/runs", query, cursor=bool(cursor), deadline=deadline)
        rows, following = _v2_page(body, cursor)
        runs, rejected = parse_rows(rows, parse_run, "id")
        metadata = body.get("metadata")
        fetched_at = parse_time(metadata.get("fetchedAt")) if isinstance(metadata, dict) else None
        return RunPage(runs, following, fetched_at, rejected)

    def get_run(self, run_id: str, *, deadline: float | None = None) -> Run:
        """One run with its error, if it failed. A run that a singleton rule skipped stays "queued" here."""
        path = f"/v2/runs/{quoted(run_id)}"
        body = self._asker.get(path, [("includeOutput", "true")], what="run", deadline=deadline)
        return _single(parse_run, body)

    def get_trace(self, run_id: str, *, include_output: bool = True, deadline: float | None = None) -> Trace:
        """True start, attempts and, with `include_output`, input, output and errors of one run."""
        query = [("includeOutput", "true")] if include_output else []
        body = self._asker.get(f"/v2/runs/{quoted(run_id)}/trace", query, what="trace", deadline=deadline)
        return _single(lambda data: parse_trace(data, run_id), body)

    def get_raw_trace(self, run_id: str, *, deadline: float | None = None) -> JSON:
        """The trace of one run as the server gave it, input and outputs included: not parsed, not masked."""
        path = f"/v2/runs/{quoted(run_id)}/trace"
        data: JSON = self._asker.get(path, [("includeOutput", "true")], what="trace", deadline=deadline).get("data")
        return data

    def list_events(
        self,
        *,
        received_after: datetime,
        name: str | None = None,
        cursor: str | None = None,
        deadline: float | None = None,
    ) -> EventPage:
        """One page of events, newest first. System events cannot be listed. Raises NeedsSigningKey."""
        query = [("limit", str(EVENT_PAGE)), ("received_after", _rfc3339(received_after))]
        query += [("name", name)] if name else []
        query += [("cursor", cursor)] if cursor else []
        body = self._asker.get("/v1/events", query, cursor=bool(cursor), deadline=deadline)
        rows = _v1_list(body)
        events, rejected = parse_rows(rows, parse_event, "internal_id")
        following = None
        if len(rows) >= EVENT_PAGE:  # there is no "has more": a full page is the only sign
            following = id_or_none(rows[-1], "internal_id")
            if following is None or following == cursor:
                raise fault("bad_answer", "its list of events cannot be followed")
        return EventPage(events, following, rejected)

    def list_functions(self, *, deadline: float | None = None) -> tuple[Function, ...]:
        """All functions of the app, failure handlers among them. Rows without an id are left out."""
        path = f"/v2/apps/{quoted(self._settings.inngest_app_id)}/functions"
        found: dict[str, Function] = {}
        cursor: str | None = None
        for _ in range(_MAX_FUNCTION_PAGES):
            query = [("limit", str(PAGE))] + ([("cursor", cursor)] if cursor else [])
            body = self._asker.get(path, query, what="app", cursor=bool(cursor), deadline=deadline)
            rows, cursor = _v2_page(body, cursor)
            found |= {function.id: function for function in parse_rows(rows, parse_function, "id")[0]}
            if cursor is None:
                return tuple(found.values())
        raise fault("bad_answer", "its list of functions does not end")

    def next_attempt(self, run_id: str, *, deadline: float | None = None) -> NextAttempt | None:
        """The planned retry of a run between two attempts, else None. Raises NeedsSigningKey, NotFound."""
        body = self._asker.get(f"/v1/runs/{quoted(run_id)}/jobs", what="run", deadline=deadline)
        return parse_next_attempt(_v1_list(body))

    def rerun(self, run_id: str, *, deadline: float | None = None) -> str:
        """Start the run's event again with the same function; the id of the new run. Raises Refused, Unconfirmed."""
        body = self._asker.post(f"/v2/runs/{quoted(run_id)}/rerun", what="rerun", deadline=deadline)
        new_id = id_or_none(body.get("data"), "runId")
        if new_id is None:
            raise fault("unconfirmed")
        return new_id

    def cancel(self, run_id: str, *, deadline: float | None = None) -> None:
        """Cancel a run that has not ended. Raises Refused, Unconfirmed."""
        self._asker.post(f"/v2/runs/{quoted(run_id)}/cancel", what="cancel", deadline=deadline)

    def close(self) -> None:
        """Close the connections, unless the HTTP client was handed in."""
        if self._own:
            self._http.close()

    def __enter__(self) -> InngestClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _v2_page(body: dict[str, Any], asked_cursor: str | None) -> tuple[list[Any], str | None]:
    """Rows and next cursor. An empty list has no `data`, but always a `page`: any other object is no list."""
    page, rows = body.get("page"), body.get("data")
    if (page is None and rows is None) or not isinstance(page, dict | None) or not isinstance(rows, list | None):
        raise fault("bad_answer", "a list has another shape")
    if not page or page.get("hasMore") is not True:
        return rows or [], None
    cursor = page.get("cursor")
    if not isinstance(cursor, str) or not cursor or cursor == asked_cursor:
        raise fault("bad_answer", "its list cannot be followed")
    return rows or [], cursor


def _v1_list(body: dict[str, Any]) -> list[Any]:
    rows = body.get("data")
    if "data" not in body or not isinstance(rows, list | None):
        raise fault("bad_answer", "a list has another shape")
    return rows or []


def _single(parse: Callable[[Any], T], body: dict[str, Any]) -> T:
    try:
        return parse(body.get("data"))
    except Malformed as reason:
        raise fault("bad_answer", f"{reason}") from None


def _rfc3339(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("times need a zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
