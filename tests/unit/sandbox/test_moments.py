"""Times as the two API versions write them, and ULIDs."""

from __future__ import annotations

import random

import pytest

from salina_monitor.sandbox.moments import MS, SECOND, go_time, is_ulid, parse_time, proto_ms, proto_time, ulid, ulid_ms

BASE = 1_795_456_138 * SECOND  # 2026-11-23T17:48:58Z


@pytest.mark.parametrize(
    ("fraction", "proto", "go"),
    [
        (0, "", ""),
        (510 * MS, ".510", ".51"),
        (677_667 * 1000, ".677667", ".677667"),
        (190_156_900, ".190156900", ".1901569"),
        (1, ".000000001", ".000000001"),
    ],
)
def test_it_writes_times_as_each_version_does(fraction: int, proto: str, go: str) -> None:
    assert proto_time(BASE + fraction) == f"2026-11-23T17:48:58{proto}Z"
    assert go_time(BASE + fraction) == f"2026-11-23T17:48:58{go}Z"


def test_it_writes_milliseconds_with_three_digits_always() -> None:
    assert proto_ms(BASE) == "2026-11-23T17:48:58.000Z"


@pytest.mark.parametrize("text", ["2026-11-23", "yesterday", "2026-11-23T17:48:58", "2026-13-23T17:48:58Z", ""])
def test_it_reads_no_time_without_zone(text: str) -> None:
    assert parse_time(text) is None


def test_it_reads_what_it_writes_and_other_zones() -> None:
    moment = BASE + 123_456_789
    assert parse_time(proto_time(moment)) == moment
    assert parse_time("2026-11-23T18:48:58.5+01:00") == BASE + 500 * MS


def test_a_ulid_carries_its_time() -> None:
    made = ulid(BASE + 77 * MS, random.Random(1))
    assert is_ulid(made)
    assert ulid_ms(made) == (BASE + 77 * MS) // MS
    assert ulid_ms("01M84RCZDMJ43RQF8QXYVEA13D") // 1000 == BASE // SECOND
    assert not is_ulid("xyz")
    assert not is_ulid(made.lower())
