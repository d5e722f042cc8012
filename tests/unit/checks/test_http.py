"""What the three HTTP checks share, without a socket."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.checks import http
from salina_monitor.checks.outcomes import OUTCOMES
from salina_monitor.wire import Answer, WireError

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, httpx.Headers(headers), body, 12)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, "bad_body"), (204, "bad_body"), (301, "redirect"), (302, "redirect"), (304, "redirect"), (308, "redirect"),
        (400, "unexpected"), (401, "bad_key"), (403, "forbidden"), (404, "not_found"), (418, "unexpected"),
        (429, "rate_limited"), (500, "vendor_error"), (501, "vendor_error"), (502, "vendor_down"), (503, "vendor_down"),
        (504, "vendor_down"), (520, "vendor_error"), (600, "vendor_error"),
    ],
)  # fmt: skip
def test_it_judges_a_status(status, code):
    finding = http.judge(answer(status))
    assert finding.code == code
    assert finding.latency_ms == 12
    assert set(finding.facts) == set(OUTCOMES[code].facts)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0), ("0", 1.0), ("-5", 1.0), ("1e9", 3600.0), ("inf", 3600.0), ("nan", 10.0), ("", 10.0), ("soon", 10.0),
        ("Tue, 24 Nov 2026 12:00:42 GMT", 42.0), ("Tue, 24 Nov 2026 11:00:00 GMT", 1.0), ("Tue, 99 Nov 2026 11:00:00", 10.0),
        ("Tue, 24 Nov 2026 11:00:00 +99999999999999999999", 10.0),
    ],
)  # fmt: skip
def test_it_reads_retry_after_within_bounds(header, seconds):
    assert http.retry_after_s(httpx.Headers({"Retry-After": header}), NOW) == seconds


def test_it_tells_the_runner_when_to_ask_again():
    finding = http.judge(answer(429, **{"Retry-After": "7"}))
    assert finding.retry_after_s == 7
    assert finding.facts["again"] == "in 7 s at the earliest"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 65000, b'"text"', b"1"])
def test_it_takes_anything_but_an_object_for_an_empty_one(body):
    assert http.json_object(answer(200, body)) == {}


@pytest.mark.parametrize("kind", ["timeout", "dns", "refused", "reset", "tls_cert", "tls", "too_large", "protocol"])
def test_it_has_a_code_for_each_kind_of_the_wire(kind):
    finding = http.not_answered(WireError(kind, 3, "detail"))
    assert finding.code == kind
    assert finding.code in OUTCOMES
    assert finding.latency_ms == 3


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]?\d{0,25}", fullmatch=True)
)
def test_no_retry_after_breaks_it(text):
    assert 1 <= http.retry_after_s({"retry-after": text}, NOW) <= 3600
