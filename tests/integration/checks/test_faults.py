"""Every misbehaviour × every HTTP service: ends in time with the right code; five seconds hold for real."""

from __future__ import annotations

import threading
import time

import pytest

from salina_monitor.checks import warm_up
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthStatus, Service
from salina_monitor.settings import Settings
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.peers import BUCKET, CANARY, GOOD, SECRETS, URLS, settings_at

pytestmark = pytest.mark.alone

SERVICES = (Service.CLERK, Service.S3, Service.RESEND, Service.INNGEST)
INNER, OUTER, SLACK = 0.5, 4.0, 2.0  # the slack is for a busy machine; without a deadline it would be 30 s
FAULTS = [
    (faults.silence, "timeout"),
    (faults.drip_headers, "timeout"),
    (faults.drip_body, "timeout"),
    (faults.endless_1xx, "timeout"),
    (faults.reset, "reset"),
    (faults.hang_up, "reset"),
    (faults.stops_midway, "reset"),
    (faults.huge_body, "too_large"),
    (faults.gzip_bomb, "protocol"),
    (faults.not_http, "protocol"),
]
# HEAD has no body: what the headers say is judged, and they are not S3's.
WITHOUT_BODY = {faults.drip_body: "not_s3", faults.stops_midway: "not_s3", faults.huge_body: "not_s3"}


def warm(settings: Settings, **options: float) -> CheckRunner:
    """A runner whose boto3 client exists: making one would use up the short deadlines here."""
    warm_up(settings)
    return CheckRunner(settings, **options)


@pytest.mark.parametrize(("behaviour", "code"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_it_ends_in_time_with_the_specific_code(behaviour, code):
    """All four services at once, so that the silent ones cost their deadline only once."""
    with FaultServer(behaviour) as server:
        runner = warm(settings_at(server.url), inner_s=INNER, outer_s=OUTER)
        started = time.monotonic()
        results = {result.service: result for result in runner.iter(services=SERVICES)}
        assert time.monotonic() - started < INNER + SLACK
    assert {s.value: r.code for s, r in results.items()} == {
        s.value: WITHOUT_BODY.get(behaviour, code) if s is Service.S3 else code for s in SERVICES
    }
    for result in results.values():
        assert result.status is HealthStatus.UNHEALTHY
        assert CANARY not in result.message


def test_it_says_refused_with_the_address_that_was_tried():
    port = faults.refused_port()
    results = CheckRunner(settings_at(f"http://127.0.0.1:{port}")).iter(services=SERVICES)
    for result in results:
        assert result.code == "refused"
        assert f"127.0.0.1:{port}" in result.message


def test_it_says_dns_when_the_name_server_is_silent(monkeypatch):
    released = threading.Event()

    def silent(*args, flags=0, **kwargs):
        if not flags:
            released.wait(10)
        raise faults.socket.gaierror(-2, "Name or service not known")

    settings = settings_at("http://silent.example", DATABASE_URL="postgresql://erp:pw12@silent.example/erp")
    runner = warm(settings, inner_s=INNER, outer_s=OUTER)
    monkeypatch.setattr("socket.getaddrinfo", silent)
    started = time.monotonic()
    results = runner.run_all()
    released.set()
    assert time.monotonic() - started < INNER + SLACK
    assert {r.code for r in results.values()} == {"dns"}
    assert all("silent.example" in r.message for r in results.values())


@pytest.mark.parametrize("behaviour", [faults.silence_at_once, faults.answers(200)], ids=["silent", "plain text"])
def test_it_ends_on_a_port_that_does_not_speak_tls(behaviour):
    with FaultServer(behaviour) as server:
        runner = warm(settings_at(server.url.replace("http:", "https:")), inner_s=INNER, outer_s=OUTER)
        assert {r.code for r in runner.iter(services=SERVICES)} <= {"timeout", "tls", "reset"}


def test_it_names_the_fault_of_a_self_signed_certificate():
    import trustme

    context = faults.ssl.SSLContext(faults.ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with FaultServer(faults.answers(200), tls=context) as server:
        for result in CheckRunner(settings_at(server.url)).iter(services=SERVICES):
            assert result.code == "tls_cert"
            assert "self-signed" in result.message or "issuer is not known" in result.message


def test_it_keeps_five_seconds_for_real_and_paints_the_others_at_once():
    """One black hole, one dripping peer and a database that accepts and says nothing; two instant ones."""
    with (
        FaultServer(faults.silence) as hole,
        FaultServer(faults.drip_headers) as drip,
        FaultServer(faults.silence_at_once) as frozen,
        FaultServer(faults.answers(*GOOD["resend"])) as resend,
        FaultServer(faults.answers(*GOOD["inngest"])) as inngest,
    ):
        urls = {"clerk": hole.url, "s3": drip.url, "resend": resend.url, "inngest": inngest.url}
        env = {URLS[name]: url for name, url in urls.items()}
        dsn = f"postgresql://erp:{CANARY}@127.0.0.1:{frozen.port}/erp"
        runner = warm(Settings.load({**SECRETS, **BUCKET, **env, "DATABASE_URL": dsn}))
        started = time.monotonic()
        at = {result.service: (time.monotonic() - started, result) for result in runner.iter()}
    assert at[Service.RESEND][0] < 3
    assert at[Service.INNGEST][0] < 3
    for service in (Service.DATABASE, Service.CLERK, Service.S3):
        seconds, result = at[service]
        assert 4.7 <= seconds <= 5.5
        assert result.code == "timeout"
        assert 4700 <= result.latency_ms <= 5100
        assert CANARY not in result.message
