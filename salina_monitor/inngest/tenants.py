"""Whose run it is and which documents it is about, read from the payload of its event."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_TENANT_KEYS = ("tenantId", "tenant_id")
# Any `…Id`, `…_id`, `…Ids`, `…_ids`: a function added to the ERP tomorrow brings its own kind of document.
_ID_KEY = re.compile(r"(?:[a-z0-9](?:Ids?|IDs?)|_ids?)\Z")
# People and plumbing are not what a job is about.
_NOT_DOCUMENTS = frozenset({"tenant", "user", "session", "request", "trace", "correlation", "event", "run"})
# A statement is made for an author; that another one of theirs was made says nothing about this one.
_PEOPLE = frozenset(
    {"author", "editor", "customer", "client", "account", "contact", "recipient", "owner", "organization", "org"}
    | {"organisation", "company", "publisher", "member", "person"}
)
# Untrusted payloads end up in an index, whose entries may not grow at will.
MAX_LENGTH = 200
MAX_DOCUMENTS = 10


def tenant_of(data: Mapping[str, Any]) -> str | None:
    """`tenantId`, else `tenant_id`, as text; None when absent, blank or neither text nor whole number."""
    return next((found for key in _TENANT_KEYS if (found := _id(data.get(key)))), None)


def documents_of(data: Mapping[str, Any], keys: Collection[str] = ()) -> tuple[str, ...]:
    """What a payload is about, as `kind:id` (`{"statementId": "st_1"}` → `statement:st_1`), in order, each once.

    `keys` names the fields that count; without any, every single `…Id` or `…_id` at the top level does. Lists of ids
    do not: a batch over a thousand authors is not about one of them. Nor do tenants and people.
    """
    found: dict[str, None] = {}
    for key, value in data.items():
        stem = _stem(key)
        wanted = key in keys if keys else bool(stem) and stem.lower() not in _PEOPLE and not isinstance(value, list)
        if wanted and (one := _id(value)) is not None:
            found[f"{(stem or key).lower()}:{one}"] = None
        if len(found) == MAX_DOCUMENTS:
            break
    return tuple(found)


def _stem(key: str) -> str:
    """`statementId` and `statement_id` → `statement`; "" for what is no id, or one of people and plumbing."""
    match = _ID_KEY.search(key)
    if match is None or len(key) > MAX_LENGTH:
        return ""
    stem = _ID_KEY.sub(lambda m: m[0][0], key).rstrip("_")
    return "" if stem.lower() in _NOT_DOCUMENTS else stem


def _id(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int) and abs(value) >= 10**18:
        return None  # no id of a database; turning thousands of digits into text would cost
    return str(value).strip()[:MAX_LENGTH] or None
