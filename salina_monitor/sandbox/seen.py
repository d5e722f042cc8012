"""What the recordings show a client asking: paths, query parameters, headers. Everything else the sandbox refuses.

`tests/contract/sandbox` derives the same table from the recordings and compares. What stands here without a recording
is named in the server's own list of operations and kept apart as `TOLD`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Call = tuple[str, str]
_ID = "{id}"

SEEN: Mapping[Call, frozenset[str]] = {
    ("GET", "/health"): frozenset(),
    ("GET", "/v2/health"): frozenset(),
    ("GET", "/v2/runs"): frozenset(
        {"limit", "appId", "functionId", "status", "from", "until", "timeField", "includeOutput", "cursor"}
    ),
    ("GET", "/v2/runs/{id}"): frozenset({"includeOutput"}),
    ("GET", "/v2/runs/{id}/trace"): frozenset({"includeOutput"}),
    ("POST", "/v2/runs/{id}/cancel"): frozenset(),
    ("POST", "/v2/runs/{id}/rerun"): frozenset(),
    ("GET", "/v2/apps/{id}/functions"): frozenset(),
    ("GET", "/v1/apps/{id}/functions"): frozenset(),
    ("GET", "/v1/events"): frozenset({"name", "limit", "received_after", "cursor"}),
    ("GET", "/v1/runs/{id}/jobs"): frozenset(),
}
TOLD: Mapping[Call, frozenset[str]] = {
    # The server's own list of operations (recording `v2-operations`) names these.
    ("GET", "/v2/runs"): frozenset({"order"}),
    ("GET", "/v2/apps/{id}/functions"): frozenset({"limit", "cursor"}),
}
SILENTLY_IGNORED = frozenset({"bogus", "query", "include_output", "time_field", "k"})
"""Recorded parameters the server ignores (trap 9): a client that sends them believes in a filter that is none."""

REPEATABLE = frozenset({"status"})
HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "authorization"}
    | {"content-type", "content-length", "x-inngest-env"}
)
"""Ordinary HTTP headers, and `X-Inngest-Env` from the notes (recording `v2-env-webhooks` names it)."""

RECORDED_404_V2, RECORDED_404_V1 = "/v2/nope", ("/v1/apps", "/v1/functions", "/v1/health", "/v1/runs", "/dev")
KEYLESS_404 = ("/v1/health",)


def template(path: str) -> str:
    """The path with its ids replaced, such as `/v2/runs/{id}/trace`."""
    return re.sub(r"^(/v[12]/(?:runs|apps|events)/)[^/]+", r"\g<1>" + _ID, path)


def allowed_parameters(method: str, path: str) -> frozenset[str] | None:
    """The parameters a call may have, None when no recording has the call."""
    call = (method, template(path))
    return SEEN[call] | TOLD.get(call, frozenset()) if call in SEEN else None
