"""The client that the `resend` package sends with, and one mail sent through it.

The package keeps key, address and client in its module, has no total deadline, and repeats what the vendor says. So a
lock holds all three for the length of a send, our client of a few seconds stands in for its own, and only status and
name of an error are looked at.
"""

from __future__ import annotations

import json as jsons
import threading
from collections.abc import Mapping
from typing import Any

import resend
from resend.exceptions import ResendError

from salina_monitor import wire
from salina_monitor.wire import Answer, WireError

_lock = threading.Lock()


class Client(resend.HTTPClient):
    """What the package sends with. Keeps how it went, for its errors say less and repeat more."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self.answer: Answer | None = None
        self.failed: WireError | None = None

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        files: Any = None,
        data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body = jsons.dumps(json).encode()
        sent = {**headers, "Content-Type": "application/json"}
        try:
            with wire.new_client(keepalive=False) as client:
                answer = wire.fetch(
                    client, method.upper(), url, headers=sent, content=body, deadline_s=self._deadline_s
                )
        except WireError as error:
            self.failed = error
            raise
        self.answer = answer
        return answer.body, answer.status, dict(answer.headers)


def send(
    api_url: str, key: str, mail: Mapping[str, Any], idempotency_key: str, deadline_s: float
) -> tuple[Client, str, Any]:
    """Send one mail: the client that knows how it went, the name of the vendor's error or "", and the answer."""
    client = Client(deadline_s)
    with _lock:
        resend.api_key, resend.api_url, resend.default_http_client = key, api_url, client
        try:
            found = resend.Emails.send(mail, {"idempotency_key": idempotency_key})  # type: ignore[arg-type]
        except ResendError as error:
            return client, str(error.error_type), None
    return client, "", found
