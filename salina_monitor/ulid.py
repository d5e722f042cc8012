"""ULIDs as far as the monitor needs them: an id that sorts before every id of a moment."""

from __future__ import annotations

from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def first_ulid_at(moment: datetime) -> str:
    """The smallest ULID of the millisecond of `moment` (source: the ULID specification)."""
    value = int(moment.timestamp() * 1000) << 80
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
