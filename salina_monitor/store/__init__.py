"""The monitor's memory in PostgreSQL: pool, migrations, named SQL, and an embedded server when none is configured."""

from salina_monitor.store.errors import (
    EmbeddedServerError,
    ForeignSource,
    StoreError,
    StoreTooNew,
    StoreTooOld,
    StoreUnavailable,
)
from salina_monitor.store.named_sql import load_sql
from salina_monitor.store.store import Store

__all__ = [
    "EmbeddedServerError",
    "ForeignSource",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreTooOld",
    "StoreUnavailable",
    "load_sql",
]
