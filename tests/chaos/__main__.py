"""`python -m tests.chaos --minutes 10 --seed 1`: exits with 1 when something does not hold afterwards."""

from __future__ import annotations

import argparse
import random
import sys

from tests.chaos.plan import plan
from tests.chaos.walk import Walk


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long things go wrong")
    parser.add_argument("--seed", type=int, default=random.randrange(100_000), help="makes the plan; default: any")
    parser.add_argument("--plan", action="store_true", help="only print what would happen")
    given = parser.parse_args()
    if given.plan:
        print(*plan(given.seed, given.minutes * 60), sep="\n")
        return 0
    return 1 if Walk(given.seed, given.minutes * 60).go().wrong else 0


if __name__ == "__main__":
    sys.exit(main())
