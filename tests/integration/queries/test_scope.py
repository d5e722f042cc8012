"""A user limited to one tenant sees that tenant's jobs and no trace of others: lists, counts, search, detail, export."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor
from salina_monitor.actions.jobs import export_jobs, reveal_input
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import Unreachable
from salina_monitor.models import NO_TENANT, JobFilters, JobStatus, Role, TimeRange, User
from salina_monitor.policy import Denied
from salina_monitor.queries import (
    JobSource,
    get_filter_choices,
    get_job_detail,
    get_job_summary,
    get_recent_jobs,
    iter_jobs,
)
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.integration.queries.test_jobs import life
from tests.support.fake_client import START, error, run

S = JobStatus
MINE, THEIRS = "tenant-1", "tenant-2"
ADMIN = User("ada", Role.ADMIN, tenant=MINE)


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    made = Bench(store, settings_for)
    life(made)
    made.client.put(run(900, S.FAILED, message="theirsecretword exploded", function="only-theirs"), tenant=THEIRS)
    made.client.put(run(901, S.QUEUED), tenant=THEIRS)
    made.client.put(run(902, S.QUEUED, function="mine-too"), tenant=MINE)
    made.sync()
    made.fill()
    return made


@pytest.fixture
def source(bench: Bench) -> JobSource:
    return replace(bench.source, client=bench.client).of(ADMIN)  # type: ignore[arg-type]


def test_what_is_seen_is_what_an_unlimited_view_shows_of_that_tenant(bench: Bench, source: JobSource) -> None:
    as_of = bench.source.state().as_of
    for status, span, kind, text in product(
        [None, *S], TimeRange, [None, "pdf-generation", "only-theirs"], ["", "boom", "theirsecretword"]
    ):
        filters = JobFilters(kind, status, None, text, span)
        everything = [job.id for job in iter_jobs(replace(filters, tenant=MINE), as_of, source=bench.source)]
        assert [job.id for job in iter_jobs(filters, as_of, source=source)] == everything, filters
        page = get_recent_jobs(filters, as_of=as_of, source=source)
        assert (page.total, [job.id for job in page.jobs]) == (len(everything), everything[:20]), filters


@pytest.mark.parametrize("tenant", [THEIRS, NO_TENANT])
def test_asking_for_another_tenant_finds_nothing(source: JobSource, tenant: str) -> None:
    assert get_recent_jobs(JobFilters(tenant=tenant, range=TimeRange.ALL), source=source).total == 0


def test_cards_count_the_same_jobs_as_the_lists(source: JobSource) -> None:
    summary = get_job_summary(source=source)
    fields = {"active": S.RUNNING, "queued": S.QUEUED, "completed_last_24h": S.COMPLETED, "failed_last_24h": S.FAILED}
    for field, status in fields.items():
        assert getattr(summary, field) == get_recent_jobs(JobFilters(status=status), source=source).total, field
    assert sum(summary.failed_by_hour) == summary.failed_last_24h
    assert summary.queued == 1
    assert summary.oldest_queued_at == START


def test_choices_name_neither_other_tenants_nor_what_only_they_run(source: JobSource) -> None:
    choices = get_filter_choices(source=source)
    assert choices.tenants == (MINE,)
    assert "only-theirs" not in choices.types
    assert "mine-too" in choices.types


@pytest.mark.parametrize("text", [f"R{900:025d}", f"E{900:025d}", "theirsecretword", "only-theirs", THEIRS])
def test_search_does_not_tell_that_others_have_it(source: JobSource, text: str) -> None:
    assert get_recent_jobs(JobFilters(text=text, range=TimeRange.ALL), source=source).total == 0


def foreign() -> str:
    return f"R{900:025d}"


def test_a_job_of_another_tenant_is_one_that_nobody_knows(bench: Bench, source: JobSource) -> None:
    """An id from somebody else's link opens nothing: the class of insecure direct object references."""
    unknown = f"R{999_999:025d}"
    for job_id in (foreign(), f"R{402:025d}", unknown):  # another tenant's, nobody's, none
        assert get_job_detail(job_id, source=source) is None
    own = get_job_detail(f"R{902:025d}", source=source)
    assert own
    assert own.tenant_id == MINE


def test_nor_does_the_mirror_tell_when_inngest_is_away(bench: Bench, source: JobSource) -> None:
    def away(question: str) -> None:
        raise error(Unreachable, "refused")

    bench.client.before = away
    for job_id in (foreign(), f"R{999_999:025d}"):
        with pytest.raises(Unreachable):
            get_job_detail(job_id, source=source)
    own = get_job_detail(f"R{902:025d}", source=source)
    assert own
    assert own.stale
    assert get_job_detail(foreign(), source=replace(source, client=None)) is None


def test_a_run_whose_tenant_is_not_known_yet_is_nobodys(bench: Bench, source: JobSource) -> None:
    bench.client.can_read_events = False
    bench.client.put(run(950, S.QUEUED), tenant=MINE)
    bench.sync()
    assert f"R{950:025d}" not in [job.id for job in iter_jobs(JobFilters(), source.state().as_of, source=source)]
    told = get_job_detail(f"R{950:025d}", source=source)  # its trace tells whose it is
    assert told
    assert told.tenant_id == MINE


def test_a_limited_source_keeps_its_as_of(bench: Bench, source: JobSource) -> None:
    before = source.state().as_of
    counted = get_recent_jobs(as_of=before, source=source).total
    bench.client.put(run(960, S.FAILED), tenant=MINE)
    bench.sync()
    assert get_recent_jobs(as_of=before, source=source).total == counted
    assert get_recent_jobs(source=source).total == counted + 1


@pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
def test_without_the_right_there_is_no_source_at_all(bench: Bench, role: Role) -> None:
    with pytest.raises(Denied):
        bench.source.of(User("x", role))


class TestActions:
    """Export and reveal, limited like the questions."""

    @pytest.fixture
    def accounts(self, store: Store, settings_for: Any) -> Accounts:
        return Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4"))

    def test_an_export_holds_the_own_jobs_only_and_says_what_was_taken(self, bench: Bench, accounts: Accounts) -> None:
        actor = Actor(ADMIN, 1, "192.0.2.7")
        text = export_jobs(
            actor,
            accounts.activity,
            bench.source.of,
            JobFilters(range=TimeRange.ALL, text="boom"),
            bench.source.state().as_of,
        )
        assert MINE in text
        assert THEIRS not in text
        (row,) = accounts.activity.rows(ActivityFilters())
        assert (row.who, row.kind, row.target, row.address) == ("ada", "export", "jobs", "192.0.2.7")
        assert row.detail == {"jobs": text.count("\r\n") - 1, "range": "all", "q": "boom"}

    def test_an_input_is_shown_to_whom_may_see_it_and_leaves_a_row(self, bench: Bench, accounts: Accounts) -> None:
        source = replace(bench.source, client=bench.client)  # type: ignore[arg-type]
        actor = Actor(ADMIN, 1, "192.0.2.7")
        hidden = get_job_detail(f"R{902:025d}", source=source.of(ADMIN))
        assert hidden
        assert hidden.input is None
        shown = reveal_input(actor, accounts.activity, source.of, f"R{902:025d}")
        assert shown
        assert shown.input == {"tenantId": MINE}
        assert reveal_input(actor, accounts.activity, source.of, foreign()) is None
        assert [(row.kind, row.target) for row in accounts.activity.rows(ActivityFilters())] == [
            ("input_revealed", f"R{902:025d}")
        ]

    @pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
    def test_the_other_roles_take_and_see_nothing(self, bench: Bench, accounts: Accounts, role: Role) -> None:
        actor = Actor(User("x", role), 1, "")
        with pytest.raises(Denied):
            export_jobs(actor, accounts.activity, bench.source.of, JobFilters(), bench.source.state().as_of)
        with pytest.raises(Denied):
            reveal_input(actor, accounts.activity, bench.source.of, foreign())
        assert {row.outcome for row in accounts.activity.rows(ActivityFilters())} == {"refused"}
