"""The only way text that is not ours reaches the screen.

Almost every Streamlit element renders Markdown, links what looks like an address and fetches remote
images. `st.text` and `st.code` without a language do neither.
"""

from __future__ import annotations

import streamlit as st

_LIMIT = 50_000


def plain(text: str, *, width: str = "stretch") -> None:
    """One paragraph of foreign text, shown as it is."""
    st.text(shown(text), width=width)  # type: ignore[arg-type]


def block(text: str) -> None:
    """Foreign text of any length in a block with a copy button."""
    cut = shown(text)
    # What is under a long error must not be out of sight: it scrolls in its own block.
    tall = cut.count("\n") > 18 or len(cut) > 2_000
    st.code(cut, language=None, wrap_lines=True, height=420 if tall else "content")


def shown(text: str, limit: int = _LIMIT) -> str:
    """Text with a length people can scroll, saying what was cut; control characters made visible."""
    cleaned = "".join(c if c in "\n\t" or c.isprintable() else "�" for c in text[:limit])
    cut = len(text) - limit
    return f"{cleaned}\n… {cut:,} more characters, see the run in Inngest" if cut > 0 else cleaned


def one_line(text: str, limit: int = 300) -> str:
    """Foreign text for a table cell: the first lines joined, cut."""
    return shown(" ".join(text[: 2 * limit].split()), 2 * limit)[:limit]
