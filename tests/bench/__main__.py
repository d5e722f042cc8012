"""`python -m tests.bench [SUBJECT...] [--write] [--keep FOLDER]`: measures, and with `--write` keeps docs/benchmarks.md.

A subject is a file bench_<subject>.py with `run(options) -> Result`; its table stands between two marks of the page.
Exits 1 on a miss that the page does not explain outside of its tables.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from pathlib import Path

from tests.bench.results import Options, Result, machine, met, number

USUAL = ("checks", "queries", "mirror", "page")
"""What `make bench` measures; the others take longer or want more: name them."""
ALL = (*USUAL, "crowd", "backup", "peers")
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(ALL)}; without any: {USUAL}")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--keep", type=Path, help="folder in which filled stores stay for the next time")
    parser.add_argument("--passes", type=int, default=3, help="how often questions are measured; the quietest counts")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.subjects if name not in ALL]
    if unknown:
        parser.error(f"no such subject: {', '.join(unknown)}")
    missed = []
    for subject in given.subjects or USUAL:
        result: Result = importlib.import_module(f"tests.bench.bench_{subject}").run(Options(given.keep, given.passes))
        head = machine()
        print("\n".join((f"## {subject}", head, "", *result.lines, "")), flush=True)
        text = PAGE.read_text("utf-8")
        if given.write:
            text = written(text, subject, (head, "", *result.lines))
            PAGE.write_text(text, "utf-8")
        words = outside(text)
        missed += [row for row in result.rows if not met(row[1], row[2]) and row[0] not in words]
    for name, measured, target in missed:
        print(f"missed: {name}: {number(measured)}, {target}")
    return 1 if missed else 0


def marks(subject: str) -> tuple[str, str]:
    return f"<!-- {subject}: written by python -m tests.bench {subject} --write -->", f"<!-- end of {subject} -->"


def written(text: str, subject: str, lines: tuple[str, ...]) -> str:
    """The page with the table of one subject between its marks."""
    begin, end = marks(subject)
    before, found, rest = text.partition(begin)
    if not found:
        raise ValueError(f"docs/benchmarks.md has no mark for {subject}: {begin}")
    return before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


def outside(text: str) -> str:
    """The page without its tables: what people wrote, with which a miss is explained."""
    for subject in ALL:
        begin, end = marks(subject)
        text = re.sub(re.escape(begin) + ".*?" + re.escape(end), "", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
