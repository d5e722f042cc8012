"""What several results say together."""

from __future__ import annotations

import itertools

import pytest

from salina_monitor.checks import all_failing_sentence, overall
from salina_monitor.checks.outcomes import OUTCOMES
from salina_monitor.models import HealthCheckResult, HealthStatus, Service, utcnow

H, D, U, N = HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.UNHEALTHY, HealthStatus.NOT_CONFIGURED


def result(service: Service, code: str) -> HealthCheckResult:
    return HealthCheckResult(service, OUTCOMES[code].status, 1, "", utcnow(), code)


def results(*codes: str) -> list[HealthCheckResult]:
    return [result(service, code) for service, code in zip(Service, codes, strict=False)]


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        (("ok", "ok"), H),
        (("ok", "not_configured"), N),
        (("not_configured", "slow", "ok"), D),
        (("slow", "timeout", "not_configured"), U),
        ((), N),
    ],
)
def test_it_takes_the_worst_in_any_order(codes, status):
    for order in itertools.permutations(codes):
        assert overall(results(*order)) == status
        assert overall({r.service: r for r in results(*order)}) == status


@pytest.mark.parametrize(
    "codes",
    [
        ("timeout", "dns", "refused", "reset", "timeout"),
        ("refused", "tls_cert", "not_s3", "redirect", "bad_body"),  # a sign-in page of some hotel
        ("timeout", "vendor_down", "vendor_down", "vendor_down", "vendor_down"),  # a proxy without its upstream
    ],
)
def test_it_says_so_when_all_fail_as_a_broken_network_makes_them(codes):
    sentence = all_failing_sentence(results(*codes))
    assert sentence
    assert "monitor's own network" in sentence


@pytest.mark.parametrize(
    "codes",
    [
        ("timeout", "dns", "refused", "reset"),
        ("timeout", "dns", "refused", "reset", "ok"),
        ("timeout", "dns", "refused", "reset", "bad_key"),
        ("timeout", "dns", "refused", "reset", "not_configured"),
    ],
)
def test_it_does_not_blame_the_network_when_one_answered_or_was_not_asked(codes):
    assert all_failing_sentence(results(*codes)) is None
