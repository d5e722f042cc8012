"""`summary`, `jobs`, `job`: the words of models.py as JSON, every filter, bad values refused in a sentence."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salina_monitor.models import Attempt, JobEntry, JobError, JobPage, JobStatus, JobSummary, Service
from tests.integration.cli.command import Sandbox, Shell, keys

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIMES = ("queued_at", "started_at", "completed_at")
SPANS = ("wait_ms", "duration_ms", "total_ms")


def names(model: Any) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(model))


def listed(sandbox: Sandbox, *options: str) -> list[dict[str, Any]]:
    done = sandbox("jobs", "--json", *options)
    assert done.code == 0, done.err
    jobs: list[dict[str, Any]] = done.json["jobs"]
    assert jobs
    return jobs


def assert_entry(job: dict[str, Any]) -> None:
    assert frozenset(job) == names(JobEntry)
    assert all(job[name] is None or UTC_TIME.fullmatch(job[name]) for name in TIMES)
    assert all(job[name] is None or (type(job[name]) is int and job[name] >= 0) for name in SPANS)
    assert job["retry_count"] is None or type(job["retry_count"]) is int
    assert job["error"] is None or frozenset(job["error"]) == names(JobError)
    assert (job["error"] is not None) == (job["status"] == "failed")


def test_the_summary_has_the_fields_of_the_model(sandbox: Sandbox) -> None:
    assert sandbox("sync").code == 0
    said = sandbox("summary", "--json").json
    assert frozenset(said) == names(JobSummary)
    assert said["completed_last_24h"] > 1000
    assert said["failed_last_24h"] > 10
    assert UTC_TIME.fullmatch(said["as_of"])
    assert said["stale"] is False
    assert len(said["failed_by_hour"]) == 24
    words = sandbox("summary").out.splitlines()
    assert [line.split()[0] for line in words] == ["Active", "Queued", "Completed,", "Failed,", "as"]


def test_a_list_has_the_fields_of_the_models(sandbox: Sandbox) -> None:
    page = sandbox("jobs", "--json", "--status", "failed").json
    assert frozenset(page) == names(JobPage)
    assert (page["page"], page["page_size"], page["total_is_capped"]) == (1, 20, False)
    assert len(page["jobs"]) == 20 < page["total"]
    for job in page["jobs"]:
        assert_entry(job)
        assert job["status"] == "failed"


def test_newest_come_first_and_pages_continue_each_other(sandbox: Sandbox) -> None:
    pages = [listed(sandbox, "--status", "failed", "--page", str(number)) for number in (1, 2)]
    order = [(job["queued_at"], job["id"]) for page in pages for job in page]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)


def test_a_page_beyond_the_end_is_the_last_one(sandbox: Sandbox) -> None:
    page = sandbox("jobs", "--json", "--status", "cancelled", "--page", "500").json
    assert page["page"] == -(-page["total"] // 20) < 500
    assert page["jobs"]


def test_the_type_filter_takes_ids_of_types_and_of_functions(sandbox: Sandbox) -> None:
    assert {job["type"] for job in listed(sandbox, "--type", "pdf-generation")} == {"pdf-generation"}
    pages = (listed(sandbox, "--range", "7d", "--page", str(page)) for page in range(1, 50))
    types = ({job["type"] for job in page} - {"pdf-generation", "batch-statements"} for page in pages)
    other = sorted(next(filter(None, types)))[0]
    assert {job["function_id"] for job in listed(sandbox, "--type", other)} == {other}


def test_the_tenant_filter_takes_ids_and_none(sandbox: Sandbox) -> None:
    assert {job["tenant_id"] for job in listed(sandbox, "--tenant", "northwind-press")} == {"northwind-press"}
    assert {job["tenant_id"] for job in listed(sandbox, "--tenant", "none")} == {None}


def test_search_finds_words_of_errors_and_ids(sandbox: Sandbox) -> None:
    failed = listed(sandbox, "--status", "failed")[0]
    assert failed["id"] in {job["id"] for job in listed(sandbox, "--search", failed["id"])}
    word = max(re.findall(r"[a-z]{4,}", failed["error"]["message"].lower()), key=len)
    found = listed(sandbox, "--search", word, "--status", "failed")
    assert failed["id"] in {job["id"] for job in found} or len(found) == 20
    assert all(word in str(job).lower() for job in found)  # in the error, or in what its function is called


def test_a_range_holds_what_ended_in_it_or_has_not_ended(sandbox: Sandbox) -> None:
    # The listing's own clock decides; a minute of slack is for the time between sync and now.
    edge = datetime.now(UTC) - timedelta(hours=1, minutes=1)
    totals = {span: sandbox("jobs", "--json", "--range", span).json for span in ("1h", "24h", "7d", "30d", "all")}
    for job in totals["1h"]["jobs"]:
        assert job["completed_at"] is None or datetime.fromisoformat(job["completed_at"]) >= edge
    counts = [page["total"] for page in totals.values()]
    assert counts == sorted(counts)
    assert counts[0] < counts[1]
    assert sandbox("jobs", "--json").json["total"] == counts[1]


def test_nothing_found_is_an_empty_list_not_an_error(sandbox: Sandbox) -> None:
    done = sandbox("jobs", "--json", "--tenant", "nobody-of-that-name")
    assert (done.code, done.json["jobs"], done.json["total"]) == (0, [], 0)
    assert sandbox("jobs", "--tenant", "nobody-of-that-name").out.startswith("No job matches.")


def test_the_words_hold_one_line_a_job_and_what_they_are_of(sandbox: Sandbox) -> None:
    lines = sandbox("jobs", "--status", "failed").out.splitlines()
    assert len(lines) == 21
    assert all("failed" in line for line in lines[:20])
    assert re.match(r"1–20 of [\d,]+ · as of ", lines[20])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--status", "broken"), "'broken' is not one of"),
        (("--range", "2h"), "'2h' is not one of"),
        (("--page", "0"), "0 is not in the range"),
        (("--page", "501"), "501 is not in the range"),
        (("--page", "two"), "'two' is not a valid integer"),
        (("--tenant", b"\xff"), "unprintable"),
        (("--search", "x" * 201), "longer than 200 characters"),
        (("--type", "a\nb"), "unprintable"),
        (("--no-such",), "No such option"),
        (("stray",), "unexpected extra argument"),
    ],
)
def test_bad_values_are_refused_with_a_sentence(shell: Shell, options: tuple[str | bytes, ...], sentence: str) -> None:
    done = shell("jobs", *options)
    assert done.code == 2
    assert sentence in done.err


def test_a_failed_job_shows_its_attempts(sandbox: Sandbox) -> None:
    failed = listed(sandbox, "--status", "failed", "--type", "pdf-generation")[0]
    done = sandbox("job", failed["id"], "--json")
    assert done.code == 0
    job = done.json
    assert_entry(job)
    assert (job["id"], job["stale"], job["traced"]) == (failed["id"], False, True)
    assert keys(job["attempts"]) <= {names(Attempt)}
    assert len(job["attempts"]) == job["retry_count"] + 1
    assert [attempt["number"] for attempt in job["attempts"]] == list(range(1, len(job["attempts"]) + 1))
    assert job["attempts"][-1]["error"]["message"]
    # Wait is never part of the duration.
    assert job["wait_ms"] + job["duration_ms"] == pytest.approx(job["total_ms"], abs=2)
    words = sandbox("job", failed["id"]).out
    assert f"attempt {len(job['attempts'])}: failed" in words


@pytest.mark.parametrize("job_id", ["01M84RCYDTFRS5K3RNVT5QH14J", "no-such-job", "x y"])
def test_an_unknown_job_is_exit_code_1_and_a_sentence(sandbox: Sandbox, job_id: str) -> None:
    done = sandbox("job", job_id, "--json")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"Error: No job {job_id} is known, neither to Inngest nor to the mirror.\n"


def test_a_known_job_is_shown_from_the_mirror_while_inngest_is_away(sandbox: Sandbox) -> None:
    job = listed(sandbox, "--status", "failed")[-1]
    sandbox.control.set(Service.INNGEST, "error")
    done = sandbox("job", job["id"], "--json")
    assert (done.code, done.json["id"], done.json["stale"]) == (0, job["id"], True)
    unknown = sandbox("job", "01M84RCYDTFRS5K3RNVT5QH14J")
    assert unknown.code == 1
    assert "Inngest cannot be asked: Inngest is not available right now" in unknown.err


def test_every_status_but_unknown_can_be_listed(sandbox: Sandbox) -> None:
    for status in (JobStatus.COMPLETED, JobStatus.CANCELLED):
        assert {job["status"] for job in listed(sandbox, "--status", status.value)} == {status.value}
