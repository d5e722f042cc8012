"""Each complete answer of each HTTP service: code, and what a person reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthCheckResult, Service
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.peers import CANARY, GOOD, settings_at

CLERK, S3, RESEND, INNGEST = Service.CLERK, Service.S3, Service.RESEND, Service.INNGEST
AMZ = {"x-amz-request-id": "1"}
HTML = (b"<html>sign in</html>", {"Content-Type": "text/html"})

pytestmark = pytest.mark.alone


def ask(service: Service, status: int, body: object = b"", headers: dict[str, str] | None = None, **env: str):
    with FaultServer(faults.answers(status, body, headers)) as server:
        result = CheckRunner(settings_at(server.url, **env)).check(service)
    assert CANARY not in result.message
    return result, server


def common(service: Service) -> list[tuple[Service, int, object, dict[str, str], str]]:
    return [
        (service, 200, HTML[0], HTML[1], "bad_body"),
        (service, 200, b"{", {}, "bad_body"),
        (service, 200, b"[]", {}, "bad_body"),
        (service, 200, {"unexpected": 1}, {}, "bad_body"),
        (service, 204, b"", {}, "bad_body"),
        (service, 302, b"", {"Location": "https://elsewhere.example/"}, "redirect"),
        (service, 401, b"no", {}, "bad_key"),
        (service, 403, {}, {}, "forbidden"),
        (service, 404, {}, {}, "needs_signing_key" if service is None else "not_found"),
        (service, 409, {}, {}, "unexpected"),
        (service, 429, {}, {"Retry-After": "3"}, "rate_limited"),
        (service, 500, b"", {}, "vendor_error"),
        (service, 502, b"", {}, "vendor_down"),
        (service, 503, HTML[0], HTML[1], "vendor_down"),
        (service, 504, b"", {}, "vendor_down"),
    ]


OWN = [
    (CLERK, *GOOD["clerk"], "ok"),
    (CLERK, 200, {"object": "total_count", "total_count": True}, {}, "bad_body"),
    (CLERK, 200, {"object": "total_count", "total_count": "3"}, {}, "bad_body"),
    (CLERK, 200, {"total_count": 3}, {}, "bad_body"),
    (RESEND, *GOOD["resend"], "ok"),
    (RESEND, 401, {"name": "restricted_api_key", "message": "only send", "statusCode": 401}, {}, "ok"),
    (RESEND, 401, {"name": "missing_api_key"}, {}, "bad_key"),
    (RESEND, 400, {"name": "validation_error", "message": "API key is invalid"}, {}, "bad_key"),
    (RESEND, 400, {"name": "validation_error", "message": "limit is too large"}, {}, "unexpected"),
    (RESEND, 403, {"name": "invalid_api_key"}, {}, "bad_key"),
    (RESEND, 429, {"name": "rate_limit_exceeded"}, {}, "rate_limited"),
    (RESEND, 429, {"name": "daily_quota_exceeded"}, {}, "quota_exceeded"),
    (RESEND, 429, {"name": "monthly_quota_exceeded"}, {}, "quota_exceeded"),
    (RESEND, 200, {"data": {}}, {}, "bad_body"),
    (INNGEST, *GOOD["inngest"], "ok"),
    (INNGEST, 200, {"data": {"status": "down"}}, {}, "bad_body"),
    (INNGEST, 200, {"data": "ok"}, {}, "bad_body"),
    (S3, *GOOD["s3"], "ok"),
    (S3, 200, b"", {}, "not_s3"),
    (S3, 204, b"", AMZ, "not_s3"),
    (S3, 200, b"", {**AMZ, "x-amz-bucket-region": "us-east-1"}, "other_region"),
    (S3, 301, b"", {**AMZ, "x-amz-bucket-region": "us-east-1"}, "wrong_region"),
    (S3, 400, b"", {**AMZ, "x-amz-bucket-region": "us-east-1"}, "wrong_region"),
    (S3, 301, b"", {"Location": "/again"}, "redirect"),
    (S3, 307, b"", {**AMZ, "Location": "/again", "x-amz-bucket-region": "eu-west-3"}, "redirect"),
    (S3, 400, b"", AMZ, "access_denied"),
    (S3, 400, b"", {}, "unexpected"),
    (S3, 403, b"", AMZ, "access_denied"),
    (S3, 404, b"", AMZ, "no_bucket"),
    (S3, 429, b"", AMZ, "rate_limited"),
    (S3, 503, b"", AMZ, "rate_limited"),
    (S3, 500, b"", AMZ, "vendor_error"),
    (S3, 502, b"", {}, "vendor_down"),
]


@pytest.mark.parametrize(
    ("service", "status", "body", "headers", "code"),
    [*common(CLERK), *common(RESEND), *common(INNGEST), *OWN],
    ids=lambda value: value.value if isinstance(value, Service) else str(value)[:40],
)
def test_it_calls_each_answer_by_its_code(service, status, body, headers, code):
    result, _ = ask(service, status, body, headers)
    assert result.code == code
    assert result.latency_ms is not None


@pytest.mark.parametrize("service", [CLERK, S3, RESEND, INNGEST])
def test_it_does_not_follow_a_redirect_loop(service):
    with FaultServer(faults.redirect_loop) as server:
        assert CheckRunner(settings_at(server.url)).check(service).code == "redirect"
        assert server.accepted == 1


@pytest.mark.parametrize(
    ("service", "words"),
    [(CLERK, "API key accepted"), (RESEND, "API key accepted"), (INNGEST, "Signing key accepted"), (S3, "Bucket reachable")],
)  # fmt: skip
def test_it_is_brief_when_all_is_well(service, words):
    assert ask(service, *GOOD[service.value])[0].message == words


def test_it_finds_a_sending_only_key_healthy():
    result, _ = ask(RESEND, 401, {"name": "restricted_api_key"})
    assert (result.status, result.message) == ("healthy", "Sending access only")


def test_it_says_which_quota_is_used_up_and_what_follows():
    result, _ = ask(RESEND, 429, {"name": "monthly_quota_exceeded"})
    assert result.status == "degraded"
    assert "monthly" in result.message
    assert "mails will fail" in result.message


def test_it_names_the_region_to_set():
    result, _ = ask(S3, 301, b"", {"x-amz-bucket-region": "us-east-1"})
    assert "AWS_REGION=us-east-1" in result.message


def test_it_asks_what_the_vendors_document():
    heads = {s: ask(s, *GOOD[s.value])[1].heads[0].decode() for s in (CLERK, S3, RESEND, INNGEST)}
    assert heads[CLERK].startswith("GET /users/count HTTP/1.1")
    assert heads[RESEND].startswith("GET /domains?limit=1 HTTP/1.1")
    assert heads[INNGEST].startswith("GET /v2/health HTTP/1.1")
    assert heads[S3].startswith("HEAD /statements HTTP/1.1")
    assert f"Authorization: Bearer sk_live_{CANARY}" in heads[CLERK]
    assert "Credential=AKIA" in heads[S3]
    assert all("user-agent: " in head.lower() for head in heads.values())


def test_it_is_slow_above_a_second():
    with FaultServer(faults.after(1.05, faults.answers(*GOOD["clerk"][:2]))) as server:
        result = CheckRunner(settings_at(server.url)).check(CLERK)
    assert (result.status, result.code) == ("degraded", "slow")
    assert result.message.startswith("API key accepted, but only after 1.")


# --- Inngest: keys and servers of every age


def inngest(answers: dict[str, tuple[int, object]], **env: str) -> tuple[HealthCheckResult, FaultServer]:
    """Ask a server that answers by path; others are 404."""

    def behave(conn, stop):
        path = server.heads[-1].split(b" ")[1].decode()
        faults.answers(*answers.get(path, (404, b"404 page not found\n")))(conn, stop)

    server = FaultServer(behave)
    with server:
        result = CheckRunner(settings_at(server.url, **env)).check(INNGEST)
    assert CANARY not in result.message
    return result, server


EVENTS = "/v1/events?limit=1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {"data": [], "metadata": {}}), "ok"),
        ((200, {"data": [{"internal_id": "1"}]}), "ok"),
        ((200, {"error": "bad key", "data": None, "status": 401}), "bad_key"),
        ((200, {"error": "boom", "data": None, "status": 500}), "vendor_error"),
        ((200, {"error": "no", "data": None, "status": 404}), "not_found"),
        ((200, {"error": "odd", "data": None, "status": "401"}), "bad_body"),
        ((401, b"Authentication failed\n"), "bad_key"),
        ((404, b"404 page not found\n"), "not_found"),
    ],
)
def test_it_asks_an_older_server_for_one_event_and_looks_into_the_body(answer, code):
    result, server = inngest({EVENTS: answer})
    assert result.code == code
    assert [head.split(b" ")[1] for head in server.heads] == [b"/v2/health", EVENTS.encode()]


API_KEY = {"INNGEST_SIGNING_KEY": "", "INNGEST_API_KEY": f"sk-inn-api-{CANARY}"}


def test_it_takes_an_api_key_on_v2():
    result, server = inngest({"/v2/health": (200, GOOD["inngest"][1])}, **API_KEY)
    assert (result.code, result.message) == ("ok", "API key accepted")
    assert f"Bearer sk-inn-api-{CANARY}".encode() in server.heads[0]


def test_it_wants_the_signing_key_where_only_v1_is_there():
    result, server = inngest({EVENTS: (200, {"data": []})}, **API_KEY)
    assert result.code == "needs_signing_key"
    assert "INNGEST_SIGNING_KEY" in result.message
    assert len(server.heads) == 1


def test_it_names_the_key_that_was_refused():
    assert "INNGEST_API_KEY" in inngest({"/v2/health": (401, b"")}, **API_KEY)[0].message


def test_it_accepts_a_development_server_that_needs_no_key():
    result, server = inngest({"/v2/health": (200, GOOD["inngest"][1])}, INNGEST_SIGNING_KEY="")
    assert result.code == "ok"
    assert "without a key" in result.message
    assert b"authorization" not in server.heads[0].lower()


def test_it_is_not_configured_when_the_server_wants_a_key_and_none_is_set():
    result, _ = inngest({"/v2/health": (401, b"Authentication failed\n")}, INNGEST_SIGNING_KEY="")
    assert (result.status, result.code) == ("not_configured", "not_configured")
    assert "INNGEST_SIGNING_KEY" in result.message


CAPTURES = Path(__file__).parents[2] / "contract" / "recordings"


@pytest.mark.parametrize(
    ("capture", "path", "code"),
    [
        ("health_v2_health", "/v2/health", "ok"),
        ("health_v2_health.noauth", "/v2/health", "bad_key"),
        ("v1-events.default", EVENTS, "ok"),
        ("v1-events.badauth", EVENTS, "bad_key"),
        ("v1-events.badcursor", EVENTS, "unexpected"),
    ],
)
def test_it_understands_what_a_real_server_answered(capture, path, code):
    recorded = json.loads((CAPTURES / f"{capture}.json").read_text())
    body = recorded["body"]
    assert inngest({path: (recorded["_status"], body.encode() if isinstance(body, str) else body)})[0].code == code
