"""Failures and the trouble of services: counted on a real store, with base rates, tenants, limits and clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from salina_monitor.coincidence import Link, Trouble
from salina_monitor.health import get_incidents
from salina_monitor.models import AsOf, JobStatus, Role, Service, User
from salina_monitor.queries import (
    get_coincidences,
    get_evidence,
    get_failure_groups,
    get_job_summary,
    get_trouble_jobs,
    get_troubles,
)
from salina_monitor.store import Store
from salina_monitor.verdict import verdict
from tests.integration.mirror.conftest import Bench
from tests.integration.queries.test_failures import put, ready
from tests.support.fake_client import START

S = JobStatus
S3_SAYS = "S3 503 for s3://b/{n}.pdf"


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)


def trouble(
    bench: Bench, since_m: float, until_m: float | None, *, scope: str = "s3", part_of: int | None = None
) -> int:
    """An incident from so many minutes before the start until so many."""
    closed = None if until_m is None else START - timedelta(minutes=until_m)
    with bench.store.connection() as conn:
        row = conn.execute(
            "insert into incidents (scope, opened_at, closed_at, worst, code, message, part_of)"
            " values (%s, %s, %s, 'unhealthy', 'timeout', 'words', %s) returning id",
            (scope, START - timedelta(minutes=since_m), closed, part_of),
        ).fetchone()
    assert row is not None
    return int(row["id"])


def day_of_work(bench: Bench, every_m: int = 1) -> None:
    """Two hours of jobs that end well, one a minute, and ten failures within the trouble."""
    for n in range(0, 120, every_m):
        put(bench, 1000 + n, S.COMPLETED, minutes=n + 3)
    for n in range(10):
        put(bench, n, minutes=60 - n, tenant=f"tenant-{n % 3}", message=S3_SAYS)
    ready(bench)


def links(bench: Bench, **more: Any) -> Any:
    groups = get_failure_groups(source=bench.source, **more)
    causes = {g.fingerprint: (g.functions, g.count, g.points_to) for g in groups}
    return get_coincidences(causes, START - timedelta(days=1), source=bench.source, **more)


def test_failures_within_the_trouble_are_told_with_the_base_rate(bench: Bench) -> None:
    trouble(bench, 61, 45)
    day_of_work(bench)
    ((one,),) = links(bench).values()
    assert (one.service, one.failed_in, one.failed) == (Service.S3, 10, 10)
    assert 20 <= one.ended_in <= 30, "the jobs that ended well in these 16 minutes count as well"
    assert one.ended == 130
    assert one.link is Link.NAMED
    assert one.named


def test_an_error_that_names_no_service_may_still_fall_together_with_one(bench: Bench) -> None:
    trouble(bench, 61, 45)
    for n in range(120):
        put(bench, 1000 + n, S.COMPLETED, minutes=n + 3)
    for n in range(10):
        put(bench, n, minutes=60 - n, message="no answer within 30 s")
    ready(bench)
    ((one,),) = links(bench).values()
    assert one.link is Link.TOGETHER


def test_the_verdict_and_the_page_link_a_cause_alike_when_much_of_it_was_made_good(bench: Bench) -> None:
    """Ten failed in the trouble and were made good, fifteen outside of it, of which five are open."""
    bench.ctx.document_fields = ("statementId",)
    trouble(bench, 301, 280)
    for n in range(25):
        made_good = n < 20
        put(bench, n, minutes=290 if n < 10 else 36, message="no answer within 30 s", statementId=f"d{n}")
        if made_good:
            put(bench, 100 + n, S.COMPLETED, minutes=240 if n < 10 else 12, statementId=f"d{n}")
    for n in range(100):
        put(bench, 200 + n, S.COMPLETED, minutes=400 + n)
    ready(bench)
    ((one,),) = links(bench).values()
    assert (one.failed_in, one.failed, one.link) == (10, 25, Link.CHANCE)
    evidence = get_evidence(source=bench.source)
    assert evidence is not None
    assert sum(kind.open_day for kind in evidence.types) == 5
    assert evidence.links == {}


def test_a_trouble_as_long_as_the_day_explains_nothing(bench: Bench) -> None:
    trouble(bench, 24 * 60, None)
    for n in range(120):
        put(bench, 1000 + n, S.COMPLETED, minutes=n + 3)
    for n in range(10):
        put(bench, n, minutes=60 - n, message="no answer within 30 s")
    ready(bench)
    ((one,),) = links(bench).values()
    assert one.link is Link.CHANCE
    evidence = get_evidence(source=bench.source)
    assert evidence is not None
    assert evidence.links == {}


def test_a_failure_between_two_incidents_of_a_service_counts_once(bench: Bench) -> None:
    """An incident begins 45 s before it was seen, which is before the end of the one before it."""
    trouble(bench, 61, 55)
    trouble(bench, 54.9, 45)
    trouble(bench, 61, 45, scope="clerk")
    day_of_work(bench)
    (found,) = links(bench).values()
    whole = {one.service: one for one in found}
    assert whole[Service.S3].failed_in == whole[Service.CLERK].failed_in == 10
    assert whole[Service.S3].ended_in == whole[Service.CLERK].ended_in
    assert len(whole[Service.S3].troubles) == 2


def test_words_that_are_also_names_of_services_are_tested_against_chance(bench: Bench) -> None:
    trouble(bench, 24 * 60, None, scope="resend")
    for n in range(60):
        put(bench, 1000 + n, S.COMPLETED, minutes=n + 3)
    put(bench, 1, minutes=30, message="Resend the invitation first")
    ready(bench)
    ((one,),) = links(bench).values()
    assert one.link is Link.CHANCE


def test_what_ended_outside_fell_into_nothing(bench: Bench) -> None:
    trouble(bench, 300, 200)
    day_of_work(bench)
    assert links(bench) == {}


def test_the_monitors_own_network_explains_nothing(bench: Bench) -> None:
    network = trouble(bench, 61, 45, scope="network")
    trouble(bench, 61, 45, part_of=network)
    day_of_work(bench)
    assert links(bench) == {}


def test_the_verdict_names_the_service_behind_the_cause(bench: Bench) -> None:
    trouble(bench, 61, 45)
    day_of_work(bench, every_m=3)
    evidence = get_evidence(source=bench.source)
    said = verdict(get_job_summary(source=bench.source), [], evidence, clock=lambda at: f"{at:%H:%M}").text
    when = f"{START - timedelta(minutes=61):%H:%M} to {START - timedelta(minutes=45):%H:%M}"
    assert f"10 of 10 failed while S3 was unhealthy {when}, and the error points to S3" in said


def test_an_incident_tells_its_jobs_and_tenants_and_what_points_to_it(bench: Bench) -> None:
    number = trouble(bench, 61, 45)
    put(bench, 500, minutes=55, tenant="fourth", message="template is missing")
    day_of_work(bench)
    (incident,) = get_incidents(bench.store, START - timedelta(days=1))
    assert incident.trouble is not None
    jobs = get_trouble_jobs([incident.trouble], source=bench.source)[number]
    assert (jobs.failed, jobs.named, jobs.tenant_count) == (11, 10, 4)
    assert jobs.tenants[0] == ("tenant-0", 4)
    assert jobs.ended > 20
    assert (jobs.usual_failed, jobs.usual_ended) == (11, 131)


def test_long_trouble_is_counted_from_the_quarters(bench: Bench) -> None:
    number = trouble(bench, 24 * 60, None)
    day_of_work(bench)
    long = Trouble(number, Service.S3, "unhealthy", START - timedelta(days=1), None)
    jobs = get_trouble_jobs([long], source=bench.source)[number]
    assert (jobs.failed, jobs.ended) == (10, 130)


def test_who_sees_one_tenant_gets_that_tenants_numbers(bench: Bench) -> None:
    number = trouble(bench, 61, 45)
    day_of_work(bench)
    limited = replace(bench.source, clock=bench.source.clock).of(User("ada", Role.ADMIN, tenant="tenant-1"))
    asked = Trouble(number, Service.S3, "unhealthy", START - timedelta(minutes=61), START - timedelta(minutes=45))
    jobs = get_trouble_jobs([asked], source=limited)[number]
    assert (jobs.failed, jobs.ended, jobs.tenants) == (3, 3, (("tenant-1", 3),))
    groups = get_failure_groups(source=limited)
    causes = {g.fingerprint: (g.functions, g.count, g.points_to) for g in groups}
    ((one,),) = get_coincidences(causes, START - timedelta(days=1), source=limited).values()
    assert (one.failed_in, one.failed, one.ended_in, one.ended) == (3, 3, 3, 3)


def test_clocks_that_differ_are_set_against_each_other(bench: Bench) -> None:
    trouble(bench, 61, 45)
    day_of_work(bench)
    as_of = bench.source.state().as_of
    fast = timedelta(minutes=30)  # Inngest's clock runs ahead: what it calls 12:30 is noon here
    shifted = AsOf(as_of.seq, as_of.at, (as_of.at or START) + fast)
    assert links(bench, as_of=shifted) == {}, "the failures ended before the trouble began, on one clock"


@pytest.mark.parametrize(
    ("since_m", "until_m", "found"),
    [(61, 50, True), (61, 30, True), (52, None, True), (90, 70, False), (40, None, False)],
)
def test_a_job_meets_the_trouble_of_its_own_time(
    bench: Bench, since_m: float, until_m: float | None, found: bool
) -> None:
    number = trouble(bench, since_m, until_m)

    def at(minutes: float) -> datetime:
        return START - timedelta(minutes=minutes)

    assert [one.id for one in get_troubles(at(55), at(52), source=bench.source)] == ([number] if found else [])


def test_trouble_seen_just_after_a_failure_counts_only_where_the_error_names_it(bench: Bench) -> None:
    number = trouble(bench, 51.5, None)
    since, until = START - timedelta(minutes=55), START - timedelta(minutes=52)
    assert get_troubles(since, until, Service.CLERK, source=bench.source) == ()
    assert [one.id for one in get_troubles(since, until, Service.S3, source=bench.source)] == [number]


def test_while_nobody_watches_nothing_falls_into_what_is_open(bench: Bench) -> None:
    number = trouble(bench, 61, None)
    with bench.store.connection() as conn:
        conn.execute(
            "insert into incident_watch (service, last_at, holds_until) values ('s3', %s, %s)",
            (START - timedelta(minutes=57), START - timedelta(minutes=55.5)),
        )
    day_of_work(bench)
    ((one,),) = links(bench).values()
    assert one.failed_in == 4, "those that ended later fell into time that nobody watched"
    at = START - timedelta(minutes=50)
    assert get_troubles(at, at, Service.S3, source=bench.source) == ()
    (incident,) = get_incidents(bench.store, START - timedelta(days=1))
    jobs = get_trouble_jobs([incident.trouble], source=bench.source)[number]  # type: ignore[list-item]
    assert jobs.failed == 4


def test_incidents_that_are_too_many_to_look_at_are_said(bench: Bench) -> None:
    trouble(bench, 61, 45)
    for n in range(1, 50):
        trouble(bench, 61 + 10 * n, 60 + 10 * n)
    day_of_work(bench)
    ((whole,),) = links(bench).values()
    assert "older incidents" not in whole.told(str)
    trouble(bench, 600, 599)
    ((one,),) = links(bench).values()
    assert "(older incidents are not counted), " in one.told(str)
