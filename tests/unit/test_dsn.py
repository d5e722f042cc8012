"""PostgreSQL addresses as people have them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.dsn import dsn_passwords, libpq_dsn, parse_dsn


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("postgresql://u:p@h:5433/db", {"user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "db"}),
        ("postgres://h/db", {"host": "h", "dbname": "db"}),
        ("postgresql+psycopg://h/db", {"host": "h", "dbname": "db"}),
        ("postgresql://h/db?schema=public&pgbouncer=true&connection_limit=5", {"host": "h", "dbname": "db"}),
        ("postgresql://h/db?schema=x&sslmode=require", {"host": "h", "dbname": "db", "sslmode": "require"}),
        ("postgresql://a:1,b:2/db", {"host": "a,b", "port": "1,2", "dbname": "db"}),
        ("postgresql://u:p%40%2F%3A@h/db", {"user": "u", "password": "p@/:", "host": "h", "dbname": "db"}),
        ("host=h user=u password='p q'", {"host": "h", "user": "u", "password": "p q"}),
        ("", {}),
    ],
)
def test_addresses_of_orms_and_of_libpq_are_read(written: str, understood: dict[str, str]) -> None:
    assert parse_dsn(written) == understood


@pytest.mark.parametrize(
    "written",
    [
        "mysql://u:canary@h/db", "postgresql://u:canary@[::/x", "postgresql://u:canary@h:port/db", "nonsense canary",
        "postgresql://u:canary@h:0/db", "postgresql://u:canary@h:99999/db", "postgresql://u:canary@h/db?nonsense=1",
        "https://canary.example.com",
    ],
)  # fmt: skip
def test_what_is_not_an_address_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_dsn(written)
    assert "canary" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert dsn_passwords(written) == ()


@pytest.mark.parametrize(
    ("written", "passwords"),
    [
        ("postgresql://u:simple@h/db", {"simple"}),
        ("postgresql://u:p%40ss@h/db", {"p@ss", "p%40ss"}),
        ("host=h password=keyword", {"keyword"}),
        ("postgresql://h/db?password=query", {"query"}),
        ("postgresql://u@h/db", set()),
        ("", set()),
    ],
)
def test_passwords_are_found_as_written_and_as_meant(written: str, passwords: set[str]) -> None:
    assert set(dsn_passwords(written)) == passwords


def test_what_libpq_knows_is_left_as_it_is() -> None:
    assert libpq_dsn("host=h dbname=d") == "host=h dbname=d"
    assert libpq_dsn("postgresql://u:p@h/db?sslmode=require&connect_timeout=3") == (
        "postgresql://u:p@h/db?sslmode=require&connect_timeout=3"
    )


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(written: str) -> None:
    with suppress(ValueError):
        parse_dsn(written)
    dsn_passwords(written)
