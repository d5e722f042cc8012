"""The played Inngest as an ASGI application: the v1 and v2 endpoints in use, faithful to the recordings.

It answers from a `Day`; every request first lets the simulation catch up with the clock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from salina_monitor.sandbox import inngest_v1
from salina_monitor.sandbox.catalogue import APP_ID
from salina_monitor.sandbox.day import Day
from salina_monitor.sandbox.inngest_listing import ListQuestion, flag, listing
from salina_monitor.sandbox.inngest_pages import pages
from salina_monitor.sandbox.inngest_rows import single_run
from salina_monitor.sandbox.inngest_trace import trace
from salina_monitor.sandbox.moments import SECOND, go_time, is_ulid, proto_time
from salina_monitor.sandbox.refusals import Refused, RefusedV1, invalid, not_found, unseen
from salina_monitor.sandbox.runs import CANCELLED, PlayedRun
from salina_monitor.sandbox.seen import (
    HEADERS,
    KEYLESS_404,
    RECORDED_404_V1,
    RECORDED_404_V2,
    REPEATABLE,
    allowed_parameters,
)

_KIND = {"x-inngest-server-kind": "cloud"}


class InngestServer:
    """Endpoints over one played day. `clock` gives nanoseconds since the epoch."""

    def __init__(self, day: Day, signing_key: str, clock: Callable[[], int] = time.time_ns) -> None:
        self.day, self._key, self._clock = day, signing_key, clock
        self._since = day.simulation.now

    def app(self) -> Starlette:
        routes = [
            *pages(),
            self._route("/health", self._liveness, keyed=False),
            self._route("/v2/health", self._health),
            self._route("/v2/runs", self._list),
            self._route("/v2/runs/{id}", self._run),
            self._route("/v2/runs/{id}/trace", self._trace),
            self._route("/v2/runs/{id}/cancel", self._cancel, method="POST"),
            self._route("/v2/runs/{id}/rerun", self._rerun, method="POST"),
            self._route("/v2/apps/{id}/functions", self._functions),
            self._route("/v1/apps/{id}/functions", self._functions_v1),
            self._route("/v1/events", self._events),
            self._route("/v1/runs/{id}/jobs", self._jobs),
            Route("/{path:path}", self._elsewhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
        return Starlette(routes=routes)

    def _route(
        self, path: str, answer: Callable[[Request], Response], *, method: str = "GET", keyed: bool = True
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            if keyed and not self._has_key(request):
                return _unauthorized()
            try:
                refuse_unseen(request)
                if method == "POST":
                    await refuse_unseen_body(request)
                now = self._clock()
                self.day.simulation.advance(now)
                self.day.watched(now)
                return answer(request)
            except Refused as no:
                return _json({"errors": [{"code": no.code, "message": no.message}]}, no.status)
            except RefusedV1 as no:
                return _json({"error": no.message, "data": None, "status": no.status})

        return Route(path, endpoint, methods=[method])

    def _has_key(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self._key}"

    @property
    def _now(self) -> int:
        return self.day.simulation.now

    def _liveness(self, _: Request) -> Response:
        return _json({"status": 200, "message": "OK"})

    def _health(self, _: Request) -> Response:
        return self._v2({"data": {"status": "ok"}})

    def _list(self, request: Request) -> Response:
        question = ListQuestion.parse(request.query_params.multi_items())
        answer = listing(self.day.simulation, question)
        span = answer.pop("timeRange", None)
        return self._v2(answer, **({"timeRange": span} if span else {}))

    def _run(self, request: Request) -> Response:
        run = self._find(request, "Run")
        return self._v2({"data": single_run(run, with_output=_with_output(request))})

    def _trace(self, request: Request) -> Response:
        run = self._find(request, "Trace")
        return self._v2({"data": trace(run, with_output=_with_output(request))})

    def _cancel(self, request: Request) -> Response:
        run = self._find(request, "Run")
        if run.status == CANCELLED:
            raise Refused(409, "run_already_cancelled", "Run is already cancelled")
        if run.is_ended:
            raise Refused(409, "run_already_ended", "Cannot cancel an ended run")
        self.day.simulation.cancel(run, self._now)
        return self._v2({"data": {"runId": run.id}})

    def _rerun(self, request: Request) -> Response:
        run = self._find(request, "Run")
        if run.function.cron:
            # Known from the design notes only: the code of the 501 is that of the recorded `v2-insights-query`.
            raise Refused(501, "not_implemented", "Rerunning cron runs is not implemented")
        again = self.day.simulation.queue(self._now, run.function, run.event, run.tenant)
        return self._v2({"data": {"runId": again.id}})

    def _functions(self, request: Request) -> Response:
        if request.path_params["id"] != APP_ID:
            raise not_found("App")
        return self._v2({"data": inngest_v1.functions_v2(), "page": {"limit": 20}})

    def _functions_v1(self, request: Request) -> Response:
        return _json(inngest_v1.functions_v1(request.path_params["id"], self._since))

    def _events(self, request: Request) -> Response:
        found = inngest_v1.events(self.day.simulation, request.query_params, self._now)
        return _json({"data": found, "metadata": {"fetched_at": go_time(self._now)}})

    def _jobs(self, request: Request) -> Response:
        run_id = request.path_params["id"]
        if not is_ulid(run_id):
            raise RefusedV1(400, f"Invalid run ID: {run_id}")
        run = self.day.simulation.runs.get(run_id)
        if run is None:
            raise RefusedV1(500, f"Unable to load function run: {run_id}")
        kept = {"fetched_at": go_time(self._now), "cached_until": go_time(self._now + 5 * SECOND)}
        answer = _json({"data": inngest_v1.jobs(run), "metadata": kept})
        answer.headers["cache-control"] = "private, max-age=5"
        return answer

    async def _elsewhere(self, request: Request) -> Response:
        path = request.url.path
        if path not in KEYLESS_404 and not self._has_key(request):
            return _unauthorized()
        if path in RECORDED_404_V1:
            return PlainTextResponse("404 page not found\n", 404, headers=_KIND)
        if path == RECORDED_404_V2:
            return _json({"errors": [{"code": "api_error", "message": "Not Found"}]}, 404)
        no = unseen(f"{request.method} {path}")
        return _json({"errors": [{"code": no.code, "message": no.message}]}, no.status)

    def _find(self, request: Request, what: str) -> PlayedRun:
        run_id = request.path_params["id"]
        if not is_ulid(run_id):
            raise invalid("Run ID must be a valid ULID")
        run = self.day.simulation.runs.get(run_id)
        if run is None:
            raise not_found(what)
        return run

    def _v2(self, body: dict[str, Any], **metadata: Any) -> Response:
        return _json({**body, "metadata": {"fetchedAt": proto_time(self._now), **metadata}})


def refuse_unseen(request: Request) -> None:
    """Raise `Refused` for a query parameter or header that no recording has."""
    allowed = allowed_parameters(request.method, request.url.path) or frozenset()
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in allowed:
            raise unseen(f"the parameter {name}")
        if names.count(name) > 1 and name not in REPEATABLE:
            raise unseen(f"the parameter {name} given twice")
    for header in request.headers:
        if header.lower() not in HEADERS:
            raise unseen(f"the header {header}")


async def refuse_unseen_body(request: Request) -> None:
    """A POST carries nothing or an empty JSON object."""
    if (await request.body()).strip() not in (b"", b"{}"):
        raise unseen("a request body other than {}")


def _unauthorized() -> Response:
    return PlainTextResponse("Authentication failed\n", 401, headers=_KIND)


def _with_output(request: Request) -> bool:
    return flag(dict(request.query_params), "includeOutput")


def _json(body: Any, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json", headers=_KIND)
