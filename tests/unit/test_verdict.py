from dataclasses import replace
from datetime import UTC, datetime

import pytest

from salina_monitor.models import HealthCheckResult, HealthStatus, JobSummary, Service
from salina_monitor.verdict import Level, verdict

NOW = datetime(2026, 11, 24, tzinfo=UTC)
QUIET = JobSummary(3, 2, 100, 0, failed_by_hour=(0,) * 24)


def health(**states: HealthStatus) -> list[HealthCheckResult]:
    return [HealthCheckResult(s, states.get(s.value, HealthStatus.HEALTHY), 12, "", NOW, "ok") for s in Service]


def test_all_well_is_said_with_evidence() -> None:
    said = verdict(QUIET, health())
    assert said.level is Level.GOOD
    assert said.text == "All five services are healthy. No job failed in the last 24 h; 3 running, 2 queued."


@pytest.mark.parametrize(
    "told",
    [
        verdict(QUIET, []),
        verdict(QUIET, health()[:4]),
        verdict(QUIET, health(s3=HealthStatus.NOT_CONFIGURED)),
        verdict(QUIET, health(s3=HealthStatus.CHECKING)),
        verdict(JobSummary(None, None, None, None), health()),
        verdict(QUIET, health(), stale_reason="Inngest is unreachable."),
        verdict(QUIET, health(), filling=True),
    ],
)
def test_unknown_is_never_green(told: object) -> None:
    assert told.level is Level.UNKNOWN


def test_a_service_that_is_down_is_trouble_and_named() -> None:
    said = verdict(QUIET, health(s3=HealthStatus.UNHEALTHY, clerk=HealthStatus.UNHEALTHY, resend=HealthStatus.DEGRADED))
    assert said.level is Level.TROUBLE
    assert said.text.startswith("Clerk and S3 are unhealthy; Resend is degraded.")


def test_all_down_at_once_is_the_monitors_own_network() -> None:
    down = {s.value: HealthStatus.UNHEALTHY for s in Service}
    assert "own network" in verdict(QUIET, health(**down)).text


def test_failures_of_the_last_hour_want_attention_and_older_ones_do_not() -> None:
    lately = JobSummary(1, 0, 90, 10, failed_by_hour=(0,) * 23 + (4,))
    earlier = JobSummary(1, 0, 90, 10, failed_by_hour=(10,) + (0,) * 23)
    assert verdict(lately, health()).level is Level.ATTENTION
    assert "10 of 100 ended jobs failed in the last 24 h, 4 of them in the last hour" in verdict(lately, health()).text
    assert verdict(earlier, health()).level is Level.GOOD
    assert "none of them in the last hour" in verdict(earlier, health()).text


def test_jobs_that_take_longer_than_usual_want_attention() -> None:
    said = verdict(replace(QUIET, stuck_running=2, stuck_queued=1), health())
    assert said.level is Level.ATTENTION
    assert "3 of them for longer than usual for their type." in said.text
