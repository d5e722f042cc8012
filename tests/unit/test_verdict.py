"""What the sentence says: each code of the closed catalogue comes from a state that people can be in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from salina_monitor.evidence import Cause, Evidence, TypeEvidence
from salina_monitor.models import HealthCheckResult, HealthStatus, JobFilters, JobStatus, JobSummary, Service
from salina_monitor.verdict import CATALOGUE, Code, Level, Verdict, verdict

NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
QUIET = JobSummary(3, 2, 100, 0, failed_by_hour=(0,) * 24)
NOTHING = JobSummary(0, 0, 0, 0, failed_by_hour=(0,) * 24)
S3_503 = "S3ServiceException: PutObject 503 SlowDown"
PDF = TypeEvidence(
    "pdf", "PDF statements", running=3, queued=2, ended_hour=10, ended_day=100, usual_ended=700, usual_failed=7
)
FEEDS = TypeEvidence("feeds", "Feeds", ended_hour=4, ended_day=50, usual_ended=300)
BATCH = TypeEvidence("batch", "Batch statements", ended_hour=150, ended_day=160, usual_ended=900, usual_failed=9)
CALM = Evidence(NOW, (PDF, FEEDS), arrived=10, ended=10, oldest_queued_at=NOW - timedelta(seconds=12))


def health(**states: HealthStatus) -> list[HealthCheckResult]:
    return [HealthCheckResult(s, states.get(s.value, HealthStatus.HEALTHY), 12, "", NOW, "ok") for s in Service]


def hhmm(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def cause(day: int, hour: int = 0, *, key: str | None = "c", title: str = S3_503, minutes: int = 28,
          decided: bool = False) -> Cause:  # fmt: skip
    first = NOW - timedelta(minutes=minutes)
    return Cause(key, title, day, hour, first, first + timedelta(minutes=17), decided)


def failing(one: TypeEvidence, *causes: Cause, tenants: int | None = None) -> TypeEvidence:
    day, hour = sum(c.day for c in causes), sum(c.hour for c in causes)
    return replace(one, causes=causes, failed_day=day, failed_hour=hour, tenants=tenants)


def summary(evidence: Evidence) -> JobSummary:
    hour = sum(one.failed_hour for one in evidence.types)
    return replace(
        QUIET, active=evidence.running, queued=evidence.queued, failed_last_24h=evidence.failed_day,
        failed_by_hour=(0,) * 23 + (hour,),
    )  # fmt: skip


def judged(*types: TypeEvidence, at: Evidence = CALM, **more: object) -> Verdict:
    evidence = replace(at, types=types or at.types)
    return verdict(summary(evidence), health(), evidence, clock=hhmm, **more)  # type: ignore[arg-type]


def waiting(
    late: int, *, running: int = 3, ended: int = 10, queued: int = 40, arrived: int = 10, started: int = 0,
    minutes: int = 25,
) -> Evidence:  # fmt: skip
    slow = replace(PDF, queued=queued, running=running, waiting_long=late)
    oldest = NOW - timedelta(minutes=minutes)
    return replace(
        CALM, types=(slow, FEEDS), ended=ended, arrived=arrived, started=started, oldest_queued_at=oldest
    )  # fmt: skip


OUTAGE = failing(BATCH, cause(142, 142), tenants=12)

STATES: dict[Code, tuple[Callable[[], Verdict], str]] = {
    Code.SERVICES_OK: (lambda: judged(), "All five services are healthy."),
    Code.SERVICES_DOWN: (
        lambda: verdict(QUIET, health(s3=HealthStatus.UNHEALTHY, clerk=HealthStatus.UNHEALTHY,
                                      resend=HealthStatus.DEGRADED), CALM),
        "Clerk and S3 are unhealthy; Resend is degraded.",
    ),
    Code.SERVICES_ALL_DOWN: (
        lambda: verdict(QUIET, health(**{s.value: HealthStatus.UNHEALTHY for s in Service}), CALM),
        "No service answers: most likely this machine's own network is down.",
    ),
    Code.SERVICES_SLOW: (
        lambda: verdict(QUIET, health(s3=HealthStatus.DEGRADED), CALM), "S3 is degraded.",
    ),
    Code.SERVICES_OFF: (
        lambda: verdict(QUIET, health(resend=HealthStatus.NOT_CONFIGURED), CALM), "Resend is not configured.",
    ),
    Code.SERVICES_UNCHECKED: (lambda: verdict(QUIET, health()[:4], CALM), "Inngest is still being checked."),
    Code.NEVER_READ: (
        lambda: verdict(JobSummary(None, None, None, None), health(), None),
        "No job has been read from Inngest yet.",
    ),
    Code.DATA_OLD: (lambda: judged(stale_reason="Job data may be old."), "Job data may be old."),
    Code.HISTORY_FILLING: (
        lambda: judged(filling=True), "History is still being read, so counts are at least these.",
    ),
    Code.STARTS_OK: (lambda: judged(), "Jobs start: 3 running, 2 queued, the oldest for 12 s."),
    Code.STARTS_SLOW: (
        lambda: judged(at=waiting(7, arrived=20, ended=70)),
        "7 of 40 queued jobs wait longer than usual for their type, the oldest for 25 min, all PDF statements; the queue"
        " drains in about 12 min.",
    ),
    Code.STARTS_NONE: (
        lambda: judged(at=waiting(40, running=0, ended=0)),
        "Jobs do not start: 40 wait, the oldest for 25 min; none started or ended in 15 min, 0 running.",
    ),
    Code.STARTS_STALLED: (
        lambda: judged(at=waiting(0, running=0, ended=0, arrived=0)),
        "Nothing moved in 15 min: 40 queued, the oldest for 25 min, 0 running.",
    ),
    Code.RUNNING_LONG: (
        lambda: judged(replace(PDF, running_long=1), replace(FEEDS, running_long=1)),
        "2 jobs run longer than usual for their type, mostly PDF statements.",
    ),
    Code.FINISHES_OK: (lambda: judged(), "No job failed in the last 24 h."),
    Code.FINISHES_UNKNOWN: (
        lambda: verdict(NOTHING, health(), Evidence(NOW, (replace(FEEDS, ended_hour=0, ended_day=0),))),
        "Nothing is queued and nothing runs. Nothing ended in 24 h, so it is not known whether started jobs finish.",
    ),
    Code.NO_JOBS: (
        lambda: verdict(NOTHING, health(), Evidence(NOW, ())),
        "Nothing is queued and nothing runs. No job in 24 h, nor in the week before.",
    ),
    Code.FAILING_MOSTLY: (
        lambda: judged(PDF, FEEDS, OUTAGE),
        "Batch statements: 142 jobs failed since 14:02, all with “S3ServiceException: PutObject 503 SlowDown”, 12 tenants"
        " hit (95 % of the last hour's, usually 1.0 %). PDF statements and Feeds as usual.",
    ),
    Code.FAILING_NOW: (
        lambda: judged(PDF, failing(BATCH, cause(20, 20), cause(15, 15, key="d", title="other"))),
        "Batch statements: 35 jobs failed, 20 of them since 14:02 with “S3ServiceException: PutObject 503 SlowDown” (23 %"
        " of the last hour's, usually 1.0 %). PDF statements as usual.",
    ),
    Code.FAILED_EARLIER: (
        lambda: judged(FEEDS, failing(BATCH, cause(40, minutes=700))),
        "Batch statements: 40 jobs failed between 02:50 and 03:07, all with “S3ServiceException: PutObject 503 SlowDown”"
        " (of 160 that ended in 24 h, usually 1.0 %). Feeds as usual.",
    ),
    Code.FAILURES_FEW: (
        lambda: judged(failing(PDF, cause(2, 1)), FEEDS),
        "2 of 102 ended jobs failed in the last 24 h, 1 of them in the last hour. Few, though more than usual: PDF"
        " statements 2 of 100 (fewer than 3; usually 1.0 %).",
    ),
    Code.FAILURES_USUAL: (
        lambda: judged(failing(PDF, cause(1, 1)), FEEDS),
        "1 of 101 ended jobs failed in the last 24 h, 1 of them in the last hour, as is usual for their types.",
    ),
    Code.FAILURES_UNJUDGED: (
        lambda: judged(failing(replace(PDF, usual_ended=3), cause(2)), FEEDS),
        "2 of 102 ended jobs failed in the last 24 h, none of them in the last hour; too few jobs of their type ended in"
        " the week before to know whether that is usual.",
    ),
    Code.FAILURES_DEALT_WITH: (
        lambda: judged(failing(BATCH, cause(142, 142, decided=True)), FEEDS),
        "142 of 242 ended jobs failed in the last 24 h, 142 of them in the last hour; all were made good or decided"
        " about.",
    ),
}  # fmt: skip


def test_the_catalogue_is_closed() -> None:
    assert set(CATALOGUE) == set(STATES) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_every_message_comes_from_a_state_and_has_its_words(code: Code) -> None:
    make, text = STATES[code]
    said = make()
    assert code in said.codes
    assert text in said.text
    assert said.level.rank >= CATALOGUE[code].level.rank


@pytest.mark.parametrize("code", [code for code in Code if CATALOGUE[code].level is not Level.GOOD])
def test_whatever_is_not_good_is_never_green(code: Code) -> None:
    assert STATES[code][0]().level is not Level.GOOD


@pytest.mark.parametrize(
    ("states", "level"),
    [
        ({"s3": HealthStatus.NOT_CONFIGURED}, Level.UNKNOWN),
        ({"s3": HealthStatus.CHECKING}, Level.UNKNOWN),
        ({}, Level.GOOD),
    ],
)
def test_only_what_was_measured_is_good(states: dict[str, HealthStatus], level: Level) -> None:
    assert verdict(QUIET, health(**states), CALM).level is level
    assert verdict(QUIET, [], CALM).level is Level.UNKNOWN


def test_the_next_step_is_that_of_the_worst_finding_and_there_is_one_only() -> None:
    both = verdict(
        summary(replace(CALM, types=(OUTAGE,))), health(s3=HealthStatus.UNHEALTHY), replace(CALM, types=(OUTAGE,))
    )
    assert both.step == "Open the failed jobs; mend the cause, then run them again."
    assert both.show == JobFilters(type="batch", status=JobStatus.FAILED, group="c")
    down = verdict(QUIET, health(s3=HealthStatus.UNHEALTHY), CALM)
    assert (down.step, down.show) == ("Start with the S3 card: it says what to do.", None)
    assert judged().step == ""


def test_nothing_is_to_be_done_where_all_is_well_and_something_where_it_is_not() -> None:
    for code, meaning in CATALOGUE.items():
        waits_for_itself = code in (Code.SERVICES_UNCHECKED, Code.HISTORY_FILLING)
        assert bool(meaning.step) is (meaning.level is not Level.GOOD and not waits_for_itself)


@pytest.mark.parametrize(
    ("failed", "ended", "usual_failed", "said"),
    [
        (40, 1000, 7, "Few, though more than usual: PDF statements 40 of 1,000 (below 5 %; usually 1.0 %)."),
        (20, 200, 70, ", none of them in the last hour, as is usual for their types."),
        (24, 200, 70, "as is usual for their types."),  # a fifth more than usual is as usual
        (25, 200, 70, "PDF statements 25 of 200 (less than 3 times the usual share; usually 10 %)."),
        (1, 200, 0, "PDF statements 1 of 200 (fewer than 3; usually 0 %)."),
    ],
)
def test_only_what_is_usual_is_called_usual(failed: int, ended: int, usual_failed: int, said: str) -> None:
    one = replace(PDF, ended_day=ended, usual_failed=usual_failed)
    found = judged(failing(one, cause(failed)), FEEDS)
    assert found.level is Level.GOOD
    assert said in found.text
    assert (Code.FAILURES_USUAL in found.codes) is ("as is usual" in said)


def test_what_was_made_good_is_told_apart_from_what_is_usual() -> None:
    mended = replace(failing(PDF, cause(1)), failed_day=12)
    assert "; 11 of them were made good or decided about; the others are usual for their types." in judged(mended).text
    some = replace(failing(PDF, cause(2)), failed_day=3)
    assert "; 1 of them was made good or decided about. Few, though more than usual: PDF" in judged(some).text


def test_a_type_of_which_everything_failed_asks_for_attention_however_few_that_are() -> None:
    small = replace(BATCH, ended_hour=0, ended_day=2, usual_ended=200, usual_failed=0)
    said = judged(PDF, failing(small, cause(2)))
    assert said.level is Level.ATTENTION
    assert "Batch statements: 2 jobs failed between 14:02 and 14:19, all with" in said.text
    assert "(of 2 that ended in 24 h, usually 0 %). PDF statements as usual." in said.text
    assert judged(failing(replace(small, ended_day=3), cause(2))).level is Level.GOOD
    assert judged(failing(replace(small, usual_failed=40), cause(2))).level is Level.GOOD
    assert judged(failing(replace(small, ended_day=1), cause(1))).level is Level.GOOD


def test_many_types_with_few_failures_are_cut() -> None:
    many = [failing(replace(PDF, id=str(n), label=f"Type {n}", usual_failed=0), cause(1)) for n in range(5)]
    assert "Type 2 1 of 100 (fewer than 3; usually 0 %) and 2 other types." in judged(*many).text


def test_no_cause_is_named_that_owns_less_than_half() -> None:
    several = failing(BATCH, *(cause(20, 20, key=key, title=key) for key in "abc"))
    said = judged(PDF, several)
    assert "for several causes, none behind half of them" in said.text
    assert said.show == JobFilters(type="batch", status=JobStatus.FAILED)


def test_what_fails_now_is_not_blamed_on_what_failed_last_night() -> None:
    old, new = cause(300, key="old", title="Template missing", minutes=700), cause(40, 40, key="new")
    said = judged(PDF, failing(BATCH, old, new))
    assert "Batch statements: 40 jobs failed since 14:02, all with “S3ServiceException" in said.text
    assert "Template missing" not in said.text
    assert said.show == JobFilters(type="batch", status=JobStatus.FAILED, group="new")


def test_a_cause_that_owns_the_hour_but_not_the_day_is_not_called_the_cause() -> None:
    slow, fast = cause(300, 2, key="slow", title="Template missing", minutes=700), cause(40, 40, key="fast")
    said = judged(PDF, failing(BATCH, slow, fast))
    assert "42 jobs failed, 40 of them in the last hour with “S3ServiceException" in said.text


def test_a_type_that_is_not_judged_is_not_called_normal() -> None:
    unknown = failing(replace(FEEDS, usual_ended=0), cause(1, 1, key="x"))
    stuck = replace(PDF, running_long=1)
    idle = TypeEvidence("idle", "Idle")
    more = failing(replace(FEEDS, id="more"), cause(2, key="y"))
    new, rare = TypeEvidence("new", "New", ended_day=5), replace(FEEDS, ended_day=2)
    assert "as usual" not in judged(OUTAGE, unknown, stuck, idle, more, new, rare).text


def test_many_failing_and_many_normal_types_are_counted() -> None:
    many = [replace(FEEDS, id=str(n), label=f"Type {n}") for n in range(4)]
    said = judged(*many, OUTAGE)
    assert "4 other types as usual." in said.text
    outages = [replace(OUTAGE, id=str(n), label=f"Type {n}") for n in range(4)]
    assert "4 types: 568 jobs failed since 14:02, all with" in judged(*outages).text


def test_a_long_title_is_cut_and_stays_one_line() -> None:
    said = judged(failing(BATCH, cause(142, 142, title="line one\nline two " + "x" * 500)))
    assert "\n" not in said.text
    assert len(said.text) < 400


def test_old_data_is_unknown_even_where_all_was_well() -> None:
    said = judged(stale_reason="Inngest has not answered yet, so job data may be old.")
    assert (said.level, said.step) == (Level.UNKNOWN, CATALOGUE[Code.DATA_OLD].step)


def test_a_queue_that_stands_still_is_never_green() -> None:
    for running in (0, 3):
        stalled = judged(at=waiting(0, running=running, ended=0, arrived=0))
        assert (stalled.level, Code.STARTS_STALLED in stalled.codes) == (Level.ATTENTION, True)
        assert stalled.show == JobFilters(status=JobStatus.QUEUED)
    grows = judged(at=waiting(0, ended=0))
    assert (
        "Nothing started or ended in 15 min: 40 queued, the oldest for 25 min; the queue grows, 3 running."
        in grows.text
    )
    for moves in ({"started": 1}, {"ended": 1}, {"minutes": 15}, {"queued": 9}):
        assert judged(at=waiting(0, **{"ended": 0, "arrived": 0, **moves})).codes[1] is Code.STARTS_OK


def test_what_hangs_does_not_hide_that_nothing_starts() -> None:
    said = judged(at=waiting(40, running=1, ended=0))
    assert said.level is Level.TROUBLE
    assert "Jobs do not start: 40 wait, the oldest for 25 min; none started or ended in 15 min, 1 running." in said.text
    assert Code.STARTS_SLOW in judged(at=waiting(40, running=1, ended=0, started=1)).codes


def test_that_jobs_start_is_said_only_where_some_do() -> None:
    quiet = replace(CALM, arrived=0, ended=0, types=(replace(PDF, running=0), FEEDS))
    said = judged(at=quiet)
    assert "Nothing runs, 2 queued, the oldest for 12 s." in said.text
    assert "Jobs start" not in said.text
    assert "Jobs start: 0 running" in judged(at=replace(quiet, ended=1)).text


def test_whether_jobs_finish_is_not_known_while_the_first_ones_run() -> None:
    for summary in (replace(NOTHING, active=1), replace(NOTHING, queued=1)):
        said = verdict(summary, health(), Evidence(NOW, (TypeEvidence("new", "New"),)))
        assert (said.level, said.codes[-1]) == (Level.UNKNOWN, Code.FINISHES_UNKNOWN)


def test_one_waiting_job_is_not_plural() -> None:
    said = judged(at=waiting(1, running=0, ended=0, queued=1))
    assert "Jobs do not start: 1 waits, the oldest for 25 min;" in said.text
    assert "1 of 40 queued jobs waits longer" in judged(at=waiting(1)).text
    one = judged(replace(PDF, running_long=1), FEEDS)
    assert "1 job runs longer than usual for its type, PDF statements." in one.text
