"""What a subject hands back: its table as Markdown, and the numbers in it that have a target."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

Row = tuple[str, float, str]
"""What, how much, and its target such as `<= 25`; a number without a target is only told."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the bench was called. `keep`: a folder in which filled stores stay for the next time. `passes`: how often
    what is easily disturbed is measured; the quietest counts."""

    keep: Path | None = None
    passes: int = 3


@dataclass(frozen=True, slots=True)
class Result:
    """`lines` are written into docs/benchmarks.md; `rows` decide whether anything was missed."""

    lines: tuple[str, ...]
    rows: tuple[Row, ...]


def met(measured: float, target: str) -> bool:
    """Whether a number reaches a target such as `<= 25`; without one it always does."""
    if not target:
        return True
    sign, limit = target.split()
    return measured <= float(limit) if sign == "<=" else measured >= float(limit)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Markdown."""
    return (
        f"| {' | '.join(head)} |",
        f"|{'|'.join('---' for _ in head)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    )


def of_rows(rows: Sequence[Row]) -> Result:
    """The plain form: a line a number."""
    lines = [
        (name, number(measured), target or "–", "" if met(measured, target) else "missed")
        for name, measured, target in rows
    ]
    return Result(table(("what", "measured", "target", ""), lines), tuple(rows))


def number(value: float) -> str:
    """With as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 stay within."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def machine(*packages: str) -> str:
    """Date, machine and versions, as every table is headed."""
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "psycopg", "httpx", *packages))
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.now(UTC).date()
    system = f"{cores} cores, {gib:.0f} GiB, {platform.machine()}"
    return f"{today}, {system}, Python {platform.python_version()}, {versions}."
