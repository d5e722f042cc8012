"""A user limited to one tenant sees that tenant's jobs and no trace of others: lists, counts, search, detail, export."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor
from salina_monitor.actions.jobs import export_jobs, export_summary, reveal_input, reveal_trace
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import BadAnswer, InngestError, NotFound, Unreachable, VendorDown
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


def test_bars_and_the_day_before_hold_nothing_of_others(store: Store, settings_for: Any) -> None:
    bench, tenants = Bench(store, settings_for), (MINE, THEIRS, None)
    for number, (ago, status) in enumerate(product([0.3, 1.7, 5.2, 5.4, 23.1, 25.3, 44.6, 47.2], S)):
        for place, tenant in enumerate(tenants[: (number + 1) % 7 % 3 + 1]):
            queued = START - timedelta(hours=ago, minutes=place)
            bench.client.put(
                run(10 * number + place, status, queued=queued, event="" if tenant else None), tenant=tenant
            )
    bench.sync()
    bench.fill()
    as_of = bench.source.state().as_of
    everything = list(iter_jobs(JobFilters(range=TimeRange.ALL), as_of, source=bench.source))
    mine = [job for job in everything if job.tenant_id == MINE]
    assert {job.tenant_id for job in everything} == set(tenants)

    def by_hour(status: JobStatus) -> list[int]:
        hours = [0] * 48
        for job in mine:
            if job.status is status:
                at = job.completed_at or job.queued_at
                hours[47 - min(23 if job.completed_at is None else 47, int((START - at) / timedelta(hours=1)))] += 1
        return hours

    summary = get_job_summary(as_of=as_of, source=bench.source.of(ADMIN))
    assert list(summary.completed_by_hour) == by_hour(S.COMPLETED)[24:]
    assert list(summary.failed_by_hour) == by_hour(S.FAILED)[24:]
    assert list(summary.active_by_hour) == by_hour(S.RUNNING)[24:]
    assert list(summary.queued_by_hour) == by_hour(S.QUEUED)[24:]
    assert summary.completed_previous_24h == sum(by_hour(S.COMPLETED)[:24]) > 0
    assert summary.failed_previous_24h == sum(by_hour(S.FAILED)[:24]) > 0
    assert summary.oldest_queued_at == min(job.queued_at for job in mine if job.status is S.QUEUED)
    assert summary.oldest_queued_at > min(job.queued_at for job in everything if job.status is S.QUEUED)


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


def asked_about(bench: Bench, source: JobSource, job_id: str) -> tuple[list[str], str]:
    """Which questions Inngest got, and what the asker is told."""
    bench.client.asked.clear()
    try:
        told = repr(get_job_detail(job_id, source=source))
    except InngestError as failure:
        told = f"{type(failure).__name__}: {failure.message}"
    return list(bench.client.asked), told


def test_a_foreign_job_takes_the_same_questions_as_an_unknown_one(bench: Bench, source: JobSource) -> None:
    """The time an answer takes must not tell that a job exists: the class of existence oracles."""
    bench.client.put(run(970, S.FAILED), tenant=THEIRS)  # not in the mirror yet
    unknown = asked_about(bench, source, f"R{999_999:025d}")
    assert unknown == (["trace"], "None")
    for job_id in (foreign(), f"R{402:025d}", f"R{970:025d}"):
        assert asked_about(bench, source, job_id) == unknown, job_id


@pytest.mark.parametrize("kind", [BadAnswer, VendorDown, Unreachable])
def test_an_answer_that_fails_does_not_tell_that_a_foreign_job_exists(
    bench: Bench, source: JobSource, monkeypatch: pytest.MonkeyPatch, kind: type[InngestError]
) -> None:
    """Too large, too slow, unreadable: what only an existing job can be."""
    fresh = f"R{970:025d}"
    bench.client.put(run(970, S.FAILED), tenant=THEIRS)  # not in the mirror yet

    def failing(run_id: str, **_: Any) -> Any:
        bench.client.asked.append("trace")
        raise error(kind, "of this job") if run_id in bench.client.runs else error(NotFound, "not_found")

    monkeypatch.setattr(bench.client, "get_trace", failing)
    unknown = asked_about(bench, source, f"R{999_999:025d}")
    assert asked_about(bench, source, foreign()) == unknown
    if kind is BadAnswer:
        assert asked_about(bench, source, fresh) == unknown
    with pytest.raises(kind):  # who may see every job is told what is wrong
        get_job_detail(fresh, source=replace(source, tenant=None))
    own = get_job_detail(f"R{902:025d}", source=source)
    assert own
    assert own.stale


@pytest.mark.parametrize(("mirrored", "live"), [(MINE, THEIRS), (THEIRS, MINE)])
def test_a_job_is_out_of_reach_when_either_mirror_or_trace_names_another_tenant(
    bench: Bench, source: JobSource, mirrored: str, live: str
) -> None:
    job = run(980, S.FAILED)
    bench.client.put(job, tenant=mirrored)
    bench.sync()
    bench.client.traces[job.id] = replace(bench.client.get_trace(job.id), input={"tenantId": live})
    assert get_job_detail(job.id, source=source) is None
    assert get_job_detail(job.id, source=replace(source, tenant=None))


def test_nor_does_the_mirror_tell_when_inngest_is_away(bench: Bench, source: JobSource) -> None:
    def away(question: str) -> None:
        raise error(Unreachable, "refused")

    bench.client.before = away
    unknown = asked_about(bench, source, f"R{999_999:025d}")
    assert unknown == ([], "Unreachable: Own words for a test.")
    for job_id in (foreign(), f"R{402:025d}"):
        assert asked_about(bench, source, job_id) == unknown
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


def test_a_tenant_learnt_after_the_views_sync_changes_none_of_its_answers(bench: Bench, source: JobSource) -> None:
    bench.client.can_read_events = False
    for number, status in ((951, S.QUEUED), (952, S.RUNNING), (953, S.COMPLETED), (954, S.FAILED)):
        bench.client.put(run(number, status), tenant=MINE)
    bench.sync()
    before = bench.source.state().as_of
    lists = [JobFilters(), JobFilters(status=S.QUEUED), JobFilters(tenant=MINE), JobFilters(range=TimeRange.ALL)]

    def answers() -> list[object]:
        found: list[object] = [get_job_summary(as_of=before, source=source)]
        for filters in lists:
            found.append([job.id for job in iter_jobs(filters, before, source=source)])
            found.append(get_recent_jobs(filters, as_of=before, source=source).total)
        return found

    unlearnt = answers()
    bench.client.can_read_events = True
    bench.sync()
    assert answers() == unlearnt
    summary, latest = get_job_summary(source=source), bench.source.state().as_of
    assert (summary.queued, summary.active) == (2, 1)
    learnt = {job.id for job in iter_jobs(JobFilters(), latest, source=source)}
    assert {f"R{number:025d}" for number in range(951, 955)} <= learnt


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
        *jobs, note = text.splitlines()[1:]
        assert row.detail == {"jobs": len(jobs), "range": "all", "q": "boom"}
        assert note.startswith(f'"# {len(jobs)} jobs; search boom, range all; as of 20')

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

    @pytest.mark.parametrize("others", [(THEIRS,), (None,), (MINE, THEIRS)])
    @pytest.mark.parametrize("reveal", [reveal_input, reveal_trace])
    def test_a_batch_that_holds_events_of_others_is_not_opened(
        self, bench: Bench, accounts: Accounts, reveal: Any, others: tuple[str | None, ...]
    ) -> None:
        """One run may work on a batch of events, each of another tenant; its trace has the payloads of all."""
        job_id, actor = f"R{902:025d}", Actor(ADMIN, 1, "192.0.2.7")
        trace = replace(bench.client.get_trace(job_id), tenants=(MINE, *others), output={"made": "for all"})
        bench.client.traces[job_id] = trace
        source = replace(bench.source, client=bench.client)  # type: ignore[arg-type]
        with pytest.raises(Denied, match="worked for other tenants as well"):
            reveal(actor, accounts.activity, source.of, job_id)
        (row,) = accounts.activity.rows(ActivityFilters())
        assert (row.kind, row.target, row.outcome) == ("access_refused", job_id, "refused")
        seen = get_job_detail(job_id, source=replace(source.of(ADMIN), inputs=True))
        assert seen
        assert (seen.shared, seen.input, seen.output) == (True, None, None)
        whole = get_job_detail(job_id, source=replace(source, inputs=True))
        assert whole
        assert (whole.shared, whole.output) == (False, {"made": "for all"})

    @pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
    def test_the_other_roles_take_and_see_nothing(self, bench: Bench, accounts: Accounts, role: Role) -> None:
        actor = Actor(User("x", role), 1, "")
        with pytest.raises(Denied):
            export_jobs(actor, accounts.activity, bench.source.of, JobFilters(), bench.source.state().as_of)
        with pytest.raises(Denied):
            reveal_input(actor, accounts.activity, bench.source.of, foreign())
        assert {row.outcome for row in accounts.activity.rows(ActivityFilters())} == {"refused"}

    def test_a_summary_holds_the_own_jobs_only_and_is_written_down(self, bench: Bench, accounts: Accounts) -> None:
        actor, as_of = Actor(ADMIN, 1, "192.0.2.7"), bench.source.state().as_of
        text = export_summary(
            actor,
            accounts.activity,
            bench.source.of,
            JobFilters(range=TimeRange.ALL),
            as_of,
            verdict="All well.",
            health=(),
        )
        assert "All well." in text
        assert MINE in text.replace("\\", "")
        assert THEIRS not in text.replace("\\", "")
        assert "theirsecretword" not in text
        (row,) = accounts.activity.rows(ActivityFilters())
        assert (row.kind, row.target) == ("export", "summary")

    def test_a_summary_for_one_customer_names_no_other(self, bench: Bench, accounts: Accounts) -> None:
        owner, as_of = Actor(User("ann", Role.OWNER), 1, "192.0.2.7"), bench.source.state().as_of

        def summary(filters: JobFilters) -> str:
            text = export_summary(
                owner, accounts.activity, bench.source.of, filters, as_of, verdict="All well.", health=()
            )
            return text.replace("\\", "")

        assert THEIRS in summary(JobFilters(range=TimeRange.ALL))
        text = summary(JobFilters(range=TimeRange.ALL, tenant=MINE))
        assert MINE in text
        assert THEIRS not in text
        assert "theirsecretword" not in text
