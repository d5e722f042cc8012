from __future__ import annotations

import psycopg
import pytest

from salina_monitor.store.failures import unavailable


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.InvalidPassword(), "store_auth"),
        (psycopg.errors.InvalidCatalogName(), "store_no_database"),
        (psycopg.errors.InsufficientPrivilege(), "store_permission"),
        (psycopg.errors.ReadOnlySqlTransaction(), "store_read_only"),
        (psycopg.errors.QueryCanceled(), "store_timeout"),
        (psycopg.errors.LockNotAvailable(), "store_busy"),
        (psycopg.errors.TooManyConnections(), "store_too_many"),
        (psycopg.errors.DiskFull(), "store_full"),
        (psycopg.errors.IoError(), "store_broken"),
        (psycopg.errors.DataCorrupted(), "store_broken"),
        (psycopg.errors.AdminShutdown(), "store_lost"),
        (psycopg.errors.CannotConnectNow(), "store_starting"),
        (psycopg.errors.ConnectionFailure(), "store_lost"),
        (psycopg.OperationalError("FATAL: password authentication failed for user"), "store_auth"),
        (psycopg.OperationalError("FATAL: no pg_hba.conf entry for host"), "store_auth"),
        (psycopg.OperationalError('FATAL: database "x" does not exist'), "store_no_database"),
        (psycopg.OperationalError("FATAL: sorry, too many clients already"), "store_too_many"),
        (psycopg.OperationalError("FATAL: the database system is starting up"), "store_starting"),
        (psycopg.OperationalError("Connection refused"), "store_refused"),
        (psycopg.OperationalError("could not translate host name"), "store_dns"),
        (psycopg.errors.ConnectionTimeout("connection timeout expired"), "store_no_answer"),
        (psycopg.OperationalError("server does not support SSL, but SSL was required"), "store_tls"),
        (psycopg.OperationalError("SSL error: certificate verify failed"), "store_tls"),
        (psycopg.OperationalError("server closed the connection unexpectedly"), "store_lost"),
        (psycopg.InterfaceError("the connection is closed"), "store_lost"),
    ],
)  # fmt: skip
def test_it_says_what_makes_the_store_unusable(error: psycopg.Error, code: str) -> None:
    found = unavailable(error)
    assert found is not None
    assert found.code == code
    assert found.message.endswith(".")


@pytest.mark.parametrize(
    "error", [psycopg.errors.UniqueViolation(), psycopg.errors.SyntaxError(), psycopg.errors.DeadlockDetected(), psycopg.ProgrammingError("no results")]
)  # fmt: skip
def test_it_leaves_faults_of_the_caller_alone(error: psycopg.Error) -> None:
    assert unavailable(error) is None


def test_it_never_repeats_what_the_server_said() -> None:
    found = unavailable(psycopg.OperationalError("connection to postgresql://u:hidden@h failed: weird"))
    assert found is not None
    assert "hidden" not in found.message
