"""The waterfall is drawn to scale, tells waiting from running, and shows foreign names as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from salina_monitor.models import JobError, JobStatus, Step, StepKind
from salina_monitor.ui.job_attempts import same_each_time
from salina_monitor.ui.waterfall import MOST_LINES, lines_of, waterfall

T0 = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else T0 + timedelta(seconds=seconds)


def step(
    queued: float | None, started: float | None, ended: float | None, *, status: JobStatus = JobStatus.COMPLETED,
    kind: StepKind = StepKind.STEP, attempt: int | None = None, name: str = "render",
) -> Step:  # fmt: skip
    return Step(name, kind, 1 if attempt else 0, status, at(queued), at(started), at(ended), attempt)


def test_lines_are_drawn_to_scale() -> None:
    (line,) = lines_of([step(0, 25, 75)], T0, T0 + timedelta(seconds=100))
    wait, run = line.pieces
    assert (wait.left, wait.width, wait.says) == (0, 25, "waited 25 s")
    assert (run.left, run.width, run.says) == (25, 50, "completed 50 s")
    assert line.took == "50 s"


def test_the_wait_for_a_retry_reaches_back_to_the_last_try() -> None:
    tries = [
        step(0, 0, 10, status=JobStatus.FAILED, kind=StepKind.ATTEMPT, attempt=1),
        step(89, 90, 100, status=JobStatus.FAILED, kind=StepKind.ATTEMPT, attempt=2),
    ]
    _, second = lines_of(tries, T0, T0 + timedelta(seconds=100))
    wait, _run = second.pieces
    assert (wait.left, wait.width) == (10, 80)
    assert wait.says == "waited for its retry 1 min 20 s"


def test_what_has_not_ended_reaches_to_now_and_says_so() -> None:
    (running,) = lines_of([step(0, 10, None, status=JobStatus.RUNNING)], T0, T0 + timedelta(seconds=40))
    assert running.took == "30 s so far"
    (queued,) = lines_of([step(0, None, None, status=JobStatus.QUEUED)], T0, T0 + timedelta(seconds=40))
    assert queued.took == "not started"
    assert [piece.width for piece in queued.pieces] == [100]


def test_sleeping_is_told_from_running_and_retrying() -> None:
    asleep = lines_of([step(0, 0, None, status=JobStatus.RUNNING, kind=StepKind.SLEEP)], T0, T0 + timedelta(seconds=9))
    running = lines_of([step(0, 0, None, status=JobStatus.RUNNING)], T0, T0 + timedelta(seconds=9))
    assert asleep[0].pieces[0].says.startswith("asleep")
    assert asleep[0].pieces[0].fill != running[0].pieces[0].fill


def test_clocks_that_disagree_never_draw_outside() -> None:
    for one in lines_of([step(-50, -20, 500), step(None, 5, 1), step(None, None, 3)], T0, T0 + timedelta(seconds=10)):
        for piece in one.pieces:
            assert 0 <= piece.left <= 100
            assert 0 <= piece.width <= 100 - piece.left + 0.01


def test_a_name_is_text() -> None:
    """Step names come from the ERP's code and data: CVE-2024-32887's class."""
    html = waterfall(
        lines_of([step(0, 1, 2, name='"><img src=x onerror=alert(1)>')], T0, T0 + timedelta(seconds=2)), "2 s"
    )
    assert "<img" not in html
    assert "&lt;img" in html


def test_a_trace_of_thousands_is_cut() -> None:
    cut = lines_of([step(0, 1, 2)] * 500, T0, T0 + timedelta(seconds=2))
    assert len(cut) == MOST_LINES
    assert 'role="list" aria-label="Timeline: the first 200 of 500 lines over 2 s"' in waterfall(cut, "2 s", of=500)


def test_the_picture_and_each_line_have_words() -> None:
    picture = waterfall(lines_of([step(0, 25, 75)], T0, T0 + timedelta(seconds=100)), "1 min 40 s", of=1)
    assert 'role="list" aria-label="Timeline: 1 line over 1 min 40 s"' in picture
    assert 'role="listitem" aria-label="render: waited 25 s; completed 50 s"' in picture


def test_errors_that_differ_in_numbers_only_are_the_same() -> None:
    assert same_each_time([JobError("E", "port 5432 after 3 s"), JobError("E", "port 5433 after 14 s")])
    assert not same_each_time([JobError("E", "timeout"), JobError("E", "refused")])
    assert not same_each_time([JobError("E", "timeout"), JobError("F", "timeout")])
