"""The words of the field: JSON form, order of states, pages, first lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from salina_monitor.models import (
    Attempt,
    HealthStatus,
    JobError,
    JobPage,
    JobStatus,
    JobSummary,
    Service,
    TimeRange,
    iso,
    to_json,
    utcnow,
)

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOON, "2026-11-23T12:00:00.123Z"),
        (NOON.replace(microsecond=0), "2026-11-23T12:00:00.000Z"),
        (NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30))), "2026-11-23T12:00:00.123Z"),
        (None, None),
    ],
)
def test_times_are_utc_with_z_and_milliseconds(moment: datetime | None, said: str | None) -> None:
    assert iso(moment) == said


def test_now_knows_its_zone() -> None:
    assert utcnow().tzinfo is UTC


def test_json_keeps_field_names_at_any_depth() -> None:
    attempt = Attempt(1, JobStatus.FAILED, NOON, None, JobError("Error", "no", None))
    assert to_json({"attempts": (attempt,)}) == {
        "attempts": [
            {
                "number": 1,
                "status": "failed",
                "started_at": "2026-11-23T12:00:00.123Z",
                "ended_at": None,
                "error": {"name": "Error", "message": "no", "stack": None},
            }
        ]
    }


def test_json_of_a_summary_says_null_for_what_is_unknown() -> None:
    said = to_json(JobSummary(None, 0, None, 3, capped=frozenset({"b", "a"})))
    assert (said["active"], said["queued"], said["failed_last_24h"]) == (None, 0, 3)
    assert said["capped"] == ["a", "b"]
    assert (said["as_of"], said["stale"]) == (None, True)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "text", [1, "a"], {"a": None}])
def test_plain_json_stays_what_it_is(value: object) -> None:
    assert to_json(value) == value


def test_the_worst_state_weighs_most() -> None:
    order = ["healthy", "not_configured", "checking", "degraded", "unhealthy"]
    assert sorted(HealthStatus, key=lambda status: status.severity) == order


def test_three_states_are_final() -> None:
    assert {status for status in JobStatus if status.is_terminal} == {"completed", "failed", "cancelled"}


def test_services_come_in_the_order_of_the_page() -> None:
    assert [service.label for service in Service] == ["Database", "Clerk", "S3", "Resend", "Inngest"]


def test_ranges_have_their_spans() -> None:
    hours = {r.value: r.span / timedelta(hours=1) if r.span else None for r in TimeRange}
    assert hours == {"1h": 1, "24h": 24, "7d": 168, "30d": 720, "all": None}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (JobError("Error", "first\nsecond"), "Error: first"),
        (JobError("Error", "\n \n  later  \n"), "Error: later"),
        (JobError(None, "only a message"), "only a message"),
        (JobError("OnlyName", ""), "OnlyName"),
        (JobError(None, ""), ""),
    ],
)
def test_the_first_line_is_the_first_that_says_something(error: JobError, line: str) -> None:
    assert error.first_line == line


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (20, 1), (21, 2), (3412, 171)])
def test_pages_hold_all(total: int, pages: int) -> None:
    assert JobPage((), total, False, None).num_pages == pages
