"""The monitor's memory in PostgreSQL: pool, migrations, named SQL, and an embedded server when none is configured."""

from salina_monitor.store.errors import (
    EmbeddedServerError,
    ForeignSource,
    StoreError,
    StoreTooNew,
    StoreTooOld,
    StoreUnavailable,
)
from salina_monitor.store.migrate import apply_migrations, known_migrations
from salina_monitor.store.named_sql import load_sql
from salina_monitor.store.source import Source
from salina_monitor.store.store import Store

__all__ = [
    "EmbeddedServerError",
    "ForeignSource",
    "Source",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreTooOld",
    "StoreUnavailable",
    "apply_migrations",
    "known_migrations",
    "load_sql",
]
