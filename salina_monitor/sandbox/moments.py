"""Times and ids of the played Inngest. A moment is an int of nanoseconds since the epoch (UTC).

The server writes times in two ways: v2 (protojson) with 0, 3, 6 or 9 digits, v1 (Go) with trailing zeros cut.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

MS = 1_000_000
SECOND = 1_000 * MS
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def seconds(value: float) -> int:
    """`value` seconds as a span of nanoseconds."""
    return int(value * SECOND)


def ulid(moment: int, rng: random.Random) -> str:
    """A ULID whose time part is `moment`, whose random part comes from `rng`."""
    number = ((moment // MS) << 80) | rng.getrandbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    return len(text) == 26 and text[0] in "01234567" and all(c in _CROCKFORD for c in text)


def ulid_ms(text: str) -> int:
    """Milliseconds since the epoch in the time part of a ULID."""
    number = 0
    for character in text[:10]:
        number = number * 32 + _CROCKFORD.index(character)
    return number


def _whole_second(moment: int) -> str:
    return datetime.fromtimestamp(moment // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def proto_time(moment: int) -> str:
    """As v2 writes it: 0, 3, 6 or 9 digits after the second."""
    fraction = f"{moment % SECOND:09d}"
    for digits in (0, 3, 6):
        if not fraction[digits:].strip("0"):
            return _whole_second(moment) + (f".{fraction[:digits]}" if digits else "") + "Z"
    return f"{_whole_second(moment)}.{fraction}Z"


def proto_ms(moment: int) -> str:
    """As v2 writes the times it keeps in milliseconds: always three digits."""
    return f"{_whole_second(moment)}.{moment % SECOND // MS:03d}Z"


def go_time(moment: int) -> str:
    """As v1 writes it: trailing zeros cut."""
    fraction = f"{moment % SECOND:09d}".rstrip("0")
    return _whole_second(moment) + (f".{fraction}" if fraction else "") + "Z"


def parse_time(text: str) -> int | None:
    """The moment of an RFC 3339 time with zone, or None when `text` is not one."""
    found = _RFC3339.fullmatch(text)
    if not found:
        return None
    try:
        whole = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(whole.timestamp()) * SECOND + int((found[2] or "0").ljust(9, "0"))
