"""Queries live in `sql/<room>.sql`, each under `-- name: <query>` and a line that says what it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString

_HEADER = re.compile(r"^-- name:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


def parse_sql(text: str) -> dict[str, str]:
    """Split the text of one file into query name → SQL (comment lines at its top dropped, no final semicolon).

    Raises ValueError when a name comes twice, or a query is empty or has no line of description.
    """
    _, *pieces = _HEADER.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        lines = body.strip().splitlines()
        described = bool(lines) and lines[0].startswith("--")
        while lines and lines[0].startswith("--"):
            lines.pop(0)
        query = "\n".join(lines).strip().removesuffix(";").strip()
        if name in queries or not described or not query:
            raise ValueError(f"query {name!r} is doubled, empty or without a line of description")
        queries[name] = query
    return queries


@cache
def load_sql(room: str) -> Mapping[str, LiteralString]:
    """The queries of `sql/<room>.sql` by name. They are as literal as code: nothing is ever formatted into them."""
    text = files(__package__).joinpath("sql", f"{room}.sql").read_text(encoding="utf-8")
    return MappingProxyType(parse_sql(text))
