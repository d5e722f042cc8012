"""Real texts of PostgreSQL 14-18 and pgbouncer, and what they mean."""

from __future__ import annotations

import pytest

from salina_monitor.checks.outcomes import OUTCOMES
from salina_monitor.checks.pg_errors import code_of_refusal, next_may_help

AT = 'connection to server at "10.0.0.5", port 5432 failed: '


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (AT + 'FATAL:  password authentication failed for user "erp"', "bad_password"),
        (AT + "fe_sendauth: no password supplied", "bad_password"),
        (AT + 'FATAL:  database "nope" does not exist', "no_database"),
        (AT + "FATAL:  no such database: nope", "no_database"),
        (AT + 'FATAL:  role "nobody" does not exist', "no_role"),
        (AT + 'FATAL:  role "reader" is not permitted to log in', "no_role"),
        (AT + "FATAL:  sorry, too many clients already", "conns_full"),
        (AT + "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "conns_full"),
        (AT + "FATAL:  remaining connection slots are reserved for non-replication superuser connections", "conns_full"),
        (AT + 'FATAL:  too many connections for role "erp"', "conns_full"),
        (AT + 'FATAL:  too many connections for database "erp"', "conns_full"),
        (AT + "FATAL:  no more connections allowed (max_client_conn)", "conns_full"),
        (AT + "FATAL:  the database system is starting up", "starting"),
        (AT + "FATAL:  the database system is shutting down", "starting"),
        (AT + "FATAL:  the database system is in recovery mode", "starting"),
        (AT + "FATAL:  the database system is not yet accepting connections\nDETAIL:  …", "starting"),
        (AT + "FATAL:  the database system is not accepting connections\nDETAIL:  Hot standby mode is disabled.", "starting"),
        (AT + 'FATAL:  database "erp" is not currently accepting connections', "no_access"),
        (AT + 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "erp", database "erp", no encryption', "no_access"),
        (AT + 'FATAL:  permission denied for database "erp"\nDETAIL:  User does not have CONNECT privilege.', "no_access"),
        (AT + "server does not support SSL, but SSL was required", "no_tls"),
        (AT + "SSL error: certificate verify failed", "tls_cert"),
        (AT + 'server certificate for "db" does not match host name "10.0.0.5"', "tls_cert"),
        (AT + 'root certificate file "/root/.postgresql/root.crt" does not exist', "tls_cert"),
        (AT + "SSL error: wrong version number", "tls"),
        (AT + "received invalid response to SSL negotiation: H", "not_postgres"),
        (AT + "expected authentication request from server, but received H", "not_postgres"),
        ('lost synchronization with server: got message type "x", length 1', "not_postgres"),
        (AT + "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", "refused"),
        ('connection to server on socket "/tmp/.s.PGSQL.5432" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?', "refused"),
        (AT + "No route to host", "refused"),
        (AT + "server closed the connection unexpectedly", "reset"),
        (AT + "could not receive data from server: Connection reset by peer", "reset"),
        (AT + "session is read-only", "read_only"),
        (AT + "server is in hot standby mode", "standby"),
        (AT + "FATAL:  la base de données fait la grève", "db_error"),
        ("", "db_error"),
    ],
)  # fmt: skip
def test_it_knows_what_a_refusal_means(text, code):
    assert code_of_refusal(text)[0] == code
    assert set(code_of_refusal(text)[1]) == set(OUTCOMES[code].facts)


def test_it_tries_the_next_host_only_when_that_may_help():
    assert next_may_help("Connection refused")
    assert next_may_help("session is read-only")
    assert not next_may_help('password authentication failed for user "erp"')
