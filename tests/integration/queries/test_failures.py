"""Failure groups on a real store: same cause together, tenants hit, made good later set apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.failures import GroupState, state_of
from salina_monitor.mirror.fingerprints import add_missing_fingerprints
from salina_monitor.models import Event, JobFilters, JobStatus, Role, TimeRange, User
from salina_monitor.queries import get_failure_groups, get_recent_jobs
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run

S = JobStatus


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)


def put(
    bench: Bench, number: int, status: JobStatus = S.FAILED, *, minutes: float = 10, tenant: str = "acme",
    message: str = "S3 503 for s3://b/{n}.pdf", **data: Any,
) -> str:  # fmt: skip
    queued = START - timedelta(minutes=minutes)
    job = run(number, status, queued=queued, took_s=30, message=message.replace("{n}", str(number)))
    bench.client.put(job, tenant=None)
    bench.client.events.append(Event(job.event_ids[0], "x", queued, {"tenantId": tenant, **data}))
    return job.id


def ready(bench: Bench) -> None:
    bench.sync()
    bench.fill()


def test_failures_of_one_cause_are_one_group_with_its_numbers(bench: Bench) -> None:
    for number, tenant in enumerate(["acme", "acme", "other", "third"]):
        put(bench, number, minutes=60 * number + 5, tenant=tenant)
    put(bench, 10, message="template is missing")
    put(bench, 11, S.COMPLETED)
    ready(bench)
    first, second = get_failure_groups(source=bench.source)
    assert (first.title, first.count, first.tenant_count) == ("ValueError: S3 <n> for <url>", 4, 3)
    assert first.tenants == (("acme", 2), ("other", 1), ("third", 1))
    assert (second.title, second.count) == ("ValueError: template is missing", 1)
    assert first.first_seen < first.last_seen
    assert sum(first.trend) == 4
    assert first.trend[-1] == 1
    assert first.types == ("PDF generation",)


def test_a_group_leads_to_the_list_that_it_counted(bench: Bench) -> None:
    for number in range(5):
        put(bench, number)
    put(bench, 10, message="template is missing")
    ready(bench)
    for group in get_failure_groups(source=bench.source):
        filters = JobFilters(status=S.FAILED, group=group.fingerprint)
        assert get_recent_jobs(filters, source=bench.source).total == group.count


def test_a_failure_whose_document_was_made_later_is_superseded(bench: Bench) -> None:
    put(bench, 1, minutes=60, statementId="st_1")
    put(bench, 2, minutes=50, statementId="st_2")
    put(bench, 3, S.COMPLETED, minutes=40, statementId="st_1")
    put(bench, 4, S.COMPLETED, minutes=70, statementId="st_2")  # before it failed: that does not count
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert (group.count, group.superseded, group.open) == (2, 1, 1)
    assert state_of(group, START) is GroupState.OPEN
    put(bench, 5, S.COMPLETED, minutes=1, statementId="st_2")
    bench.sync()
    (group,) = get_failure_groups(source=bench.source)
    assert state_of(group, START) is GroupState.SUPERSEDED


def test_another_functions_success_makes_nothing_good(bench: Bench) -> None:
    put(bench, 1, minutes=60, statementId="st_1")
    bench.client.put(run(2, S.COMPLETED, queued=START - timedelta(minutes=9), function="notify"), tenant=None)
    bench.client.events.append(Event(f"E{2:025d}", "x", START, {"tenantId": "acme", "statementId": "st_1"}))
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 0


def test_events_that_come_after_their_runs_supersede_too(bench: Bench) -> None:
    put(bench, 1, minutes=60, statementId="st_1")
    put(bench, 2, S.COMPLETED, minutes=40, statementId="st_1")
    held, bench.client.events = bench.client.events, []
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 0
    bench.client.events = [replace(event, received_at=START) for event in held]
    bench.later(seconds=1)
    put(bench, 3, S.COMPLETED, minutes=0.1)
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 1


def test_a_view_stays_as_it_was_while_syncs_commit(bench: Bench) -> None:
    put(bench, 1, minutes=60, statementId="st_1")
    ready(bench)
    before = bench.source.state().as_of
    put(bench, 2, S.COMPLETED, minutes=1, statementId="st_1")
    put(bench, 3, minutes=1)
    bench.sync()
    (group,) = get_failure_groups(as_of=before, source=bench.source)
    assert (group.count, group.superseded) == (1, 0)
    (group,) = get_failure_groups(source=bench.source)
    assert (group.count, group.superseded) == (2, 1)


def test_ranges_count_what_ended_in_them(bench: Bench) -> None:
    put(bench, 1, minutes=5)
    put(bench, 2, minutes=60 * 30)
    ready(bench)
    assert [group.count for group in get_failure_groups(TimeRange.DAY, source=bench.source)] == [1]
    assert [group.count for group in get_failure_groups(TimeRange.WEEK, source=bench.source)] == [2]
    (day,) = get_failure_groups(TimeRange.DAY, source=bench.source)
    assert day.total == 2
    assert day.first_seen < START - timedelta(hours=29)


def test_a_limited_user_sees_groups_of_the_own_tenant_only(bench: Bench) -> None:
    put(bench, 1, tenant="acme")
    put(bench, 2, tenant="other")
    put(bench, 3, tenant="other", message="only theirs")
    ready(bench)
    (group,) = get_failure_groups(source=bench.source.of(User("ada", Role.ADMIN, tenant="acme")))
    assert (group.count, group.total, group.tenants) == (1, 1, (("acme", 1),))


def test_failures_of_an_older_version_get_their_fingerprint(bench: Bench) -> None:
    for number in range(3):
        put(bench, number)
    ready(bench)
    expected = [group.fingerprint for group in get_failure_groups(source=bench.source)]
    with bench.store.connection() as conn:
        conn.execute("update runs set fingerprint = null")
    assert get_failure_groups(source=bench.source) == ()
    assert add_missing_fingerprints(bench.ctx) == 3
    assert add_missing_fingerprints(bench.ctx) == 0
    assert [group.fingerprint for group in get_failure_groups(source=bench.source)] == expected
