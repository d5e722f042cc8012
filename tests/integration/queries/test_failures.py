"""Failure groups on a real store: same cause together, tenants hit, made good later set apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.failures import GroupState, state_of
from salina_monitor.mirror.fingerprints import add_missing_fingerprints
from salina_monitor.mirror.traces import read_trace
from salina_monitor.models import Event, JobFilters, JobStatus, Role, TimeRange, User
from salina_monitor.queries import failures, get_failure_groups, get_recent_jobs
from salina_monitor.store import Store
from salina_monitor.store.migrate import known_migrations
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


def test_the_example_of_a_cause_is_masked(bench: Bench) -> None:
    put(bench, 1, message='key "sk_live_4eC39HqLyjWDarjtT1zdp7dc" is wrong')
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert (group.title, group.example) == ("ValueError: key <value> is wrong", 'ValueError: key "•••" is wrong')


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


def test_the_same_document_id_of_another_tenant_makes_nothing_good(bench: Bench) -> None:
    put(bench, 1, minutes=60, tenant="acme", statementId="7")
    put(bench, 2, S.COMPLETED, minutes=40, tenant="other", statementId="7")
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 0


def test_what_was_about_two_documents_is_made_good_by_both_only(bench: Bench) -> None:
    put(bench, 1, minutes=60, statementId="st_1", bookId="b_1")
    put(bench, 2, S.COMPLETED, minutes=40, statementId="st_9", bookId="b_1")
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 0
    put(bench, 3, S.COMPLETED, minutes=1, statementId="st_1", bookId="b_1")
    bench.sync()
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 1


def test_the_same_event_run_again_makes_good_what_names_no_document(bench: Bench) -> None:
    put(bench, 1, minutes=60)
    again = run(2, S.COMPLETED, queued=START - timedelta(minutes=1), took_s=30, event=f"E{1:025d}")
    other = run(3, S.COMPLETED, queued=START - timedelta(minutes=20), function="notify", event=f"E{1:025d}")
    bench.client.put(other, tenant=None)
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 0
    bench.client.put(again, tenant=None)
    bench.sync()
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 1


def test_what_an_older_version_called_made_good_is_judged_anew(bench: Bench) -> None:
    put(bench, 1, minutes=60, tenant="acme", statementId="7")
    put(bench, 2, S.COMPLETED, minutes=40, tenant="other", statementId="7")
    put(bench, 3, minutes=60, tenant="acme", statementId="8")
    put(bench, 4, S.COMPLETED, minutes=40, tenant="acme", statementId="8")
    put(bench, 5, minutes=60)
    bench.client.put(run(6, S.COMPLETED, queued=START - timedelta(minutes=9), event=f"E{5:025d}"), tenant=None)
    ready(bench)
    (migration,) = [one for one in known_migrations() if one.version == 29]
    with bench.store.connection() as conn:
        conn.execute("update runs set superseded_seq = case when right(id, 1) in ('1', '3') then 1"
                     " else 9223372036854775807 end where status = 'failed'")  # fmt: skip
        conn.execute(migration.sql.encode())
        rows = conn.execute("select id from runs where superseded_seq < 9223372036854775807 order by id")
        assert [row["id"][-1] for row in rows] == ["3", "5"]


def test_documents_that_only_a_trace_tells_supersede_too(bench: Bench) -> None:
    bench.client.can_read_events = False
    failed = put(bench, 1, minutes=60, statementId="st_1")
    made = put(bench, 2, S.COMPLETED, minutes=40, statementId="st_1")
    ready(bench)
    read_trace(bench.ctx, failed)
    read_trace(bench.ctx, made)
    before = bench.source.state().as_of
    (group,) = get_failure_groups(as_of=before, source=bench.source)
    assert group.superseded == 0  # a view stays as it was
    bench.sync()
    (group,) = get_failure_groups(source=bench.source)
    assert group.superseded == 1


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
    assert day.first_seen < START - timedelta(hours=29)


def test_a_limited_user_sees_groups_of_the_own_tenant_only(bench: Bench) -> None:
    put(bench, 1, tenant="acme")
    put(bench, 2, tenant="other")
    put(bench, 3, tenant="other", message="only theirs")
    ready(bench)
    (group,) = get_failure_groups(source=bench.source.of(User("ada", Role.ADMIN, tenant="acme")))
    assert (group.count, group.tenants) == (1, (("acme", 1),))


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


@pytest.mark.parametrize(
    ("minutes", "state"), [([50, 45, 40], GroupState.REOPENED), ([170, 100, 5], GroupState.IGNORED)]
)
def test_ignored_until_a_rate_it_comes_back_when_an_hour_had_so_many_and_stays_back(
    bench: Bench, minutes: list[float], state: GroupState
) -> None:
    for number, ago in enumerate([300, *minutes]):
        put(bench, number, minutes=ago)
        put(bench, number + 90, minutes=ago, message="another, ignored for good")
    ready(bench)
    with bench.store.connection() as conn:
        for group, rate in zip(get_failure_groups(source=bench.source), (3, None), strict=True):
            conn.execute(
                "insert into failure_marks (fingerprint, kind, at, who, until_per_hour)"
                " values (%s, 'ignored', %s, 'ada', %s)",
                (group.fingerprint, START - timedelta(hours=4), rate),
            )
    groups = get_failure_groups(source=bench.source)
    rated = next(group for group in groups if group.mark and group.mark.until_per_hour)
    other = next(group for group in groups if group is not rated)
    assert state_of(rated, START) is state
    assert rated.peak_since_mark == (3 if state is GroupState.REOPENED else 1)
    assert state_of(other, START) is GroupState.IGNORED


def test_causes_are_narrowed_like_the_list(bench: Bench) -> None:
    for number, tenant in enumerate(["acme", "acme", "other", "other"]):
        put(bench, number, minutes=60 * number + 5, tenant=tenant)
    put(bench, 10, message="template is missing", tenant="third")
    sync = run(
        11, S.FAILED, queued=START - timedelta(minutes=10), took_s=30, function="sync-users", message="no answer"
    )
    bench.client.put(sync, tenant="other")
    ready(bench)
    s3, *_ = get_failure_groups(source=bench.source)
    window = {"since": START - timedelta(minutes=190), "until": START - timedelta(minutes=100)}
    failed = JobFilters(status=S.FAILED)
    for filters in (
        JobFilters(), failed, JobFilters(tenant="acme"), JobFilters(type="pdf-generation"), JobFilters(text="template"),
        JobFilters(group=s3.fingerprint), JobFilters(tenant="other", text="s3"), replace(failed, **window),  # type: ignore[arg-type]
        JobFilters(tenant="other", **window), JobFilters(status=S.COMPLETED), JobFilters(stuck=True),  # type: ignore[arg-type]
        JobFilters(tenant="nobody"), JobFilters(text="boom acme"), JobFilters(range=TimeRange.ALL, tenant="third"),
    ):  # fmt: skip
        jobs = get_recent_jobs(replace(filters, status=filters.status or S.FAILED), source=bench.source).jobs
        listed = [job for job in jobs if job.status is S.FAILED]
        groups = get_failure_groups(filters.range, filters=filters, source=bench.source)
        assert sum(group.count for group in groups) == len(listed), filters
        assert {group.sample_id for group in groups} <= {job.id for job in listed}, filters
        tenants = {tenant for group in groups for tenant, _ in group.tenants}
        assert tenants == {job.tenant_id for job in listed}, filters


def test_of_one_tenant_a_decision_is_told_without_its_reason(bench: Bench, store: Store) -> None:
    put(bench, 1)
    ready(bench)
    (group,) = get_failure_groups(source=bench.source)
    with store.connection() as conn:
        conn.execute(
            "insert into failure_marks (fingerprint, kind, at, who, why) values (%s, 'resolved', now(), 'ann', 'for other')",
            (group.fingerprint,),
        )
    for filters, why in ((JobFilters(), "for other"), (JobFilters(tenant="acme"), "")):
        (group,) = get_failure_groups(filters=filters, source=bench.source)
        assert group.mark is not None
        assert (group.mark.who, group.mark.why) == ("ann", why)


def test_a_group_stays_whole_when_its_runs_are_forgotten_while_it_is_read(
    bench: Bench, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bench, 1)
    ready(bench)

    class Forgetting(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            with store.connection() as other:
                other.execute("delete from runs")
            return super().__getitem__(name)

    monkeypatch.setattr(failures, "JOBS", Forgetting(failures.JOBS))
    assert [group.count for group in get_failure_groups(source=bench.source)] == [1]
    assert get_failure_groups(source=bench.source) == ()
