"""Is this answer what was asked for? Turns statuses and bodies into errors, looking into HTTP 200 bodies too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from salina_monitor.inngest.errors import InngestError, fault
from salina_monitor.inngest.values import decode, text_or_none
from salina_monitor.wire import Answer, WireError

_NOUN = {"rerun": "run", "cancel": "run"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer is judged against: the kind of thing asked for, the key used, whether a cursor was sent."""

    what: str  # "list", "run", "trace", "app", "rerun", "cancel"; for the words of "knows no such …"
    v1: bool
    key_setting: str | None  # None: asked without a key
    cursor: bool = False


def judge(answer: Answer, asked: Asked, now: datetime) -> dict[str, Any]:
    """The JSON object of a good answer. Raises the InngestError that fits a bad one."""
    status = answer.status
    if status == 429:
        seconds = retry_after(answer, now)
        raise fault("rate_limited", "" if seconds is None else f" for {seconds:.0f} s", retry_after=seconds)
    if status in (401, 403):
        raise _refused(status, asked)
    if 300 <= status < 400 or (_is_html(answer) and status != 501 and status < 500):
        raise fault("wrong_base_url")
    try:
        body = decode(answer.body)
    except ValueError:
        if status == 200:
            raise fault("bad_answer", "it is not JSON") from None
        body = None
    problem = _problem(body)
    if status != 200 or problem:
        raise _error(status, problem or ("", "", 0), asked)
    if not isinstance(body, dict):
        raise fault("bad_answer", "it is not a JSON object")
    return body


def wire_fault(error: WireError) -> InngestError:
    """The error for a request that got no complete answer."""
    return fault(error.kind, f": {error.detail}" if error.detail else "")


def retry_after(answer: Answer, now: datetime) -> float | None:
    """`Retry-After` in seconds, given as seconds or as a date; None if absent or unreadable.

    A date is compared with the answer's own `Date`, so that a skewed clock here does not matter.
    """
    raw = answer.headers.get("retry-after", "").strip()
    if raw.isascii() and raw.isdigit():
        return float(raw[:9])
    until = _http_date(raw)
    if until is None:
        return None
    return max(0.0, (until - (_http_date(answer.headers.get("date", "")) or now)).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def _is_html(answer: Answer) -> bool:
    start = answer.body[:200].lstrip().lower()
    return "html" in answer.headers.get("content-type", "") or start.startswith((b"<!doctype", b"<html"))


def _problem(body: Any) -> tuple[str, str, int] | None:
    """(code, message, status) that the body itself reports: v1 `{"error", "status"}`, v2 `{"errors": [{…}]}`."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("errors"), list) and body["errors"]:
        first = body["errors"][0]
        return text_or_none(first, "code") or "", text_or_none(first, "message") or "", 0
    if body.get("error") and body.get("data") is None:
        status = body.get("status")
        return "", text_or_none(body, "error") or "", status if isinstance(status, int) else 0
    return None


def _error(status: int, problem: tuple[str, str, int], asked: Asked) -> InngestError:
    code, message, inner = problem
    status = inner if status == 200 else status
    # Single v1 answers say 500 for a run that does not exist.
    unknown = message.startswith("Unable to load function run")
    bad_id = status == 400 and ("must be a valid ULID" in message or message.startswith("Invalid run ID"))
    if code == "not_found" or unknown or bad_id or (asked.v1 and status == 404 and message):
        return fault("app_not_found") if asked.what == "app" else fault("not_found", _NOUN.get(asked.what, asked.what))
    if code in ("run_already_ended", "run_already_cancelled"):
        return fault(code.removeprefix("run_"))
    if status == 501 and asked.what == "rerun":
        return fault("cannot_rerun")
    if status in (401, 403):
        return _refused(status, asked)
    if status == 429:
        return fault("rate_limited")
    if status == 400 and asked.cursor and "cursor" in message.lower():
        return fault("bad_cursor")
    if status in (404, 405, 501):
        return fault("bad_answer", "it does not know that question") if asked.v1 else fault("too_old")
    if status >= 500:
        return fault("vendor_down" if status in (502, 503, 504) else "vendor_error", str(status))
    return fault("bad_request", str(status)) if status >= 400 else fault("bad_answer", "it reports an error")


def _refused(status: int, asked: Asked) -> InngestError:
    if asked.key_setting is None:
        return fault("key_wanted")
    return fault("bad_key" if status == 401 else "forbidden", setting=asked.key_setting)
