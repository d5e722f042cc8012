"""`make bench`: all numbers as one table, kept in docs/benchmarks.md with `--write`.

Exits 1 on a miss that docs/benchmarks.md does not explain below its table.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.bench_checks import Row

ROOMS = ("checks", "store", "mirror", "page")
BEGIN, END = "<!-- numbers: made by make bench -->", "<!-- end of numbers -->"
EXPLAINED = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def met(measured: float, target: str) -> bool:
    """Whether a number reaches a target such as `<= 25`."""
    sign, limit = target.split()
    return measured <= float(limit) if sign == "<=" else measured >= float(limit)


def main(arguments: list[str]) -> int:
    text = EXPLAINED.read_text("utf-8") if EXPLAINED.exists() else ""
    explanations = text.partition(END)[2]
    missed, lines = [], [_machine(), "", "| what | measured | target | |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for room in [name for name in arguments if name != "--write"] or ROOMS:
        rows: list[Row] = importlib.import_module(f"tests.bench.bench_{room}").run()
        for name, measured, target in rows:
            word = "" if met(measured, target) else "explained below" if name in explanations else "missed"
            lines.append(f"| {name} | {measured:,.1f} | {target} | {word} |")
            print(lines[-1], flush=True)
            if word == "missed":
                missed.append(name)
    if "--write" in arguments:
        before, _, _ = text.partition(BEGIN)
        EXPLAINED.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{explanations}", "utf-8")
    return 1 if missed else 0


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "psycopg", "httpx"))
    today = datetime.now(UTC).date()
    return f"{today}, {cores} cores, {platform.machine()}, Python {platform.python_version()}, {versions}."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
