"""Words for the search index: one way to cut text into words, for what is stored and for what is asked."""

from __future__ import annotations

import re
import unicodedata

MAX_TOKENS = 600
MAX_TOKEN_LENGTH = 64
_BREAKS = re.compile(r"[\W_]+")
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


def tsquery(text: str) -> str | None:
    """Text of a tsquery that wants every word of `text`, each as a prefix; None without any word."""
    words = tokens(text, limit=20)
    return " & ".join(f"'{word}':*" for word in words) or None  # a word holds no quote: see _BREAKS


def run_id_prefix(text: str) -> str | None:
    """`text` as the beginning of a run or event id (a ULID), if it can be one."""
    candidate = text.strip().upper()
    return candidate if _RUN_ID_PREFIX.match(candidate) else None
