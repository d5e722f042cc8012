"""What can go wrong with the store, one class per cause.

StoreError
├── StoreUnavailable      the server cannot be used now: unreachable, refused, no rights, full, too slow
├── StoreTooOld           the server is older than PostgreSQL 14
├── StoreTooNew           a newer version of the monitor has changed the schema
├── ForeignSource         the store holds the runs of another Inngest source
└── EmbeddedServerError   the embedded server cannot be made, started or shared
"""

from __future__ import annotations


class StoreError(Exception):
    """`code` is stable and for programs; `message` is one sentence or more for people and never holds a secret."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StoreUnavailable(StoreError):
    """The store cannot be used now; trying again may help."""


class StoreTooOld(StoreError):
    """The server's PostgreSQL version is below what the monitor needs."""


class StoreTooNew(StoreError):
    """The schema was changed by a newer version of the monitor."""


class ForeignSource(StoreError):
    """The store belongs to another source (API URL, app, environment)."""


class EmbeddedServerError(StoreError):
    """The data folder cannot be used, or the embedded server in it cannot be made, started or shared."""
