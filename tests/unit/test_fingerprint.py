"""Failures of one cause get one key, of two causes two; and the order of the replacements is pinned."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.fingerprint import REPLACEMENTS, example_of, fingerprint, normalised, title_of
from salina_monitor.models import JobError


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("tenant 550e8400-e29b-41d4-a716-446655440000 has no plan", "tenant <uuid> has no plan"),
        ("run 01M84RCYDTFRS5K3RNVT5QH14J timed out after 30 s", "run <ulid> timed out after <n> s"),
        ("GET https://api.example.com/v1/x?id=5 gave 503", "GET <url> gave <n>"),
        ("s3://bucket/2026/11/a.pdf is missing", "<url> is missing"),
        ("mail to ada@example.com bounced", "mail to <email> bounced"),
        ("at 2026-11-24T14:02:11.123Z the store was away", "at <time> the store was away"),
        ("on 2026-11-24 nothing", "on <time> nothing"),
        ("from 14:02:11 on", "from <time> on"),
        ("connect ECONNREFUSED 10.0.0.7:5432", "connect ECONNREFUSED <address>"),
        ("connect ECONNREFUSED 10.0.0.7:80", "connect ECONNREFUSED <address>"),  # no clock says 7:80
        ("cannot read /srv/erp/data/1.pdf", "cannot read <path>"),
        ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is gone", "commit <hex> is gone"),
        ("pointer 0x7ffdeadbeef", "pointer <hex>"),
        ("ISBN 978-3-16-148410-0 is twice there", "ISBN <isbn> is twice there"),
        ("statement stm_57952 of aut-0126", "statement <id> of <id>"),
        ("retry 3 of 4 after 1,234.5 ms", "retry <n> of <n> after <n> ms"),
        ("a\n  b\t c", "a b c"),
        ("no numbers here", "no numbers here"),
        ("deadbeef is a word here", "deadbeef is a word here"),
    ],
)
def test_what_varies_is_replaced(message: str, expected: str) -> None:
    assert normalised(message) == expected


def test_the_order_is_pinned_larger_things_first() -> None:
    order = [name for name, _ in REPLACEMENTS]
    assert order == [
        "<url>", "<email>", "<uuid>", "<ulid>", "<time>", "<address>", "<time>", "<path>", "<hex>", "<isbn>", "<id>", "<n>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("S3 503 for s3://b/1.pdf", "S3 503 for s3://b/2.pdf"),
        ("KeyError: 'statement-2026'", "KeyError: 'statement-2025'"),
        ("timeout after 30 s on 10.0.0.7:5432", "timeout after 31 s on 10.0.0.8:5432"),
        ("could not render\nfor tenant acme", "could not render\nfor tenant other"),
        ("quill-and-thistle has no statements", "northwind-press has no statements"),
    ],
)
def test_one_cause_is_one_key(one: str, other: str) -> None:
    assert fingerprint("f", JobError("E", one)) == fingerprint("f", JobError("E", other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("f", JobError("E", "x")), ("g", JobError("E", "x"))),
        (("f", JobError("E", "x")), ("f", JobError("F", "x"))),
        (("f", JobError("E", "refused")), ("f", JobError("E", "timed out"))),
        (("f", JobError("E", "x", "at render (/a.ts:1)")), ("f", JobError("E", "x", "at upload (/a.ts:1)"))),
        (("f", None), ("g", None)),
    ],
)
def test_two_causes_are_two_keys(one: tuple[str, JobError | None], other: tuple[str, JobError | None]) -> None:
    assert fingerprint(*one) != fingerprint(*other)


def test_a_line_that_moved_is_the_same_place() -> None:
    before = 'Traceback (most recent call last):\n  File "/srv/a.py", line 10, in render\n    x\nE: y'
    after = 'Traceback (most recent call last):\n  File "/app/a.py", line 99, in render\n    x\nE: y'
    assert fingerprint("f", JobError("E", "y", before)) == fingerprint("f", JobError("E", "y", after))


def test_the_title_is_one_readable_line() -> None:
    assert title_of(JobError("S3Error", "503 for s3://b/x\nmore")) == "S3Error: <n> for <url>"
    assert title_of(JobError(None, "")) == "An error without words"
    assert len(title_of(JobError("E", "word " * 500))) <= 200


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("No template for northwind-press: north.html", "No template for <tenant>: north.html"),
        ("northwind-press-uk and my-northwind-press differ", "<value> and <value> differ"),
        ("s3://northwind-press/a is gone", "<url> is gone"),
    ],
)
def test_the_title_of_what_hits_many_names_nobody(message: str, said: str) -> None:
    """A group keeps tenants out of its key, so its heading must not say the name of whoever was hit last."""
    assert title_of(JobError(None, message), "northwind-press") == said


@pytest.mark.parametrize(
    ("one", "other", "title"),
    [
        ('Font "Garamond" is missing', 'Font "Helvetica" is missing', "E: Font <value> is missing"),
        ("No template 'a b'", "No template 'c'", "E: No template <value>"),
        ("quill-and-thistle is locked", "northwind-press is locked", "E: <value> is locked"),
    ],
)
def test_the_title_holds_no_value_that_others_of_its_group_do_not(one: str, other: str, title: str) -> None:
    errors = JobError("E", one), JobError("E", other)
    assert {title_of(error) for error in errors} == {title}
    assert [example_of(error, title) for error in errors] == [f"E: {one}", f"E: {other}"]
    assert example_of(errors[0], "E: nothing is left out") == ""


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_has_one_key_has_one_title(one: str, other: str) -> None:
    quoted = [JobError("E", f'"{text}" is gone'.replace("\n", " ")) for text in (one, other)]
    if len({fingerprint("f", error) for error in quoted}) == 1:
        assert len({title_of(error) for error in quoted}) == 1


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (None, "9ee4ee67ed95fa24"),
        (JobError(None, ""), "9ee4ee67ed95fa24"),
        (JobError("FontError", 'Font "Garamond" is missing'), "ac4c0eab8be75c39"),
        (JobError("E", "quill-and-thistle: 503 for s3://b/1.pdf\nmore", "at render (/a.ts:1)"), "58ad30be3ae61647"),
        (JobError("E", "\n  it isn't Ann's stm_12 at 12:30"), "ed10b33993559693"),
    ],
)
def test_stored_keys_do_not_change(error: JobError | None, key: str) -> None:
    """Decisions about causes are kept by key."""
    assert fingerprint("f", error) == key


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_a_key(message: str, stack: str) -> None:
    key = fingerprint("f", JobError("E", message, stack))
    assert len(key) == 16
    assert key == fingerprint("f", JobError("E", message, stack))


@pytest.mark.parametrize("piece", ["a", "1", "/a", "a@", "a.", "://x", "0x", "a_1", "'", '"', "at a", "12:30", "é"])
def test_hostile_text_is_done_in_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.thread_time()  # of the processor: what else runs does not count
    fingerprint("f", JobError(text, text, text))
    assert time.thread_time() - began < 1
