"""Names of fields that hold secrets, however they are spelled: `clientSecret`, `API-KEY`, `x_api_key`."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from salina_monitor.models import JSON

HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
"""Of these the next item of a list is the value: `["Cookie", "a=b"]`."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAP = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANYWHERE = _words(
    """password passwords passwd passphrase passcode pwd secret secrets credential credentials authorization
    authorisation cookie cookies apikey apikeys accesskey accountkey privatekey secretkey signingkey passwordhash
    connectionstring dsn otp sessionid"""
)
_AT_THE_END = _words("token tokens signature jwt pass bearer sig")
# Written as one word: `pgpassword`, `webhooksecret`, `accesstoken`. No harmless word ends like these.
_ENDINGS = ("password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "secretkey")
_PAIRS = _words(
    """api_key api_keys access_key account_key private_key secret_key signing_key shared_key master_key encryption_key
    session_key session_id key_id connection_string auth_code recovery_codes backup_codes"""
)
# A fact about a secret is not the secret: `password_changed_at`, `has_password`, `token_count`, `secretName`.
_FACTS = _words(
    "at on count length len expires expired expiry updated changed required reset type policy name arn version status"
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    words = _split(name)
    if not words or words[-1] in _FACTS:
        return False
    pairs = {f"{one}_{two}" for one, two in pairwise(words)}
    return bool(
        _ANYWHERE.intersection(words)
        or words[-1] in _AT_THE_END
        or words[-1].endswith(("token", "tokens"))
        or _PAIRS & pairs
        or any(word.endswith(_ENDINGS) for word in words)
    )


def hides(name: str, value: JSON) -> bool:
    """Whether this value is the secret of a field of this name.

    That a secret is empty, or a flag, is seen: `{"password": null}` is often the very cause. `tokens` counts
    where it holds a number.
    """
    if not value or isinstance(value, bool) or not is_secret_name(name):
        return False
    return not (isinstance(value, int | float) and is_count(name))


def is_count(name: str) -> bool:
    """Whether a number of this name counts something: `prompt_tokens`."""
    return name.lower().endswith("tokens")


def _split(name: str) -> list[str]:
    parts = _GAP.split(_HUMP.sub("_", name[:_LONGEST_NAME]).lower())
    # `password2` is a password; a part of digits only says nothing.
    return [word for part in parts if (word := part.rstrip("0123456789"))]
