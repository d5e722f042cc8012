"""Recordings, and the shape of a JSON value: its keys and types, without its contents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RECORDINGS = Path(__file__).parents[1] / "recordings"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def recording(name: str) -> dict[str, Any]:
    """One recorded answer: `_request`, `_status`, `_headers`, `body`."""
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def all_recordings() -> list[dict[str, Any]]:
    return [recording(path.stem) for path in sorted(RECORDINGS.glob("*.json"))]


def request_of(recorded: dict[str, Any]) -> tuple[str, str, list[tuple[str, str]]]:
    """Method, path and query pairs of a recording."""
    method, _, url = recorded["_request"].partition(" ")
    parts = urlsplit(url)
    return method, parts.path, parse_qsl(parts.query, keep_blank_values=True)


def body_of(recorded: dict[str, Any]) -> Any:
    """The recorded body without the note of whoever cut its list."""
    body = recorded["body"]
    return {k: v for k, v in body.items() if k != "_truncated_from"} if isinstance(body, dict) else body


def shape(value: Any, free: frozenset[str] = frozenset()) -> Any:
    """Keys and types of `value`. Strings are told apart as times, ULIDs, digits and text; what lies under a key in
    `free` (customers' own data) is not looked into. The items of a list give the set of their shapes."""
    match value:
        case dict():
            return {k: "free" if k in free else shape(v, free) for k, v in sorted(value.items())}
        case list():
            return [json.loads(text) for text in sorted({json.dumps(shape(v, free), sort_keys=True) for v in value})]
        case str():
            kinds = [("time", _TIME), ("ulid", _ULID), ("digits", re.compile(r"-?\d+"))]
            return next((kind for kind, pattern in kinds if pattern.fullmatch(value)), "text")
        case None:
            return "null"
        case _:
            return type(value).__name__
