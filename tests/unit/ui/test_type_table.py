"""A type of several functions: each has its own times, and what is counted by type stands there once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from salina_monitor.evidence import TypeEvidence
from salina_monitor.jobtypes import JobTypes
from salina_monitor.queries import UsualTimes
from salina_monitor.settings import JobType
from salina_monitor.ui.type_table import rows_of

BATCH = TypeEvidence("batch", "Batch", queued=7, running=2, failed_day=5, ended_day=9)
TIMES = {name: UsualTimes(name, 30, 1_000, 2_000, 3_000, 4_000) for name in ("x", "y")}
SOURCE: Any = SimpleNamespace(types=JobTypes([JobType("batch", "Batch", ("x", "y"))]))


def test_numbers_of_a_type_stand_once_above_the_times_of_its_functions() -> None:
    rows = rows_of(BATCH, TIMES, SOURCE)
    assert [row["Type"] for row in rows] == ["Batch", "Batch (x)", "Batch (y)"]
    assert [row["Queued"] for row in rows] == [7, None, None]
    assert [row["Failed, 24 h"] for row in rows] == ["5 of 9", "", ""]
    assert [row["Duration p95"] for row in rows] == ["—", "4.0 s", "4.0 s"]
    assert [row["n"] for row in rows] == [60, 30, 30]
    assert len({tuple(row) for row in rows}) == 1, "the same columns in each row"


def test_a_type_of_one_measured_function_is_one_row() -> None:
    (row,) = rows_of(BATCH, {"x": TIMES["x"]}, SOURCE)
    assert (row["Type"], row["n"], row["Queued"], row["Duration p95"]) == ("Batch", 30, 7, "4.0 s")
    (row,) = rows_of(BATCH, {}, SOURCE)
    assert (row["Type"], row["n"], row["Running"], row["Duration p95"]) == ("Batch", 0, 2, "—")
