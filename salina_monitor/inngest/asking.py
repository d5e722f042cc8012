"""Asking the Inngest API one question: key, rate, deadline, retries. Knows no endpoint."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from salina_monitor import wire
from salina_monitor.inngest.credentials import credentials
from salina_monitor.inngest.errors import InngestError, RateLimited, VendorDown, fault
from salina_monitor.inngest.judge import Asked, judge, retry_after, wire_fault
from salina_monitor.inngest.limiter import NoSlot, RateLimiter
from salina_monitor.settings import Settings

REQUEST_S = 10.0
MAX_RETRIES = 2
CAP_BYTES = 64 * 1024 * 1024
_BACK_OFF_S = 0.25
# The request may have reached Inngest, and what it said about it did not reach us.
_PERHAPS_DONE = frozenset({"timeout", "reset", "protocol", "bad_answer", "too_large", "vendor_down", "vendor_error"})

Query = Sequence[tuple[str, str]]


class Asker:
    """One Inngest API with its key and its rate, shared by all threads of a process.

    `requests` counts what was sent, retries included; `waited_s` sums the seconds spent waiting for the
    API, for the rate and between retries.
    """

    def __init__(
        self,
        settings: Settings,
        http: httpx.Client,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._limiter = RateLimiter(settings.inngest_requests_per_second, monotonic=monotonic, sleep=sleep)
        self._lock = threading.Lock()
        self.requests = 0
        self.waited_s = 0.0

    def get(
        self, path: str, query: Query = (), *, what: str = "list", cursor: bool = False, deadline: float | None = None
    ) -> dict[str, Any]:
        """The JSON object at `path` (parts already quoted). `deadline` is a moment on `monotonic`'s clock.

        Raises InngestError.
        """
        v1 = path.startswith("/v1/")
        key = credentials(self._settings, v1=v1)
        ends_at = self._monotonic() + REQUEST_S if deadline is None else deadline
        url = f"{self._settings.inngest_api_url}{path}"
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="")
        asked = Asked(what, v1, key.setting, cursor)
        for retry in range(MAX_RETRIES + 1):
            self._wait_for_slot(ends_at)
            try:
                return self._once(url, key.headers, asked, ends_at)
            except InngestError as error:
                pause = self._pause_before_retry(error, retry)
                if pause is None or self._monotonic() + pause >= ends_at:
                    raise
            if pause:
                self._sleep(pause)
                self._count(waited=pause)
        raise AssertionError("unreachable: the last round returns or raises")

    def post(self, path: str, *, what: str, deadline: float | None = None) -> dict[str, Any]:
        """Have something done, once: it is never asked for again, whatever the answer.

        Raises InngestError; Unconfirmed when it was sent and no answer came that tells how it went.
        """
        key = credentials(self._settings, v1=False)
        ends_at = self._monotonic() + REQUEST_S if deadline is None else deadline
        self._wait_for_slot(ends_at)
        url, asked = f"{self._settings.inngest_api_url}{path}", Asked(what, False, key.setting)
        try:
            return self._once(url, {**key.headers, "Content-Type": "application/json"}, asked, ends_at, b"{}")
        except InngestError as error:
            if error.code in _PERHAPS_DONE:
                raise fault("unconfirmed") from None
            raise

    def _once(
        self, url: str, headers: dict[str, str], asked: Asked, ends_at: float, content: bytes | None = None
    ) -> dict[str, Any]:
        left = min(REQUEST_S, ends_at - self._monotonic())
        if left <= 0:
            raise fault("timeout")
        try:
            method = "GET" if content is None else "POST"
            answer = wire.fetch(
                self._http, method, url, headers=headers, content=content, deadline_s=left, cap_bytes=CAP_BYTES
            )
        except wire.WireError as error:
            self._count(requests=1, waited=error.elapsed_ms / 1000)
            raise wire_fault(error) from None
        self._count(requests=1, waited=answer.elapsed_ms / 1000)
        try:
            return judge(answer, asked, self._clock())
        except RateLimited as error:
            # Everybody slows down, not only the thread that was told so.
            self._limiter.pause(1.0 if error.retry_after is None else error.retry_after)
            raise
        except VendorDown:
            if (seconds := retry_after(answer, self._clock())) is not None:
                self._limiter.pause(seconds)
            raise

    def _pause_before_retry(self, error: InngestError, retry: int) -> float | None:
        """Seconds to wait before asking again; 0 when the limiter already holds everyone back; None: give up."""
        if retry >= MAX_RETRIES:
            return None
        if isinstance(error, RateLimited):
            return 0.0
        if error.code in ("vendor_down", "reset"):
            return float(_BACK_OFF_S * 2**retry * (0.5 + self._jitter()))
        return None

    def _wait_for_slot(self, ends_at: float) -> None:
        try:
            self._count(waited=self._limiter.acquire(ends_at))
        except NoSlot as full:
            raise fault(
                "rate_limited" if full.paused else "rate_full", f" for {full.wait:.0f} s", retry_after=full.wait
            ) from None

    def _count(self, *, requests: int = 0, waited: float = 0.0) -> None:
        with self._lock:
            self.requests += requests
            self.waited_s += waited


def quoted(part: str) -> str:
    """One path part from an untrusted id. Raises NotFound for what cannot be one: empty, `.` and `..`."""
    if part.strip(".") == "":
        raise fault("not_found", "run")
    return quote(part, safe="")
