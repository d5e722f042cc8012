"""Names of fields that hold secrets, however they are spelled: `clientSecret`, `API-KEY`, `x_api_key`."""

from __future__ import annotations

import re
from itertools import pairwise

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAP = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANYWHERE = _words(
    """password passwd passphrase passcode pwd secret secrets credential credentials authorization authorisation
    cookie cookies apikey accesskey privatekey secretkey signingkey accesstoken authtoken refreshtoken idtoken
    clientsecret connectionstring dsn otp"""
)
_AT_THE_END = _words("token tokens signature jwt pass")
_PAIRS = _words(
    """api_key access_key private_key secret_key signing_key encryption_key session_key session_id key_id
    connection_string"""
)
# A fact about a secret is not the secret: `password_changed_at`, `has_password`, `token_count`.
_FACTS = _words("at on count length len expires expired expiry updated changed required reset type policy")


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    words = [word for word in _GAP.split(_HUMP.sub("_", name[:_LONGEST_NAME]).lower()) if word]
    if not words or words[-1] in _FACTS:
        return False
    pairs = {f"{one}_{two}" for one, two in pairwise(words)}
    return bool(_ANYWHERE.intersection(words) or words[-1] in _AT_THE_END or _PAIRS & pairs)
