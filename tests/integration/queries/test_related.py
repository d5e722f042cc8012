"""Found by what people say on the phone, and shown with what belongs to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.mirror.traces import read_trace
from salina_monitor.models import Event, JobFilters, JobStatus, Role, TimeRange, User
from salina_monitor.queries import JobSource, get_job_detail, get_recent_jobs, get_related_jobs
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run

S = JobStatus


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    return Bench(store, settings_for)


@pytest.fixture
def source(bench: Bench) -> JobSource:
    return replace(bench.source, client=bench.client)  # type: ignore[arg-type]


def put(bench: Bench, number: int, status: JobStatus, *, minutes: int, event: str = "", **data: Any) -> str:
    job = run(number, status, queued=START - timedelta(minutes=minutes), took_s=30, event=event)
    bench.client.put(job, tenant=None)
    known = {one.id for one in bench.client.events}
    if job.event_ids[0] not in known:
        payload = {"tenantId": "acme", **data}
        bench.client.events.append(Event(job.event_ids[0], "statements/pdf.generate", job.queued_at, payload))
    return job.id


def ready(bench: Bench) -> None:
    bench.sync()
    bench.fill()


def ids(source: JobSource, text: str) -> list[str]:
    found = get_recent_jobs(JobFilters(text=text, range=TimeRange.ALL), source=source)
    return [job.id for job in found.jobs]


@pytest.mark.parametrize(
    "text", ["st_118", "ST_118", "Ada Lovelace", "lovelace", "2026-11", "978-3-16", "st_118 lovelace"]
)
def test_a_job_is_found_by_document_and_by_the_values_of_its_input(bench: Bench, text: str) -> None:
    wanted = put(
        bench, 1, S.COMPLETED, minutes=5, statementId="st_118", author={"name": "Ada Lovelace"}, period="2026-11",
        books=[{"isbn": "978-3-16-148410-0"}],
    )  # fmt: skip
    put(bench, 2, S.FAILED, minutes=4, statementId="st_9")
    ready(bench)
    assert ids(bench.source, text) == [wanted]


def test_a_secret_in_an_input_is_not_indexed(bench: Bench) -> None:
    put(bench, 1, S.COMPLETED, minutes=5, statementId="st_1", apiKey="hunter2", note="Bearer 0123456789abcdef0123")
    ready(bench)
    assert ids(bench.source, "st_1")
    for text in ("hunter2", "0123456789abcdef0123"):
        assert ids(bench.source, text) == []
    with bench.store.connection() as conn:
        kept = str(conn.execute("select events::text as row from events").fetchall())
    assert "hunter2" not in kept


def test_a_batch_of_thousands_is_indexed_as_far_as_bounded(bench: Bench) -> None:
    wanted = put(bench, 1, S.COMPLETED, minutes=5, batch="autumn", authorIds=[f"author{n}" for n in range(5000)])
    ready(bench)
    assert ids(bench.source, "autumn") == [wanted]
    with bench.store.connection() as conn:
        row = conn.execute("select length(search) as words from runs").fetchone()
    assert row
    assert row["words"] < 2_250


def test_runs_of_the_same_event_and_document_are_found_newest_first(bench: Bench, source: JobSource) -> None:
    failed = put(bench, 1, S.FAILED, minutes=60, statementId="st_1")
    again = put(bench, 2, S.FAILED, minutes=40, statementId="st_1")
    made = put(bench, 3, S.COMPLETED, minutes=20, statementId="st_1")
    put(bench, 4, S.COMPLETED, minutes=10, statementId="st_2")
    sibling = put(bench, 5, S.COMPLETED, minutes=59, event=f"E{1:025d}")
    ready(bench)
    job = get_job_detail(failed, source=source)
    assert job
    assert job.documents == ("statement:st_1",)
    related = get_related_jobs(job, source=source)
    assert [other.id for other in related.same_event] == [sibling]
    assert [other.id for other in related.same_document] == [made, again]


def made_good_by(source: JobSource, job_id: str) -> str | None:
    job = get_job_detail(job_id, source=source)
    assert job
    made = get_related_jobs(job, source=source).made_good_by
    return made.id if made else None


def test_what_failed_and_was_made_later_says_by_which_job_first(bench: Bench, source: JobSource) -> None:
    failed = put(bench, 1, S.FAILED, minutes=60, statementId="st_1")
    put(bench, 2, S.COMPLETED, minutes=90, statementId="st_1")  # before it failed
    made = put(bench, 3, S.COMPLETED, minutes=50, statementId="st_1")
    for number in range(4, 30):  # and many times more: the list of the newest does not hold the first any more
        put(bench, number, S.COMPLETED, minutes=40 - number, statementId="st_1")
    ready(bench)
    assert made_good_by(source, failed) == made
    assert made_good_by(source, made) is None  # it did not fail


def test_neither_another_tenant_nor_half_of_the_documents_make_it_good(bench: Bench, source: JobSource) -> None:
    failed = put(bench, 1, S.FAILED, minutes=60, statementId="st_1", bookId="b_1")
    put(bench, 2, S.COMPLETED, minutes=50, statementId="st_1", bookId="b_1", tenantId="other")
    put(bench, 3, S.COMPLETED, minutes=40, bookId="b_1")
    ready(bench)
    assert made_good_by(source, failed) is None


def test_the_same_event_run_again_makes_it_good_without_any_document(bench: Bench, source: JobSource) -> None:
    failed = put(bench, 1, S.FAILED, minutes=60)
    again = put(bench, 2, S.COMPLETED, minutes=50, event=f"E{1:025d}")
    ready(bench)
    assert made_good_by(source, failed) == again


def test_related_jobs_of_other_tenants_are_out_of_reach(bench: Bench, source: JobSource) -> None:
    mine = put(bench, 1, S.FAILED, minutes=60, statementId="st_1")
    theirs = put(bench, 2, S.COMPLETED, minutes=20, statementId="st_1")
    bench.client.events[-1] = replace(bench.client.events[-1], data={"tenantId": "other", "statementId": "st_1"})
    ready(bench)
    limited = source.of(User("ada", Role.ADMIN, tenant="acme"))
    job = get_job_detail(mine, source=limited)
    assert job
    assert theirs not in [other.id for other in get_related_jobs(job, source=limited).same_document]
    assert theirs in [other.id for other in get_related_jobs(job, source=source).same_document]


def test_a_trace_brings_documents_where_no_event_did(bench: Bench) -> None:
    bench.client.can_read_events = False
    job_id = put(bench, 1, S.COMPLETED, minutes=5, statementId="st_7")
    ready(bench)
    assert ids(bench.source, "st_7") == []
    read_trace(bench.ctx, job_id)
    assert ids(bench.source, "st_7") == [job_id]


def test_the_detail_holds_the_waterfall_and_no_payload_of_its_own(bench: Bench, source: JobSource) -> None:
    job_id = put(bench, 1, S.FAILED, minutes=5, statementId="st_7")
    ready(bench)
    shown = get_job_detail(job_id, source=source.of(User("ada", Role.OWNER)))
    assert shown
    assert shown.steps is not None
    assert (shown.input, shown.output) == (None, None)


@pytest.mark.parametrize("few", [0, 2, 3, 10_000])
def test_what_nearly_every_job_is_about_gives_the_same_list(
    bench: Bench, source: JobSource, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    wanted = [put(bench, number, S.COMPLETED, minutes=number, templateId="royalty") for number in (1, 2, 3, 4)]
    put(bench, 9, S.COMPLETED, minutes=9, templateId="other")
    ready(bench)
    job = get_job_detail(wanted[2], source=source)
    assert job is not None
    monkeypatch.setattr("salina_monitor.queries.related.FEW", few)
    related = get_related_jobs(job, source=source)
    assert [other.id for other in related.same_document] == [wanted[0], wanted[1], wanted[3]]
