"""Words for the search index: one way to cut text into words, for what is stored and for what is asked.

An id is kept as a whole beside its words: a batch holds far more ids than people would name words of it on the phone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

MAX_TOKENS = 600
MAX_TOKEN_LENGTH = 64
MOST_VALUES, MOST_WORDS = 2_000, 150
"""Of one input so many values are kept as a whole, and so many of their words."""
_ENOUGH_FOR_WORDS = 10_000
_BREAKS = re.compile(r"[\W_]+")
_ID = re.compile(r"[0-9a-z][0-9a-z_.:/@+-]*\Z")
_AROUND_ID = "_.:/@+-,;\"'`()[]{}<>#?!"
_RUN_ID_PREFIX = re.compile(r"[0-9A-HJKMNP-TV-Z]{4,26}\Z")


def clean(text: str | None, limit: int) -> str | None:
    """`text` without what PostgreSQL cannot keep (NUL, lone surrogates), cut to `limit` characters."""
    if text is None:
        return None
    return text[:limit].replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")


def tokens(*texts: str | None, limit: int = MAX_TOKENS) -> list[str]:
    """Distinct lower-case words of all texts in order, at most `limit`, each at most 64 characters."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _BREAKS.split(unicodedata.normalize("NFKC", text or "").casefold()):
            if word:
                found[word[:MAX_TOKEN_LENGTH]] = None
                if len(found) >= limit:
                    return list(found)
    return list(found)


def tokens_of_values(values: Iterable[str]) -> list[str]:
    """What is kept of the values of an input: their first words, and each value that may be an id as a whole."""
    values = list(values)
    words = tokens(*(clean(value, _ENOUGH_FOR_WORDS) for value in values), limit=MOST_WORDS)
    return list(dict.fromkeys([*words, *(one for value in values if (one := whole(value)))]))


def whole(text: str) -> str | None:
    """`text` as one lexeme if it may be an id (one word of ASCII), cut like a word, without punctuation around it."""
    found = text.strip()[: 2 * MAX_TOKEN_LENGTH].strip(_AROUND_ID).lower()[:MAX_TOKEN_LENGTH]
    return found if _ID.match(found) else None


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a search as people type it: the words it is cut into, and itself as a `whole` if it may be an id."""

    text: str
    words: tuple[str, ...]
    whole: str | None


def terms(text: str, limit: int = 20) -> Iterator[Term]:
    """The terms of a search, until they hold `limit` words."""
    for part in text.split():
        words = tuple(tokens(part, limit=limit)) if limit else ()
        limit -= len(words)
        if words:
            yield Term(part, words, whole(part) if len(words) > 1 else None)


def tsquery(*asked: Term, only: Collection[str] | None = None) -> str | None:
    """Text of a tsquery that wants each term: all its words, or the whole, each as a prefix; None without any word.

    With `only` the other words are left out; then a record must match the query of those as well.
    """
    found = []
    for term in asked:
        words = " & ".join(f"'{word}':*" for word in term.words if only is None or word in only)
        if words:  # neither a word nor a whole holds a quote: see _BREAKS and _ID
            found.append(f"({words} | '{term.whole}':*)" if term.whole else words)
    return " & ".join(found) or None


def whole_words(query: str) -> str:
    """A tsquery of `tsquery` that wants the words themselves, and not what only begins like them."""
    return query.replace("':*", "'")


def run_id_prefix(text: str) -> str | None:
    """`text` as the beginning of a run or event id (a ULID), if it can be one."""
    candidate = text.strip().upper()
    return candidate if _RUN_ID_PREFIX.match(candidate) else None
