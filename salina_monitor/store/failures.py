"""PostgreSQL's errors in our words.

Server texts are not repeated: they may hold addresses, passwords and people's data.
"""

from __future__ import annotations

import psycopg

from salina_monitor.store.errors import StoreUnavailable

_BY_STATE = {
    "28P01": ("store_auth", "The store's server refused user or password. Check MONITOR_DATABASE_URL."),
    "28000": (
        "store_auth",
        "The store's server refused the user or the way of connecting. Check MONITOR_DATABASE_URL.",
    ),
    "3D000": ("store_no_database", "The store's database does not exist. Create it, or check MONITOR_DATABASE_URL."),
    "42501": (
        "store_permission",
        "The store's user may not do this in its database. Grant it `create` and `usage` on the schema.",
    ),
    "25006": (
        "store_read_only",
        "The store's database is read only (a replica?). Point MONITOR_DATABASE_URL to the primary.",
    ),
    "57014": ("store_timeout", "The store took too long to answer and was stopped. Try again."),
    "55P03": ("store_busy", "The store is locked by another process. Try again in a minute."),
    "53300": ("store_too_many", "The store's server has no connection left. Try again, or raise its limit."),
    "25P03": (
        "store_lost",
        "The store's server ended a transaction in which nothing happened for a minute. Try again.",
    ),
    "57P03": ("store_starting", "The store's server is starting or stopping. Try again in a moment."),
}
_BY_CLASS = {
    "53": ("store_full", "The store's server is out of disk or memory. Free some and try again."),
    "57": ("store_lost", "The store's server ended the connection. Try again."),
    "58": ("store_broken", "The store's server cannot read or write its files. See its log, then try again."),
    "XX": ("store_broken", "The store's server met an error of its own. See its log, then try again."),
    "08": ("store_lost", "The connection to the store was lost. Try again."),
}
_BY_TEXT = (
    ("password authentication failed", _BY_STATE["28P01"]),
    ("no password supplied", _BY_STATE["28P01"]),
    ("no pg_hba.conf entry", _BY_STATE["28000"]),
    ("authentication", _BY_STATE["28000"]),
    ("too many c", _BY_STATE["53300"]),
    ("starting up", _BY_STATE["57P03"]),
    ("shutting down", _BY_STATE["57P03"]),
    ("could not translate host name", ("store_dns", "The store's host name is not known. Check MONITOR_DATABASE_URL.")),
    ("failed to resolve host", ("store_dns", "The store's host name is not known. Check MONITOR_DATABASE_URL.")),
    (
        "onnection refused",
        ("store_refused", "Nothing answers at the store's address. Start its server, or check MONITOR_DATABASE_URL."),
    ),
    ("timeout", ("store_no_answer", "The store's server does not answer. Check MONITOR_DATABASE_URL and the network.")),
    ("certificate", ("store_tls", "The certificate of the store's server is not trusted. Check `sslrootcert`.")),
    ("SSL", ("store_tls", "The store's server and the monitor do not agree on TLS. Check `sslmode`.")),
)


def unavailable(error: psycopg.Error) -> StoreUnavailable | None:
    """`error` as `StoreUnavailable`, or None if it does not mean that the store cannot be used."""
    state = error.sqlstate
    found = None
    if state:
        found = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    elif isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        text = str(error)
        found = next((outcome for sign, outcome in _BY_TEXT if sign in text), None)
        if "does not exist" in text and "database" in text:
            found = _BY_STATE["3D000"]
        found = found or _BY_CLASS["08"]
    return StoreUnavailable(*found) if found else None


def unreachable() -> StoreUnavailable:
    """No connection within the time there is."""
    return StoreUnavailable(
        "store_no_answer", "The store's server does not answer. Check MONITOR_DATABASE_URL and the network."
    )
