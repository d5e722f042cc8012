"""A job's own data: what has a secret's name is masked, at any depth, and nothing else."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.masking import MASK, mask_fields
from salina_monitor.models import JSON

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "name",
    [
        "password", "newPassword", "passwd", "PASSPHRASE", "secret", "clientSecret", "accessToken", "token", "api_key",
        "apiKey", "API-KEY", "authorization", "Authorisation", "cookie", "Set-Cookie", "credentials", "private_key",
        "signature", "dsn",
    ],
)  # fmt: skip
def test_a_secrets_name_is_masked(name: str) -> None:
    assert mask_fields({name: "x", "a": [{name: {"deep": "x"}}]}) == {name: MASK, "a": [{name: MASK}]}


@pytest.mark.parametrize(
    "name", ["statementId", "tenantId", "passwordless", "author", "keyboard", "monkey", "key", "id"]
)
def test_other_names_stay(name: str) -> None:
    assert mask_fields({name: "x"}) == {name: "x"}


def test_an_empty_secret_is_seen_to_be_empty() -> None:
    assert mask_fields({"password": "", "token": None}) == {"password": "", "token": None}


@given(json_values)
def test_shape_stays_and_the_original_is_untouched(value: JSON) -> None:
    before = copy.deepcopy(value)
    masked = mask_fields(value)
    assert value == before
    assert type(masked) is type(value)
    assert mask_fields(masked) == masked
