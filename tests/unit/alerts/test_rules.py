"""Each rule on its own: what is trouble, what is not, and what nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.alerts.rules import RULES, OpenIncident, Rule, Sighting, Silence, is_quiet, judged, look
from salina_monitor.evidence import Cause, Evidence, TypeEvidence
from salina_monitor.models import Service
from salina_monitor.verdict import Level

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PDF = TypeEvidence("pdf-generation", "PDF generation", ended_hour=40, usual_ended=1_000, usual_failed=10)
ALL = frozenset(Rule)


def failing(n: int, *, decided: bool = False) -> TypeEvidence:
    return replace(PDF, failed_hour=n, causes=(Cause("f" * 16, "S3 503", n, n, NOW, NOW, decided),), tenants=3)


def seen(*types: TypeEvidence, **more: object) -> Sighting:
    found = Sighting(NOW, data_at=NOW, evidence=Evidence(NOW, types), silences=(), queued_limit=timedelta(hours=1))
    return replace(found, **more)  # type: ignore[arg-type]


def keys(sighting: Sighting) -> list[str]:
    return sorted(look(sighting, ALL))


def test_every_rule_is_in_the_table() -> None:
    assert set(RULES) == set(Rule)


def test_all_well_is_no_trouble() -> None:
    assert keys(seen(PDF)) == []


@pytest.mark.parametrize(("n", "level"), [(2, None), (3, Level.ATTENTION), (19, Level.ATTENTION), (20, Level.TROUBLE)])
def test_failures_are_judged_as_the_verdict_judges_them(n: int, level: Level | None) -> None:
    found = look(seen(failing(n)), ALL)
    assert [trouble.level for trouble in found.values()] == ([level] if level else [])


@pytest.mark.parametrize(
    ("n", "busiest", "told"), [(19, 0, False), (20, 0, True), (100, 10, True), (29, 10, False), (30, 10, True)]
)
def test_many_more_failures_at_the_usual_share_are_told(n: int, busiest: int, told: bool) -> None:
    much = replace(failing(n), ended_hour=10_000, usual_ended=100_000, usual_failed=1_000, usual_busiest=busiest)
    found = look(seen(much), ALL)
    assert bool(found) is told
    if told:
        lines = found["failing:pdf-generation"].lines
        assert lines[1] == f"In no hour of the week before that did more than {busiest} fail."
    unknown = replace(much, usual_ended=19, usual_failed=0)
    assert not look(seen(unknown), ALL), "without a week nobody knows"


def test_failures_that_somebody_decided_about_are_no_trouble() -> None:
    assert keys(seen(failing(20, decided=True))) == []


def test_what_is_said_of_failures_are_numbers_and_the_next_step() -> None:
    (trouble,) = look(seen(failing(4)), ALL).values()
    assert trouble.lines == (
        "4 jobs failed in the last hour, 10 % of what ended; usually 1.0 %.",
        "3 tenants hit in 24 h.",
        "Open the failed jobs; mend the cause, then run them again.",
    )
    assert "S3 503" not in repr(trouble), "the title of a cause is made of an error's text"
    assert trouble.path == "/admin/system?status=failed&type=pdf-generation&range=1h"


def test_stuck_jobs_are_told_by_type_with_the_numbers_of_the_card() -> None:
    other = replace(PDF, id="feed/x", label="Feed", running=5, running_long=1)
    found = look(seen(replace(PDF, queued=7, waiting_long=2), other), ALL)
    assert [trouble.lines[0].partition(".")[0] for trouble in found.values()] == [
        "2 jobs of 7 queued waited longer than usual",
        "1 job of 5 running ran longer than usual",
    ]
    assert found["stuck:feed/x"].path == "/admin/system?type=feed%2Fx&stuck=1&range=all"


@pytest.mark.parametrize(
    ("minutes", "limit", "told"), [(59, 60, False), (60, 60, False), (61, 60, True), (999, 0, False)]
)
def test_the_oldest_of_the_queue(minutes: int, limit: int, told: bool) -> None:
    evidence = Evidence(NOW, (replace(PDF, queued=1),), oldest_queued_at=NOW - timedelta(minutes=minutes))
    found = seen(evidence=evidence, queued_limit=timedelta(minutes=limit) if limit else None)
    assert keys(found) == (["queue"] if told else [])


@pytest.mark.parametrize(
    ("usual", "gap", "told"),
    [
        (timedelta(hours=4), timedelta(hours=6), False),
        (timedelta(hours=4), timedelta(hours=6, minutes=1), True),
        (timedelta(minutes=15), timedelta(minutes=59), False),
        (timedelta(minutes=15), timedelta(minutes=61), True),
        (None, timedelta(days=9), False),
    ],
)
def test_silence_against_the_longest_of_the_week(usual: timedelta | None, gap: timedelta, told: bool) -> None:
    found = seen(silences=(Silence("pdf-generation", "PDF generation", NOW - gap, usual),))
    assert keys(found) == (["silent:pdf-generation"] if told else [])


def test_incidents_are_trouble_of_their_service_in_the_words_of_the_check() -> None:
    incident = OpenIncident(7, "s3", NOW, "degraded", "Bucket reachable, but only after 1.6 s.")
    (trouble,) = look(seen(incidents=(incident,)), ALL).values()
    assert (trouble.key, trouble.title, trouble.level) == ("service:s3", "S3 is degraded", Level.ATTENTION)
    assert trouble.lines == (incident.message,)


@pytest.mark.parametrize("scope", ["inngest", "network"])
def test_old_data_is_not_told_beside_what_explains_it(scope: str) -> None:
    old = seen(stale=True, evidence=None)
    assert not look(old, ALL)["stale"].known_only
    explained = replace(old, incidents=(OpenIncident(1, scope, NOW, "unhealthy", "x"),))
    assert look(explained, ALL)["stale"].known_only


def test_data_that_was_never_read_is_not_old() -> None:
    assert keys(seen(stale=True, evidence=None, data_at=None)) == []


def test_what_cannot_be_judged_is_not_judged() -> None:
    assert judged(seen()) == ALL
    assert judged(seen(silences=None)) == ALL - {Rule.SILENT}
    assert judged(seen(evidence=None)) == {Rule.SERVICE, Rule.STALE}


@pytest.mark.parametrize(
    ("rule", "scope", "windows", "quiet"),
    [
        (Rule.SERVICE, "s3", {"s3"}, True),
        (Rule.SERVICE, "s3", {"clerk", "jobs"}, False),
        (Rule.FAILING, "jobs", {"jobs"}, True),
        (Rule.FAILING, "jobs", {"s3"}, False),
        (Rule.STALE, "inngest", {"inngest"}, True),
        (Rule.STALE, "inngest", {"jobs"}, True),
        (Rule.SERVICE, "network", {"s3", "clerk"}, False),
        (Rule.SERVICE, "network", {service.value for service in Service}, True),
    ],
)
def test_what_maintenance_covers(rule: Rule, scope: str, windows: set[str], quiet: bool) -> None:
    assert is_quiet(rule, scope, frozenset(windows)) is quiet
