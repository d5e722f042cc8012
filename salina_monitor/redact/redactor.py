"""Text and JSON values without what is secret in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from salina_monitor.models import JSON
from salina_monitor.redact.names import is_secret_name
from salina_monitor.redact.shapes import MASK, mask_shapes
from salina_monitor.redact.spellings import spellings_of

DEEPEST = 64
"""What is nested deeper than this is masked whole: nobody reads it, and it may be built to exhaust us."""
_JSON_IN_TEXT = 5


class Redactor:
    """`redactor(text)` and `redactor.value(json)`: the same without secrets; nothing is ever raised.

    `secrets` are masked in every spelling of `spellings_of`.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets if secret for spelling in spellings_of(secret)}
        # Longest first: a secret inside another one must not leave the rest of the longer one readable.
        longest_first = sorted(spellings, key=lambda s: (-len(s), s))
        self._configured = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text with configured secrets and recognisable shapes masked; JSON in it also by its fields' names."""
        return self._text(text, 0)

    def value(self, value: JSON) -> JSON:
        """A copy in which fields with a secret's name are masked, and every text is, at any depth."""
        return self._value(value, 0, 0)

    def _text(self, text: str, parsed: int) -> str:
        if self._configured is not None:
            text = self._configured.sub(MASK, text)
        if text[:1] in "{[ \n\t" and parsed < _JSON_IN_TEXT and text.lstrip()[:1] in ("{", "["):
            try:
                inner = json.loads(text)
            except (ValueError, RecursionError):  # cut off, or no JSON after all: the shapes have to do
                return mask_shapes(text)
            masked = self._value(inner, 0, parsed + 1)
            # What held no secret stays as it was written, blanks and all.
            return text if masked == inner else json.dumps(masked, ensure_ascii=False)
        return mask_shapes(text)

    def _value(self, value: JSON, depth: int, parsed: int) -> JSON:
        if isinstance(value, str):
            return self._text(value, parsed)
        if depth > DEEPEST and isinstance(value, Mapping | list | tuple):
            return MASK
        if isinstance(value, Mapping):
            fields = ((str(key), self._field(str(key), inner, depth + 1, parsed)) for key, inner in value.items())
            return self._names_masked(fields) if self._configured else dict(fields)
        if isinstance(value, list | tuple):
            return [self._value(item, depth + 1, parsed) for item in value]
        return value

    def _names_masked(self, fields: Iterable[tuple[str, JSON]]) -> dict[str, JSON]:
        """The fields, a configured secret in a name masked too; names that become one are told apart by a number."""
        assert self._configured is not None
        found: dict[str, JSON] = {}
        for name, value in fields:
            masked = self._configured.sub(MASK, name)
            name, number = masked, 2
            while name in found:
                name, number = f"{masked} {number}", number + 1
            found[name] = value
        return found

    def _field(self, name: str, value: JSON, depth: int, parsed: int) -> JSON:
        # That a secret is empty, or a flag, is seen: `{"password": null}` is often the very cause.
        if value and not isinstance(value, bool) and is_secret_name(name):
            return MASK
        return self._value(value, depth, parsed)
