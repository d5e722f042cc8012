from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.inngest.values import Malformed, decode, parse_error, parse_output, parse_time, time_or_none


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T17:49:03.763Z", datetime(2026, 11, 23, 17, 49, 3, 763000, UTC)),
        ("2026-11-23T17:49:03.763123999Z", datetime(2026, 11, 23, 17, 49, 3, 763123, UTC)),
        ("2026-11-23T17:49:03Z", datetime(2026, 11, 23, 17, 49, 3, 0, UTC)),
        ("2026-11-23T18:00:29.51Z", datetime(2026, 11, 23, 18, 0, 29, 510000, UTC)),
        ("2026-11-23T17:49:03+02:00", datetime(2026, 11, 23, 15, 49, 3, 0, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("2026-11-23", None),
        ("2026-11-23T17:49:03", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1795456143763, None),
        ("2026-11-23T17:49:03." + "1" * 1000 + "Z", None),
    ],
)
def test_it_reads_times_to_the_microsecond_and_nothing_else(text: object, moment: datetime | None) -> None:
    assert parse_time(text) == moment


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001
        max_value=datetime(2999, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
    )
)
def test_it_reads_back_every_time_in_utc(moment: datetime) -> None:
    found = parse_time(moment.isoformat())
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


def test_a_time_that_is_not_set_is_none_and_one_that_is_nonsense_is_malformed() -> None:
    assert time_or_none({}, "endedAt") is None
    assert time_or_none({"endedAt": None}, "endedAt") is None
    assert time_or_none({"endedAt": "0001-01-01T00:00:00Z"}, "endedAt") is None
    nonsenses: list[Any] = ["soon", 7, {}, ["2026-11-23T17:49:03Z"]]
    for nonsense in nonsenses:
        with pytest.raises(Malformed, match="endedAt"):
            time_or_none({"endedAt": nonsense}, "endedAt")


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ({"error": {"name": "E", "message": "m", "stack": "s"}}, ("E", "m", "s")),
        ({"name": "E", "message": "m", "stack": "s", "code": "unknown"}, ("E", "m", "s")),
        ({"error": "just text"}, (None, "just text", None)),
        ({"name": "E"}, ("E", "", None)),
        ({"message": {"deep": 1}}, (None, '{"deep":1}', None)),
        ({"message": "m", "error": "ignored"}, (None, "m", None)),
        ("boom", (None, "boom", None)),
        (["a"], (None, '["a"]', None)),
        ({"odd": 1}, (None, '{"odd":1}', None)),
        ({"error": {"odd": 1}}, (None, '{"odd":1}', None)),
    ],
)
def test_it_finds_the_error_in_every_wrapping(output: object, error: tuple[str | None, str, str | None]) -> None:
    found = parse_error(output)
    assert found is not None
    assert (found.name, found.message, found.stack) == error


@pytest.mark.parametrize("output", [None, "", {}, [], {"error": None}, {"error": {}}])
def test_no_error_is_no_error(output: object) -> None:
    assert parse_error(output) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_no_output_breaks_it(output: object) -> None:
    parse_output(output)
    error = parse_error(output)
    assert error is None or isinstance(error.message, str)


@given(json_values)
def test_what_it_decodes_can_be_stored(value: object) -> None:
    spelled = json.dumps({"v": value, "nul": "a\x00b", "half": "\ud800", "k\x00": 1})
    decoded = decode(spelled.encode())
    text = json.dumps(decoded, ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    assert decoded["nul"] == "a\ufffdb"
    assert decoded["half"] == "\ufffd"
    assert decoded["k\ufffd"] == 1


def test_it_leaves_ordinary_text_alone() -> None:
    text = {"a": ["ä", "\U0001f600", "\\u0000 written out"], "b": None}
    assert decode(json.dumps(text).encode()) == text
    assert decode(json.dumps(text, ensure_ascii=False).encode("utf-8-sig")) == text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"-Infinity", b"\xff", b"[" * 100_000, b"1" * 5000, b'{"a":1}x', b"<html>"]
)
def test_it_refuses_what_is_not_json(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode(body)
