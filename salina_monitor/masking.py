"""Masks what looks like a secret inside a job's own data, by the names of its keys."""

from __future__ import annotations

import re
from collections.abc import Mapping

from salina_monitor.models import JSON

MASK = "•••"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api[_-]?key|authori[sz]ation|cookie|credential|private[_-]?key|signature|^dsn$",
    re.IGNORECASE,
)


def mask_fields(value: JSON) -> JSON:
    """A copy of `value` in which every field with a secret's name is masked, at any depth."""
    if isinstance(value, Mapping):
        return {key: MASK if _SECRET_NAME.search(key) and inner else mask_fields(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask_fields(item) for item in value]
    return value
