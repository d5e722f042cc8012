"""Single values out of Inngest's JSON: times, texts, errors, outputs. Pure functions on untrusted data."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from salina_monitor.models import JSON, JobError

MAX_ID = 200
# What PostgreSQL and UTF-8 cannot hold, but JSON escapes can spell.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class Malformed(Exception):
    """A field is missing or unusable; the text names the field and nothing that was in it."""


def decode(body: bytes) -> Any:
    """JSON of an answer. Raises ValueError on anything else: other encodings, NaN, absurd depth or digits."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _storable(value) if _UNSTORABLE_ESCAPE.search(body) else value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _storable(value: Any) -> Any:
    """Copy with NUL and lone surrogates replaced. Iterative: a payload may be as deep as the decoder permits."""
    box: list[Any] = [value]
    todo: list[Any] = [box]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            node_items = [(_UNSTORABLE.sub("\ufffd", k), v) for k, v in node.items()]
            node.clear()
            node.update(node_items)
        for key, child in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(child, str):
                node[key] = _UNSTORABLE.sub("\ufffd", child)
            elif isinstance(child, dict | list):
                todo.append(child)
    return box[0]


def parse_time(value: Any) -> datetime | None:
    """RFC 3339 with up to nine fractional digits → aware UTC, cut to microseconds; None if it is not one.

    Go's zero time (year 1) means "not set" and is None too.
    """
    if not isinstance(value, str) or len(value) > 40 or value[10:11] not in ("T", "t"):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def time_or_none(row: dict[str, Any], field: str) -> datetime | None:
    """An optional time: absent or null is None, something unreadable is `Malformed`."""
    raw = row.get(field)
    if raw in (None, ""):
        return None
    moment = parse_time(raw)
    if moment is None and not (isinstance(raw, str) and raw.startswith("0001-")):
        raise Malformed(f"{field} is not a time")
    return moment


def need_time(row: dict[str, Any], field: str) -> datetime:
    moment = time_or_none(row, field)
    if moment is None:
        raise Malformed(f"{field} is missing")
    return moment


def need_id(row: dict[str, Any], field: str) -> str:
    value = id_or_none(row, field)
    if value is None:
        raise Malformed(f"{field} is missing or not an id")
    return value


def id_or_none(row: Any, field: str) -> str | None:
    value = row.get(field) if isinstance(row, dict) else None
    return value if isinstance(value, str) and value.strip() and len(value) <= MAX_ID else None


def text_or_none(row: Any, field: str) -> str | None:
    value = row.get(field) if isinstance(row, dict) else None
    return value if isinstance(value, str) and value else None


def strings(value: Any) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str) and v) if isinstance(value, list) else ()


def parse_error(output: Any) -> JobError | None:
    """The error in an output. v2 lists wrap it in `error`, v1 and single runs do not; nothing there is None."""
    if isinstance(output, dict) and "error" in output and "message" not in output:
        output = output["error"]
    if output in (None, "", {}, []):
        return None
    if not isinstance(output, dict):
        return JobError(name=None, message=_as_text(output))
    name, message = text_or_none(output, "name"), output.get("message")
    stack = text_or_none(output, "stack")
    if name is None and message is None and stack is None:
        return JobError(name=None, message=_as_text(output))
    return JobError(name=name, message="" if message is None else _as_text(message), stack=stack)


def parse_output(output: Any) -> JSON:
    """The output of a success. v2 wraps whatever is not an object as `{"data": …}`; that wrapper is removed."""
    if isinstance(output, dict) and output.keys() == {"data"} and not isinstance(output["data"], dict):
        output = output["data"]
    result: JSON = output
    return result


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return "(nested too deeply to be shown)"
