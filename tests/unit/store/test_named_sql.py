from __future__ import annotations

from pathlib import Path

import pytest

from salina_monitor import store
from salina_monitor.store import load_sql
from salina_monitor.store.migrate import known_migrations
from salina_monitor.store.named_sql import parse_sql

ROOMS = sorted(p.stem for p in (Path(store.__file__).parent / "sql").glob("*.sql"))


def test_it_finds_queries_by_name_without_their_comments() -> None:
    text = "-- A file.\n\n-- name: one\n-- The first.\nselect 1;\n\n-- name: two\n-- The second,\n-- longer.\nselect\n  2 -- kept\n"
    assert parse_sql(text) == {"one": "select 1", "two": "select\n  2 -- kept"}


@pytest.mark.parametrize(
    "text",
    [
        "-- name: a\nselect 1",
        "-- name: a\n-- Nothing follows.\n",
        "-- name: a\n-- One.\nselect 1\n-- name: a\n-- Again.\nselect 2",
    ],
)
def test_it_refuses_a_query_that_is_undescribed_empty_or_doubled(text: str) -> None:
    with pytest.raises(ValueError, match="'a'"):
        parse_sql(text)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_queries(room: str) -> None:
    assert load_sql(room)


def test_queries_cannot_be_changed_by_a_user_of_them() -> None:
    with pytest.raises(TypeError):
        load_sql("store")["ping"] = "select 2"  # type: ignore[index]


def test_migrations_are_in_order_and_named() -> None:
    versions = [m.version for m in known_migrations()]
    assert versions == sorted(set(versions))
    assert versions[0] == 1
    assert all(m.name and m.sql.strip() for m in known_migrations())
