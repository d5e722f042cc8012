"""What the played Resend took: `POST /emails` the way the real one judges it, and the last mails, in memory.

Shapes: https://resend.com/docs/api-reference/emails/send-email, …/errors and …/idempotency-keys.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

KEPT = 50
KEYS_KEPT = 1_000
A_SECOND = 5
_ADDRESS = re.compile(r"(?:[^<>\r\n]{0,100} )?<?[^\s<>@]+@([^\s<>@]+\.[^\s<>@]+?)>?")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was taken."""

    id: str
    at: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body of an answer; `retry_after` in seconds where it is too much at once."""

    status: int
    body: Mapping[str, Any]
    retry_after: int = 0


class Mailbox:
    """Takes mails of one verified domain, some a second. `clock` (seconds) and `now` are parameters for tests."""

    def __init__(
        self,
        domain: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._domain = domain
        self._clock, self._now = clock, now
        self._mails: deque[Mail] = deque(maxlen=KEPT)
        self._known: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._asked: deque[float] = deque(maxlen=A_SECOND)

    def mails(self) -> list[dict[str, Any]]:
        """The last mails, the newest first."""
        return [asdict(mail) for mail in reversed(self._mails)]

    def take(self, raw: bytes, key: str) -> Reply:
        """Judge one request; `key` is its idempotency key or empty."""
        moment = self._clock()
        if len(self._asked) == A_SECOND and moment - self._asked[0] < 1:
            return _problem(429, "rate_limit_exceeded", "Too many requests.", retry_after=1)
        self._asked.append(moment)
        try:
            body = json.loads(raw)
        except ValueError:
            return _problem(400, "validation_error", "Invalid JSON body.")
        if not isinstance(body, dict):
            return _problem(422, "validation_error", "The request body must be an object.")
        if refused := self._refused(body):
            return refused
        if len(key) > 256:
            return _problem(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        content = json.dumps(body, sort_keys=True)
        if key in self._known:
            number, before = self._known[key]
            if before != content:
                return _problem(
                    409, "invalid_idempotent_request", "Same idempotency key used with a different payload."
                )
            return Reply(200, {"id": number})
        mail = self._keep(body)
        if key:
            self._known[key] = (mail.id, content)
            while len(self._known) > KEYS_KEPT:
                self._known.popitem(last=False)
        return Reply(200, {"id": mail.id})

    def _refused(self, body: Mapping[str, Any]) -> Reply | None:
        for field in ("from", "to", "subject"):
            if not body.get(field):
                return _problem(422, "missing_required_field", f"Missing `{field}` field.")
        if not (body.get("html") or body.get("text")):
            return _problem(422, "missing_required_field", "Missing `html` or `text` field.")
        sender, to = body["from"], _list(body["to"])
        found = _ADDRESS.fullmatch(sender) if isinstance(sender, str) else None
        if found is None:
            return _problem(422, "validation_error", "Invalid `from` field. The email address needs to follow the "
                            "`email@example.com` or `Name <email@example.com>` format.")  # fmt: skip
        if not 1 <= len(to) <= 50 or not all(isinstance(one, str) and _ADDRESS.fullmatch(one) for one in to):
            return _problem(422, "validation_error", "Invalid `to` field. The email address needs to follow the "
                            "`email@example.com` or `Name <email@example.com>` format.")  # fmt: skip
        if not isinstance(body["subject"], str) or "\n" in body["subject"]:
            return _problem(422, "validation_error", "The `\\n` is not allowed in the `subject` field.")
        if found[1] != self._domain:
            return _problem(403, "validation_error", f"The {found[1]} domain is not verified. Please, add and verify "
                            "your domain on https://resend.com/domains")  # fmt: skip
        return None

    def _keep(self, body: Mapping[str, Any]) -> Mail:
        at = self._now().isoformat(timespec="seconds")
        mail = Mail(
            str(uuid.uuid4()), at, body["from"], tuple(_list(body["to"])), body["subject"],
            str(body.get("text") or ""), str(body.get("html") or ""),
        )  # fmt: skip
        self._mails.append(mail)
        return mail


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _problem(status: int, name: str, message: str, retry_after: int = 0) -> Reply:
    return Reply(status, {"statusCode": status, "message": message, "name": name}, retry_after)
