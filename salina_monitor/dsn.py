"""PostgreSQL addresses as people have them: ORM parameters dropped, passwords found for redaction."""

from __future__ import annotations

from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

# What libpq does not know but ORMs write into the same address; left in, a healthy database reads as an outage.
_ORM_PARAMETERS = frozenset(
    {
        "schema", "pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size",
        "sslidentity", "sslaccept", "sslpassword", "single_use_connections", "prepared_statements",
    }
)  # fmt: skip


def libpq_dsn(dsn: str) -> str:
    """Return `dsn` without parameters that libpq refuses. Keyword form is returned as it is."""
    if "://" not in dsn:
        return dsn
    scheme, rest = dsn.split("://", 1)
    if scheme.split("+")[0] in ("postgres", "postgresql"):  # e.g. postgresql+psycopg://
        dsn = f"postgresql://{rest}"
    # Text, not urlunsplit: that one drops the "//" of an address without a host (postgresql:///erp?host=/run/pg).
    base, _, query = dsn.partition("?")
    kept = "&".join(pair for pair in query.split("&") if pair and pair.partition("=")[0] not in _ORM_PARAMETERS)
    return f"{base}?{kept}" if kept else base


def parse_dsn(dsn: str) -> dict[str, str]:
    """The address as libpq parameters. Raises a ValueError whose text never repeats the address."""
    try:
        found = conninfo_to_dict(libpq_dsn(dsn))
    except (ProgrammingError, ValueError):
        raise ValueError("not a PostgreSQL address") from None  # libpq echoes the address, password included
    for port in str(found.get("port") or "5432").split(","):
        if port and not (port.isdigit() and 0 < int(port) < 65536):
            raise ValueError("not a port")
    return {key: str(value) for key, value in found.items() if value is not None}


def dsn_passwords(dsn: str) -> tuple[str, ...]:
    """The password inside an address, decoded and as written; empty if there is none or it is unreadable."""
    try:
        decoded = parse_dsn(dsn).get("password", "")
        written = urlsplit(dsn).password or "" if "://" in dsn else ""
    except ValueError:
        return ()
    return tuple({p for p in (decoded, written) if p})
