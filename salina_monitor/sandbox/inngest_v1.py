"""The v1 answers in use: events, the jobs of a run, the functions of the app.

Source: recordings `v1-events.*`, `v1-run-jobs.*`, `v1-app-functions*`, `midretry.v1-run-jobs`, `edge.v1-jobs.*`.
"""

from __future__ import annotations

import hashlib
import uuid
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from salina_monitor.sandbox.catalogue import APP_ID, APP_UUID, FUNCTIONS, SDK_URL, Played
from salina_monitor.sandbox.moments import HOUR, MS, go_time, is_ulid, parse_time
from salina_monitor.sandbox.refusals import RefusedV1, unseen
from salina_monitor.sandbox.runs import PlayedEvent, PlayedRun
from salina_monitor.sandbox.simulation import Simulation

EVENTS_CAP = 51
_NIL = "00000000-0000-0000-0000-000000000000"
_ACCOUNT = "00000000-0000-4000-a000-000000000000"
_WORKSPACE = "00000000-0000-4000-b000-000000000000"


def events(simulation: Simulation, query: Mapping[str, str], now: int) -> list[dict[str, Any]]:
    """`GET /v1/events`: newest id first, the last hour by default, at most 51 whatever `limit` says."""
    limit = query.get("limit", "20")
    if not limit.isdecimal() or limit == "0":
        raise unseen(f"limit={limit}")
    after = _after(query, now)
    name, cursor = query.get("name", ""), query.get("cursor", "")
    if cursor and not is_ulid(cursor):
        raise RefusedV1(400, "Invalid cursor query parameter")
    listed = simulation.listed_events
    end = bisect_left(listed, cursor, key=lambda e: e.id) if cursor else len(listed)
    found: list[dict[str, Any]] = []
    for index in range(end - 1, -1, -1):
        event = listed[index]
        if event.received < after:
            break
        if name in ("", event.name):
            found.append(_event(event))
            if len(found) >= min(int(limit), EVENTS_CAP):
                break
    return found


def _after(query: Mapping[str, str], now: int) -> int:
    text = query.get("received_after")
    if text is None:
        return now - HOUR
    moment = parse_time(text)
    if moment is None:
        raise RefusedV1(400, "Invalid received_after query parameter")
    return moment


def _event(event: PlayedEvent) -> dict[str, Any]:
    return {
        "internal_id": event.id,
        "account_id": _NIL,
        "environment_id": _NIL,
        "source": "",
        "source_id": None,
        "received_at": go_time(event.received),
        "id": event.id,
        "name": event.name,
        "data": event.data,
        "ts": event.sent_ms,
    }


def jobs(run: PlayedRun) -> list[dict[str, Any]]:
    """`GET /v1/runs/{id}/jobs`: the next attempt of a run that has not ended, else nothing. `attempt` counts from 0."""
    if run.is_ended:
        return []
    sleeping = run.sleeping_since is not None and not run.attempts
    attempt = len(run.attempts) if run.next_attempt is not None else max(0, len(run.attempts) - 1)
    at = (run.wakes if sleeping else run.next_attempt) or (run.attempts[-1].started if run.attempts else run.queued)
    last = run.attempts[-1].failure if run.attempts else None
    in_step = sleeping or bool(last and last.in_step)
    kind = "sleep" if sleeping else "edge" if in_step else "start"
    edge = (
        {"incoming": "step", "outgoing": _hex(run.id, "edge")} if in_step else {"incoming": "$trigger", "outgoing": ""}
    )
    job_id = _hex(run.id, str(attempt))[:13]
    data: dict[str, Any] = {
        "groupID": str(uuid.uuid5(uuid.NAMESPACE_URL, run.id)),
        "wsID": _WORKSPACE,
        "kind": kind,
        "identifier": _identifier(run),
        "atts": attempt,
        "maxAtts": run.function.retries + 1 if in_step else 21,
        "payload": {"edge": edge},
        "pf": 0,
    }
    if not sleeping:
        trace_id, span_id = _hex(run.id, "trace")[:32], _hex(run.id, "span")[:16]
        context = (
            f'{{"tp":"00-{trace_id}-{span_id}-01","ts":"","dstp":"00-{trace_id}-{span_id}-01","dsid":"{span_id}"}}'
        )
        data["metadata"] = {"user-otel-ctx": context}
    raw: dict[str, Any] = {
        "id": job_id,
        "at": at // MS,
        "wt": at // MS,
        "wfID": run.function.uuid,
        "wsID": _WORKSPACE,
        "genID": attempt + 1,
        "data": data,
        "eat": run.queued // MS,
    }
    return [
        {"JobID": job_id, "at": go_time(at // MS * MS), "position": 0, "kind": kind, "attempt": attempt, "Raw": raw}
    ]


def _identifier(run: PlayedRun) -> dict[str, Any]:
    return {
        "runID": run.id,
        "wID": run.function.uuid,
        "wv": 1,
        "evtID": run.event.id,
        "eventIDs": [run.event.id],
        "aID": _ACCOUNT,
        "wsID": _WORKSPACE,
        "appID": APP_UUID,
        "pf": 0,
    }


def functions_v1(app: str, since: int) -> list[dict[str, Any]]:
    """`GET /v1/apps/{app}/functions`: a bare list, empty for an unknown app."""
    return [_function_v1(function, since) for function in FUNCTIONS] if app == APP_ID else []


def _function_v1(function: Played, since: int) -> dict[str, Any]:
    slug = f"{APP_ID}-{function.id}"
    step = {"id": "step", "name": "step", "uri": f"{SDK_URL}?fnId={slug}&stepId=step", "retries": function.retries}
    config = {
        "id": function.uuid,
        "fv": 1,
        "name": function.name,
        "slug": slug,
        "concurrency": [{"limit": function.concurrency, "scope": "Fn", "hash": ""}],
        "triggers": [{"cron": function.cron} if function.cron else {"event": function.event}],
        "steps": [step],
    }
    return {
        "internal_id": function.uuid,
        "env_id": _NIL,
        "app_id": APP_UUID,
        "id": slug,
        "name": function.name,
        "config": config,
        "created_at": go_time(since),
        "archived_at": "0001-01-01T00:00:00Z",
    }


def functions_v2() -> list[dict[str, Any]]:
    """The data of `GET /v2/apps/{app}/functions`."""
    return [
        {
            "app": {"id": APP_ID},
            "configuration": {
                "concurrency": [{"limit": {"isPlanLimit": False, "value": f.concurrency}, "scope": "FUNCTION"}],
                "retries": {"isDefault": False, "value": f.retries} if f.retries else {"isDefault": False},
            },
            "id": f.id,
            "name": f.name,
            "slug": f.id,
            "triggers": [{"type": "CRON", "value": f.cron} if f.cron else {"type": "EVENT", "value": f.event}],
        }
        for f in FUNCTIONS
    ]


def _hex(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:40]
