"""Numbers and spans in words, for everything that makes sentences. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

NONE = "—"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 job`, `2 jobs`, `0 jobs`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def age(delta: timedelta) -> str:
    """The largest unit only: `3 s`, `11 min`, `2 h`, `4 d`."""
    seconds = max(0, int(delta.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def percent(part: int, whole: int) -> str:
    """`4.6 %`; `0 %` only when nothing is in it; `—` of nothing."""
    if whole == 0:
        return NONE
    share = 100 * part / whole
    if part == 0 or share >= 9.95:
        return f"{share:.0f} %"
    return "< 0.1 %" if share < 0.1 else f"{share:.1f} %"


def listed(names: Sequence[str]) -> str:
    """`S3`, `Clerk and S3`, `Clerk, S3 and Resend`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
