"""Health checks of the five services: at most 5.0 s whatever the other side does, in our own words, no secret.

    for result in iter_health_checks(settings):   # each as it ends
        ...

Codes, states and messages: `outcomes.OUTCOMES`. Every function takes `settings`; without, the environment counts.
State (last results, probes in flight, Retry-After) is kept per process and settings in a `CheckRunner`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence

from salina_monitor import wire
from salina_monitor.checks import s3
from salina_monitor.checks.outcomes import OUTCOMES, Outcome
from salina_monitor.checks.overall import all_failing_sentence, overall
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthCheckResult, Service
from salina_monitor.settings import Settings

__all__ = [
    "OUTCOMES",
    "CheckRunner",
    "Outcome",
    "all_failing_sentence",
    "check_clerk_health",
    "check_database_health",
    "check_inngest_health",
    "check_resend_health",
    "check_s3_health",
    "iter_health_checks",
    "latest",
    "overall",
    "run_all_health_checks",
    "runner_for",
    "warm_up",
]

_KEPT = 8
_runners: list[CheckRunner] = []
_lock = threading.Lock()


def runner_for(settings: Settings | None = None) -> CheckRunner:
    """The process's runner for these settings: equal settings share probes in flight and results."""
    settings = Settings.load(os.environ) if settings is None else settings
    with _lock:
        for runner in _runners:
            if runner.settings == settings:
                return runner
        del _runners[: max(0, len(_runners) - _KEPT + 1)]
        _runners.append(CheckRunner(settings))
        return _runners[-1]


def check_database_health(settings: Settings | None = None) -> HealthCheckResult:
    """Ask the ERP's PostgreSQL now, at most 5.0 s."""
    return runner_for(settings).check(Service.DATABASE)


def check_clerk_health(settings: Settings | None = None) -> HealthCheckResult:
    """Ask Clerk now, at most 5.0 s."""
    return runner_for(settings).check(Service.CLERK)


def check_s3_health(settings: Settings | None = None) -> HealthCheckResult:
    """Ask for the S3 bucket now, at most 5.0 s."""
    return runner_for(settings).check(Service.S3)


def check_resend_health(settings: Settings | None = None) -> HealthCheckResult:
    """Ask Resend now, at most 5.0 s."""
    return runner_for(settings).check(Service.RESEND)


def check_inngest_health(settings: Settings | None = None) -> HealthCheckResult:
    """Ask Inngest now, at most 5.0 s."""
    return runner_for(settings).check(Service.INNGEST)


def run_all_health_checks(settings: Settings | None = None) -> dict[Service, HealthCheckResult]:
    """Ask all five at once, at most 5.0 s in all; in the order they are shown."""
    return runner_for(settings).run_all()


def iter_health_checks(
    settings: Settings | None = None, *, force: bool = False, services: Sequence[Service] | None = None
) -> Iterator[HealthCheckResult]:
    """Start the checks and yield each result as it ends, the last within 5.0 s.

    Without `force` a service is asked at most every 10 s and its last result is yielded instead.
    `services`: those to ask, default all.
    """
    return runner_for(settings).iter(force=force, services=services)


def latest(service: Service, settings: Settings | None = None) -> HealthCheckResult | None:
    """The last known result of a service, of whatever age; None if it was never asked."""
    return runner_for(settings).latest(service)


def warm_up(settings: Settings | None = None) -> None:
    """Load what the first check would pay for (certificates, boto3); call at start, in a thread if need be.

    Also bounds name look-ups of this process that nobody waits for any more: RES_OPTIONS, unless set.
    """
    settings = Settings.load(os.environ) if settings is None else settings
    os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:1")
    wire.shared_ssl_context()
    if settings.aws_s3_bucket:
        s3.warm_up(settings)
