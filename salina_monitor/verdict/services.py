"""The five services in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

from salina_monitor.models import HealthCheckResult, HealthStatus, Service
from salina_monitor.verdict.catalogue import Code, Finding
from salina_monitor.words import listed


def judge_services(health: Iterable[HealthCheckResult]) -> Finding:
    """What is not healthy by name; the worst of it gives the code."""
    results = {result.service: result.status for result in health}
    by_status = {
        HealthStatus.UNHEALTHY: (Code.SERVICES_DOWN, "unhealthy"),
        HealthStatus.DEGRADED: (Code.SERVICES_SLOW, "degraded"),
        HealthStatus.CHECKING: (Code.SERVICES_UNCHECKED, "still being checked"),
        HealthStatus.NOT_CONFIGURED: (Code.SERVICES_OFF, "not configured"),
    }
    said: list[str] = []
    code, service = Code.SERVICES_OK, ""
    for status, (its_code, word) in by_status.items():
        names = [s.label for s in Service if results.get(s, HealthStatus.CHECKING) is status]
        if status is HealthStatus.UNHEALTHY and len(names) == len(Service):
            text = "No service answers: most likely this machine's own network is down."
            return Finding(Code.SERVICES_ALL_DOWN, text)
        if names:
            said.append(f"{listed(names)} {'is' if len(names) == 1 else 'are'} {word}")
            if code is Code.SERVICES_OK:
                code, service = its_code, names[0]
    return Finding(code, f"{'; '.join(said)}." if said else "All five services are healthy.", service)
