"""`GET /v2/runs`: filters, order, cursor. Source: recordings `v2-runs.*`, and `v2-operations`, the server's own words.

Seen: newest first by default; the cursor holds the last row's id and its time in microseconds; `timeRange` appears in
the metadata when both bounds are given. Told by `v2-operations` and not seen: `order`, `timeField=queuedAt`, that both
bounds are inclusive. From the server's public source: rows of the same time come by ascending id, whatever the order.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from salina_monitor.sandbox.catalogue import APP_ID
from salina_monitor.sandbox.inngest_rows import list_row
from salina_monitor.sandbox.moments import parse_time, proto_time
from salina_monitor.sandbox.refusals import Refused, invalid, unseen
from salina_monitor.sandbox.runs import QUEUED, RUNNING, STATUSES, PlayedRun
from salina_monitor.sandbox.simulation import Simulation, end_key, start_key

_FIELDS = {"queuedAt": "queued_at", "startedAt": "start_time", "endedAt": "end_time"}
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """The parsed query of one list request."""

    limit: int = 20
    app: str = ""
    function: str = ""
    statuses: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None
    time_field: str = "startedAt"
    ascending: bool = False
    with_output: bool = False
    cursor: Key | None = None

    @classmethod
    def parse(cls, pairs: Sequence[tuple[str, str]]) -> ListQuestion:
        """Read the query pairs; raises `Refused` with the server's own answer, or ours for what no recording has."""
        single = dict(pairs)
        statuses = frozenset(value.upper() for name, value in pairs if name == "status")
        if statuses - set(STATUSES):
            raise invalid("Status is invalid")
        if single.get("functionId") and not single.get("appId"):
            raise invalid("appId is required when filtering by functionId")
        time_field = single.get("timeField", "startedAt")
        if time_field not in _FIELDS:
            raise unseen(f"timeField={time_field}")
        if single.get("order", "DESC") not in ("ASC", "DESC"):
            raise unseen(f"order={single['order']}")
        return cls(
            limit=_limit(single.get("limit", "20")),
            app=single.get("appId", ""),
            function=single.get("functionId", ""),
            statuses=statuses,
            since=_moment(single, "from"),
            until=_moment(single, "until"),
            time_field=time_field,
            ascending=single.get("order") == "ASC",
            with_output=flag(single, "includeOutput"),
            cursor=_cursor(single["cursor"], _FIELDS[time_field]) if "cursor" in single else None,
        )


def flag(query: dict[str, str], name: str) -> bool:
    """`true` or `false`; anything else no recording has."""
    value = query.get(name, "false")
    if value not in ("true", "false"):
        raise unseen(f"{name}={value}")
    return value == "true"


def listing(simulation: Simulation, question: ListQuestion) -> dict[str, Any]:
    """The `data`, `page` and `timeRange` of the answer; no `data` key when nothing is found."""
    found = list(islice(_matching(simulation, question), question.limit + 1))
    rows, more = found[: question.limit], len(found) > question.limit
    page: dict[str, Any] = {"limit": question.limit}
    if more:
        page = {"cursor": _cursor_text(rows[-1], question.time_field), "hasMore": True, **page}
    answer: dict[str, Any] = {"page": page}
    if rows:
        answer["data"] = [list_row(run, with_output=question.with_output) for run in rows]
    if question.since is not None and question.until is not None:
        answer["timeRange"] = {"from": proto_time(question.since), "until": proto_time(question.until)}
    return answer


def _matching(simulation: Simulation, question: ListQuestion) -> Iterator[PlayedRun]:
    if question.app not in ("", APP_ID):
        return
    key = _key(question.time_field)
    for run in _candidates(simulation, question):
        moment = key(run)
        if question.since is not None and moment[0] < question.since // 1000:
            if not question.ascending:
                return
            continue
        if question.until is not None and moment[0] > question.until // 1000:
            if question.ascending:
                return
            continue
        if question.cursor and not _is_after(question, moment, question.cursor):
            continue
        if question.statuses and run.listed_status not in question.statuses:
            continue
        if question.function in ("", run.function.id):
            yield run


def _candidates(simulation: Simulation, question: ListQuestion) -> Iterator[PlayedRun]:
    """Runs in the asked order, the active ones alone when nothing else is asked for."""
    key = _key(question.time_field)
    if question.time_field == "endedAt":
        runs = simulation.by_end
    elif question.statuses and question.statuses <= {QUEUED, RUNNING}:
        runs = sorted(simulation.active.values(), key=key)
    elif question.time_field == "queuedAt":
        runs = sorted(simulation.by_start, key=key)
    else:
        runs = simulation.by_start
    return iter(runs) if question.ascending else _newest_first(runs, key)


def _newest_first(runs: Sequence[PlayedRun], key: Callable[[PlayedRun], Key]) -> Iterator[PlayedRun]:
    for _, same_time in groupby(reversed(runs), key=lambda run: key(run)[0]):
        yield from reversed(list(same_time))


def _is_after(question: ListQuestion, moment: Key, cursor: Key) -> bool:
    """Whether a row comes after the cursor's: later in the order, or at the same time with a greater id."""
    if moment[0] == cursor[0]:
        return moment[1] > cursor[1]
    return (moment[0] > cursor[0]) == question.ascending


def _key(time_field: str) -> Callable[[PlayedRun], Key]:
    return {"queuedAt": _queue_key, "startedAt": start_key, "endedAt": end_key}[time_field]


def _queue_key(run: PlayedRun) -> Key:
    return run.queued // 1000, run.id


def _limit(text: str) -> int:
    if not text.isdecimal() or text == "0":
        raise unseen(f"limit={text}")
    if int(text) > 100:
        raise invalid("Limit cannot exceed 100")
    return int(text)


def _moment(query: dict[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    moment = parse_time(text)
    if moment is None:
        layout = "2006-01-02T15:04:05.999999999Z07:00"
        reason = f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"'
        raise Refused(400, "api_error", f'parsing field "{name}": {reason}')
    return moment


def _cursor_text(run: PlayedRun, time_field: str) -> str:
    field = _FIELDS[time_field]
    body = {"id": run.id, "c": {field: {"f": field, "v": _key(time_field)(run)[0]}}}
    return base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()


def _cursor(text: str, field: str) -> Key:
    try:
        body = json.loads(base64.b64decode(text, validate=True))
        return int(body["c"][field]["v"]), str(body["id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise invalid("Cursor is invalid") from None
