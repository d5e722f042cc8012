"""The state as Markdown: everything that is on the screen, foreign text as text, what was cut said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.failures import FailureGroup, Mark, MarkKind
from salina_monitor.models import (
    AsOf,
    HealthCheckResult,
    HealthStatus,
    JobEntry,
    JobError,
    JobFilters,
    JobStatus,
    JobSummary,
    Service,
    TimeRange,
)
from salina_monitor.report import MOST_JOBS, incident, plain
from tests.support.hostile import CORPUS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEALTH = HealthCheckResult(Service.S3, HealthStatus.UNHEALTHY, 812, "503 SlowDown", NOW, "s3_busy")
GROUP = FailureGroup("f" * 16, "S3Error: <n>", ("f",), ("PDF",), 9, 2, 3, NOW, NOW, (("acme", 9),), 1, "id")
JOB = JobEntry(
    "R1", "pdf-generation", "PDF", JobStatus.FAILED, "f", "F", "acme", NOW, NOW, NOW, 1, 2, 3, JobError("E", "boom"), 3
)  # fmt: skip


def made(**more: object) -> str:
    usual: dict[str, object] = {
        "verdict": "S3 is unhealthy.", "health": [HEALTH], "summary": JobSummary(1, None, 3, 4, capped=frozenset({"active"})),
        "groups": [GROUP], "jobs": [JOB], "total": 1, "filters": JobFilters(status=JobStatus.FAILED, text="st_1"),
        "as_of": AsOf(1, NOW),
    }  # fmt: skip
    return incident(**{**usual, **more})  # type: ignore[arg-type]


def test_it_says_verdict_health_numbers_causes_tenants_filter_and_jobs() -> None:
    text = made()
    for part in (
        "As of 2026-11-24T12:00:00.000Z.", "S3 is unhealthy.", "| S3 | unhealthy | 812 ms | 503 SlowDown |",
        "1+ active, unknown queued, 3 completed and 4 failed", "**9×** S3Error: \\<n\\>: PDF, 2 made good later; hits 1 tenant: acme (9)",
        "## Jobs listed: status failed, search st\\_1, range 24h", "| R1 | PDF | acme | failed |", "E: boom |",
    ):  # fmt: skip
        assert part in text, part


def test_what_was_cut_is_said() -> None:
    text = made(jobs=[JOB] * 30, total=3412, groups=[replace(GROUP, fingerprint=str(n)) for n in range(13)])
    assert f"The newest {MOST_JOBS} of 3,412; the CSV holds the others." in text
    assert "… and 3 more causes" in text
    text = made(total=10_000, total_is_capped=True)
    assert "The newest 1 of 10,000+; the CSV holds the newest 10,000." in text
    assert "Only the newest 20,000" in made(left_out="Only the newest 20,000 failures are counted.")


def test_what_colleagues_decided_is_said() -> None:
    mark = Mark(MarkKind.RESOLVED, NOW, "ann", "bucket | is back")
    assert f"Resolved by ann at {NOW:%d %b %H:%M} UTC: bucket \\| is back" in made(groups=[replace(GROUP, mark=mark)])
    assert "Came back 2 times since ann resolved it" in made(groups=[replace(GROUP, mark=mark, since_mark=2)])


def test_causes_of_all_time_are_those_of_90_days() -> None:
    assert "## Causes of failures, last 90d" in made(filters=JobFilters(range=TimeRange.ALL))


def test_the_causes_say_which_jobs_they_are_of() -> None:
    assert "## Causes of failures, last 24h: tenant acme\n" in made(filters=JobFilters(tenant="acme"))
    assert "## Causes of failures, last 7d\n" in made(filters=JobFilters(range=TimeRange.WEEK))
    window = JobFilters(status=JobStatus.FAILED, since=NOW - timedelta(hours=2), until=NOW - timedelta(hours=1))
    told = "status failed, ended from 2026-11-24T10:00:00.000Z, until 2026-11-24T11:00:00.000Z"
    assert f"## Causes of failures, {plain(told)}\n" in made(filters=window)


def test_nothing_to_say_is_said() -> None:
    text = made(jobs=[], total=0, groups=[], filters=JobFilters(range=TimeRange.WEEK))
    assert "None of these jobs failed." in text
    assert text.rstrip().endswith("None.")


@pytest.mark.parametrize("attack", CORPUS, ids=range(len(CORPUS)))
def test_foreign_text_stays_text_where_markdown_is_read(attack: str) -> None:
    error = JobError(attack, attack)
    job = replace(JOB, id=attack, type_label=attack, tenant_id=attack, error=error)
    group = replace(GROUP, title=attack, tenants=((attack, 1),), types=(attack,))
    text = made(jobs=[job], groups=[group], filters=JobFilters(text=attack, tenant=attack), verdict=attack)
    assert not re.search(r"(?<!\\)<[a-z/]", text)
    for live in ("](", "![", "https://evil", "www.evil", "\n# A heading"):
        assert live not in text


def test_a_table_keeps_its_columns() -> None:
    assert plain("a | b\nc") == "a \\| b c"
