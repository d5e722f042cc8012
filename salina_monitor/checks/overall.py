"""What several results say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from salina_monitor.models import HealthCheckResult, HealthStatus, Service

Results = Sequence[HealthCheckResult] | Mapping[Service, HealthCheckResult]

# What a broken line, a proxy or a sign-in page in between looks like. Any other code was heard from the service
# itself (a refused key proves that the network is well) or is ours.
_NOT_HEARD_FROM = frozenset(
    {
        "timeout", "dns", "refused", "reset", "tls_cert", "tls", "protocol", "too_large", "bad_body", "redirect",
        "not_found", "unexpected", "vendor_down", "vendor_error", "not_s3", "not_postgres",
    }
)  # fmt: skip


def overall(results: Results) -> HealthStatus:
    """The worst of unhealthy > degraded > not configured > healthy; not configured when there is no result."""
    return max((r.status for r in _list(results)), key=lambda s: s.severity, default=HealthStatus.NOT_CONFIGURED)


def all_failing_sentence(results: Results) -> str | None:
    """What to say when all five fail and none can be blamed alone: it is this machine's network. None otherwise."""
    values = _list(results)
    if {r.service for r in values} != set(Service) or any(r.code not in _NOT_HEARD_FROM for r in values):
        return None
    return (
        "All five services fail at once: most likely the monitor's own network, not the services. "
        "Check this machine's connection first."
    )


def _list(results: Results) -> list[HealthCheckResult]:
    return list(results.values() if isinstance(results, Mapping) else results)
