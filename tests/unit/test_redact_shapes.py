"""Recognisable secrets in job data, vendor answers and logs are masked; everything else stays readable.

Secrets on screens, in logs and in exports: CVE-2022-27949.
"""

from __future__ import annotations

import copy
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.models import JSON
from salina_monitor.redact import MASK, Redactor
from tests.support.secret_shapes import HARMLESS, SHAPES

redact = Redactor()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("name", SHAPES)
def test_a_secret_is_masked_and_what_stands_beside_it_stays(name: str) -> None:
    text, secret, beside = SHAPES[name]
    assert secret in text
    masked = redact(text)
    assert secret not in masked
    assert MASK in masked
    assert beside in masked
    assert redact(masked) == masked


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("around", ["{}", "x {} y", "a\n{}\nb", '"{}"', "({})", "error={}", "→{}←"])
def test_it_is_masked_wherever_it_stands(name: str, around: str) -> None:
    text, secret, _ = SHAPES[name]
    assert secret not in redact(around.replace("{}", text))


@pytest.mark.parametrize("name", [name for name in SHAPES if "cut off" not in name])
def test_it_is_masked_inside_json_inside_json(name: str) -> None:
    text, secret, _ = SHAPES[name]
    once = json.dumps({"body": text, "tenantId": "acme"})
    twice = json.dumps([once])
    for packed in (once, twice):
        shown = redact(packed)
        assert secret not in shown
        assert "acme" in shown
    assert secret not in json.dumps(redact.value({"a": [{"b": text}, twice]}), ensure_ascii=False)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "password", "newPassword", "passwd", "PASSPHRASE", "secret", "clientSecret", "accessToken", "token", "api_key",
        "apiKey", "API-KEY", "authorization", "Authorisation", "cookie", "Set-Cookie", "credentials", "private_key",
        "signature", "dsn", "x-api-key", "AWSSecretAccessKey", "AWS_SESSION_TOKEN", "refresh_token", "sessionId",
        "DBPassword", "idToken", "X_Amz_Signature",
    ],
)  # fmt: skip
def test_a_secrets_name_is_masked(name: str) -> None:
    assert redact.value({name: "x", "a": [{name: {"deep": "x"}}]}) == {name: MASK, "a": [{name: MASK}]}
    assert redact.value({name: 123456}) == {name: MASK}


@pytest.mark.parametrize(
    "name",
    ["statementId", "tenantId", "passwordless", "author", "keyboard", "monkey", "key", "id", "tokens_used",
     "token_count", "passenger", "bypass", "secretary", "password_changed_at", "tokenExpires", "compass"],
)  # fmt: skip
def test_other_names_stay(name: str) -> None:
    assert redact.value({name: "x"}) == {name: "x"}


def test_an_empty_secret_and_a_flag_are_seen() -> None:
    value: JSON = {"password": "", "token": None, "has_password": True}
    assert redact.value(value) == value


def test_json_without_a_secret_stays_as_it_was_written() -> None:
    text = '{ "b":1,\n "a" : [ 1.0, 2e3 ] }'
    assert redact(text) == text


def test_what_is_nested_too_deep_is_masked_whole() -> None:
    value: JSON = "end"
    for _ in range(500):
        value = [value]
    text = json.dumps(redact.value(value), ensure_ascii=False)
    assert MASK in text
    assert "end" not in text
    assert redact("[" * 100_000) == "[" * 100_000


@given(json_values)
def test_shape_stays_and_the_original_is_untouched(value: JSON) -> None:
    before = copy.deepcopy(value)
    masked = redact.value(value)
    assert value == before
    assert type(masked) is type(value)
    assert redact.value(masked) == masked


@given(st.text())
def test_any_text_can_be_redacted_twice_and_never_raises(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.sampled_from(sorted(SHAPES)), st.text(max_size=30), st.text(max_size=30))
def test_no_secret_survives_whatever_stands_around_it(name: str, before: str, after: str) -> None:
    text, secret, _ = SHAPES[name]
    masked = redact(f"{before} {text} {after}")
    assert masked.count(secret) <= f"{before}{after}".count(secret)


@pytest.mark.parametrize(
    "piece",
    ["a", "eyJ", "eyJa.", "://", "://a:", "password=", "password:\"", "\\\"", "Bearer ", "sk_live_", "&token=",
     "-----BEGIN PRIVATE KEY-----", "-----BEGIN A PRIVATE KEY-----", "cookie:", "[", '{"a":', "postgres://a:", "token"],
)  # fmt: skip
def test_a_megabyte_of_hostile_text_is_done_in_time(piece: str) -> None:
    """A regular expression that runs away would let one job's error stop the page."""
    text = piece * (1_000_000 // len(piece))
    began = time.thread_time()  # of the processor: what else runs does not count
    redact(text)
    assert time.thread_time() - began < 5
