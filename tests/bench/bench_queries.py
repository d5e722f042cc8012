"""Every question of every page at 100,000 and at 2,000,000 runs: in the database and through `queries`, cold and warm."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, replace

from tests.bench.questions import QUESTIONS, Question, Stage
from tests.bench.recording import milliseconds, rounds_in_database, statements_of
from tests.bench.results import Options, Result, Row, met, number, p95, table
from tests.bench.stores import filled_store, make_cold, size_mb

SMALL, LARGE = 100_000, 2_000_000
# Passes are some minutes apart, and the quietest counts: the machine is not ours alone.
ROUNDS, SLOW_MS, SLOW_ROUNDS = 15, 150, 5
# Below this, twice as much is noise and not growth.
NOISE_MS = 5.0
FILL_TARGET = "<= 240"


@dataclass(frozen=True)
class Times:
    """Milliseconds of one question at one size."""

    database_p50: float
    database_p95: float
    through_p50: float
    through_p95: float
    cold: float


def run(options: Options) -> Result:
    small, small_rows = _measured(SMALL, options)
    large, large_rows = _measured(LARGE, options)
    rows: list[Row] = [*small_rows, *large_rows]
    lines = []
    for question in QUESTIONS:
        few, many = small[question.name], large[question.name]
        growth = many.database_p50 / few.database_p50
        own: list[Row] = [
            (f"{question.name}: in the database at 2 M, p95 ms", many.database_p95, question.targets[0]),
            (f"{question.name}: through queries at 2 M, p95 ms", many.through_p95, question.targets[1]),
        ]
        if question.targets[0] and many.database_p50 > NOISE_MS:
            own.append((f"{question.name}: growth from 100 k to 2 M", growth, "<= 2"))
        rows += own
        lines.append((
            question.name, _both(few.database_p50, few.database_p95), _both(many.database_p50, many.database_p95),
            question.targets[0] or "–", f"{growth:.1f}×", _both(many.through_p50, many.through_p95),
            question.targets[1] or "–", number(many.cold),
            "" if all(met(value, target) for _, value, target in own) else "missed",
        ))  # fmt: skip
    head = (
        "question", "database, 100 k: p50 / p95", "database, 2 M: p50 / p95", "target", "growth",
        "through queries, 2 M: p50 / p95", "target", "cold, 2 M", "",
    )  # fmt: skip
    told = [
        f"{name}: {number(value)}{f' ({target})' if target else ''}"
        for name, value, target in (*small_rows, *large_rows)
    ]
    told.append(f"passes of {ROUNDS} rounds: {options.passes}")
    return Result(("; ".join(told) + ".", "", *table(head, lines)), tuple(rows))


def _measured(runs: int, options: Options) -> tuple[dict[str, Times], list[Row]]:
    with filled_store(runs, options) as (store, settings, took):
        rows: list[Row] = [(f"disk of {runs:,} runs, MB", size_mb(store), "")]
        if took is not None:
            rows.insert(0, (f"filling {runs:,} runs, s", took, FILL_TARGET))
        stage = Stage.over(store, settings)
        passes = [{question.name: _warm(stage, question) for question in QUESTIONS} for _ in range(options.passes)]
        found = {}
        for question in QUESTIONS:
            quietest = min(
                (one[question.name] for one in passes), key=lambda times: times.database_p50 + times.through_p50
            )
            found[question.name] = replace(quietest, cold=_cold(stage, question) if runs == LARGE else 0.0)
        return found, rows


def _warm(stage: Stage, question: Question) -> Times:
    statements = statements_of(stage.store, lambda store: question.ask(stage.on(store)))
    question.ask(stage)
    once = milliseconds(lambda: question.ask(stage))
    rounds = ROUNDS if once < SLOW_MS else SLOW_ROUNDS
    database = rounds_in_database(stage.store, statements, rounds)
    through = [milliseconds(lambda: question.ask(stage)) for _ in range(rounds)]
    times = Times(statistics.median(database), p95(database), statistics.median(through), p95(through), 0.0)
    print(f"{question.name:50} {times.database_p50:9.2f} {times.database_p95:9.2f} {times.through_p50:9.2f}"
          f" {times.through_p95:9.2f}", file=sys.stderr, flush=True)  # fmt: skip
    return times


def _cold(stage: Stage, question: Question) -> float:
    make_cold(stage.store)
    return milliseconds(lambda: question.ask(stage))


def _both(median: float, most: float) -> str:
    return f"{number(median)} / {number(most)}"
