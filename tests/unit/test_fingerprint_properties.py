"""What varies from one failure to the next changes no fingerprint; what tells causes apart always does."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from salina_monitor.fingerprint import fingerprint, normalised
from salina_monitor.models import JobError

numbers = st.integers(0, 10**9)
digits = st.text("0123456789", min_size=1, max_size=8)
VARYING: dict[str, st.SearchStrategy[str]] = {
    "a number": numbers.map(str),
    "a number with a fraction": st.tuples(numbers, numbers).map(lambda n: f"{n[0]}.{n[1]}"),
    "a UUID": st.integers(0, 2**128 - 1).map(lambda n: str(uuid.UUID(int=n))),
    "a ULID": st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=25, max_size=25).map(lambda t: f"0{t}"),
    "an id": st.tuples(digits, st.text("abc0123", max_size=8)).map(lambda t: f"stm_{t[0]}{t[1]}"),
    "a time": st.tuples(st.integers(1, 12), st.integers(1, 28), st.integers(0, 23), st.integers(0, 59)).map(
        lambda t: f"2026-{t[0]:02}-{t[1]:02}T{t[2]:02}:{t[3]:02}:09.123Z"
    ),
    "a clock time": st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda t: f"{t[0]}:{t[1]:02}:00"),
    "an address": st.tuples(*[st.integers(0, 255)] * 4, st.integers(1, 65535)).map(lambda t: f"{t[0]}.{t[1]}.{t[2]}.{t[3]}:{t[4]}"),
    "a web address": st.text("abc123/", max_size=12).map(lambda t: f"https://api.example.com/v1/{t}?id=5"),
    "an e-mail address": st.text("abc123", min_size=1, max_size=12).map(lambda t: f"{t}@example.com"),
    "a path": st.text("abc123", min_size=1, max_size=12).map(lambda t: f"/srv/erp/{t}.pdf"),
    "a hash": st.text("0123456789abcdef", min_size=30, max_size=30).map(lambda t: f"a1{t}"),
    "a pointer": st.text("0123456789abcdef", min_size=1, max_size=16).map(lambda t: f"0x{t}"),
    "a quoted value": st.text("abc 123", min_size=1, max_size=20).map(lambda t: f"'{t}'"),
    "a name with hyphens": st.lists(st.text("abcd", min_size=2, max_size=8), min_size=2, max_size=4).map("-".join),
}  # fmt: skip
TEMPLATES = ("{} could not be rendered", "rendering of {} failed", "no answer for {}", "timeout ({}): giving up")


@pytest.mark.parametrize("name", VARYING)
@given(data=st.data(), template=st.sampled_from(TEMPLATES))
def test_what_varies_is_not_in_the_key(name: str, data: st.DataObject, template: str) -> None:
    one, other = data.draw(VARYING[name]), data.draw(VARYING[name])
    keys = {fingerprint("f", JobError("E", template.format(text))) for text in (one, other)}
    assert len(keys) == 1, (normalised(template.format(one)), normalised(template.format(other)))


@given(st.permutations(sorted(VARYING)).map(lambda names: names[:3]), st.data())
def test_several_of_them_in_one_message(names: list[str], data: st.DataObject) -> None:
    messages = [" and ".join(data.draw(VARYING[name]) for name in names) + " were lost" for _ in range(2)]
    assert len({fingerprint("f", JobError("E", message)) for message in messages}) == 1, messages


words = st.lists(st.sampled_from(["bucket", "ledger", "template", "author", "refused", "missing", "timeout", "locked", "expired"]), min_size=1, max_size=5)  # fmt: skip


@given(words, words)
def test_other_words_are_another_cause(one: list[str], other: list[str]) -> None:
    assume(one != other)
    assert fingerprint("f", JobError("E", " ".join(one))) != fingerprint("f", JobError("E", " ".join(other)))


names = st.from_regex(r"[A-Z][a-z]{2,12}(Error|Exception)", fullmatch=True)


@given(names, names, words)
def test_another_class_or_function_is_another_cause(one: str, other: str, message: list[str]) -> None:
    assume(one != other)
    said = " ".join(message)
    assert fingerprint("f", JobError(one, said)) != fingerprint("f", JobError(other, said))
    assert fingerprint(one, JobError("E", said)) != fingerprint(other, JobError("E", said))


@given(st.text(max_size=400))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
