"""What PostgreSQL's refusals mean. Connection errors carry no SQLSTATE through libpq, so their text is matched.

The texts are those of PostgreSQL 14-18 and of pgbouncer in English; a server that speaks another language
falls through to the generic `db_error`. The text itself is never shown: it may repeat names and addresses.
"""

from __future__ import annotations

from collections.abc import Mapping

_CERTIFICATE_FAULTS = (
    ("certificate has expired", "it has expired"),
    ("self-signed certificate", "it is self-signed or its issuer is not known"),
    ("self signed certificate", "it is self-signed or its issuer is not known"),
    ("unable to get local issuer", "its issuer is not known"),
    ("does not match host name", "it is for another host name"),
    ("certificate verify failed", "it is not accepted"),
    ("root certificate file", "sslrootcert is not there to judge it by"),
)

# Ordered: an earlier fragment is more specific than a later one.
_FRAGMENTS: tuple[tuple[str, str], ...] = (
    ("password authentication failed", "bad_password"),
    ("no password supplied", "bad_password"),
    ("sasl authentication failed", "bad_password"),
    ("authentication failed for user", "bad_password"),
    ("remaining connection slots", "conns_full"),
    ("too many clients", "conns_full"),
    ("too many connections", "conns_full"),
    ("no more connections allowed", "conns_full"),
    ("max_client_conn", "conns_full"),
    ("is not currently accepting connections", "no_access"),
    ("starting up", "starting"),
    ("shutting down", "starting"),
    ("not accepting connections", "starting"),
    ("not yet accepting connections", "starting"),
    ("recovery mode", "starting"),
    ("hot standby mode", "standby"),
    ("session is read-only", "read_only"),
    ("no pg_hba.conf entry", "no_access"),
    ("pg_hba.conf rejects", "no_access"),
    ("permission denied for database", "no_access"),
    ("no such database", "no_database"),
    ("no such user", "no_role"),
    ("is not permitted to log in", "no_role"),
    ("does not support ssl", "no_tls"),
    ("could not translate host name", "dns"),
    ("could not receive data from server: connection reset", "reset"),
    ("connection reset by peer", "reset"),
    ("server closed the connection unexpectedly", "reset"),
    ("connection refused", "refused"),
    ("no such file or directory", "refused"),
    ("no route to host", "refused"),
    ("network is unreachable", "refused"),
    ("connection timed out", "timeout"),
    ("timeout expired", "timeout"),
    ("ssl error", "tls"),
    ("ssl syscall error", "tls"),
    ("invalid response to ssl negotiation", "not_postgres"),
    ("expected authentication request", "not_postgres"),
    ("lost synchronization", "not_postgres"),
    ("unexpected response from server", "not_postgres"),
    ("message type 0x", "not_postgres"),
)


# Another host or address of the same name may still let us in; a refused password is refused everywhere.
_NEXT_MAY_HELP = frozenset(
    {"refused", "timeout", "reset", "starting", "conns_full", "standby", "read_only", "db_error"}
)


def next_may_help(text: str) -> bool:
    """Whether it is worth trying the next host of the list after this refusal."""
    return code_of_refusal(text)[0] in _NEXT_MAY_HELP


def code_of_refusal(text: str) -> tuple[str, Mapping[str, object]]:
    """Code and facts for the text of a failed connection or query."""
    low = text.lower()
    for fragment, fault in _CERTIFICATE_FAULTS:
        if fragment in low:
            return "tls_cert", {"detail": fault}
    for fragment, code in _FRAGMENTS:
        if fragment in low:
            return code, {}
    if "does not exist" in low:
        return ("no_role" if 'role "' in low else "no_database"), {}
    return "db_error", {}
