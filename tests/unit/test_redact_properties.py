"""A configured secret gets through in no spelling, at no depth, in no place of a JSON value; and twice is once."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from salina_monitor.redact import MASK, Redactor
from salina_monitor.settings import Settings
from tests.support.canaries import canary_env

Spelling = Callable[[str], str]
SPELLINGS: dict[str, Spelling] = {
    "as it is": str,
    "percent-encoded": lambda s: quote(s, safe=""),
    "percent-encoded, slashes kept": quote,
    "as a form": quote_plus,
    "percent-encoded in small letters": lambda s: "".join(c if c.isalnum() and c.isascii() else quote(c, safe="").lower() for c in s),
    "percent-encoded twice": lambda s: quote(quote(s, safe=""), safe=""),
    "in JSON": lambda s: json.dumps(s)[1:-1],
    "in JSON, not only ASCII": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "in JSON in JSON": lambda s: json.dumps(json.dumps(s))[3:-3],
    "in JSON with escaped slashes": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "as a repr": lambda s: repr(s)[1:-1],
    "as bytes": lambda s: repr(s.encode())[2:-1],
    "in HTML": html.escape,
    "in base64": lambda s: base64.b64encode(s.encode()).decode(),
    "in base64 for addresses": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
}  # fmt: skip

# What vendors give out and people choose: longer than a word, of printable characters, quotes and slashes among them.
secrets = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["C", "Z"]), min_size=8, max_size=40
)
words = st.text(st.sampled_from("abc xyz,;:=()\n"), max_size=15)


@pytest.mark.parametrize("name", SPELLINGS)
@given(secret=secrets, before=words, after=words)
def test_no_spelling_gets_through(name: str, secret: str, before: str, after: str) -> None:
    spelt = SPELLINGS[name](secret)
    masked = Redactor([secret])(f"{before}{spelt}{after}")
    assert spelt not in masked
    assert secret not in masked


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def holding(draw: st.DrawFn, secret: str) -> Any:
    """A JSON value that holds the secret somewhere: as a value, a key, inside text, or inside JSON as text."""
    value: Any = draw(
        st.sampled_from(
            [secret, f"key {secret} refused", {secret: 1}, [secret], {"a": {"b": [secret]}}, {f"x{secret}": {}}]
        )
    )
    for _ in range(draw(st.integers(0, 4))):
        wrap = draw(st.integers(0, 3))
        value = ({"o": value, "n": draw(nested)}, [draw(nested), value], json.dumps(value), f" {json.dumps(value)}")[
            wrap
        ]
    return value


@given(secrets.flatmap(lambda s: st.tuples(st.just(s), holding(s))))
def test_no_place_in_a_json_value_hides_it(case: tuple[str, Any]) -> None:
    secret, value = case
    masked = Redactor([secret]).value(value)
    text = json.dumps(masked, ensure_ascii=False)
    while "\\\\" in text:  # JSON in JSON in JSON: one backslash less each time
        text = text.replace("\\\\", "\\")
    plain = text.replace('\\"', '"')
    assert secret not in plain
    assert secret not in text


@given(secrets, nested | words)
def test_twice_is_once(secret: str, value: Any) -> None:
    assume(secret not in MASK)
    redact = Redactor([secret])
    once = redact.value({"a": value, "b": f"{secret} {value}"})
    assert redact.value(once) == once
    text = redact(f"{value} {secret}")
    assert redact(text) == text


@given(nested)
def test_what_holds_no_secret_stays(value: Any) -> None:
    assert Redactor(["Qz7-unlikely-9"]).value(value) == value


def test_two_fields_named_by_secrets_are_still_two() -> None:
    masked = Redactor(["Qz7first", "Qz7other"]).value({"Qz7first": 1, "Qz7other": 2})
    assert isinstance(masked, dict)
    assert sorted(masked.values(), key=str) == [1, 2]
    assert "Qz7" not in json.dumps(masked)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_secret_of_the_settings_is_masked_in_every_spelling(name: str) -> None:
    settings = Settings.load(canary_env())
    redact = Redactor(settings.secrets())
    for secret in settings.secrets():
        assert SPELLINGS[name](secret) not in redact(f"a {SPELLINGS[name](secret)} b")
