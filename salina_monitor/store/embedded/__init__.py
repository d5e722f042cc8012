"""PostgreSQL without an installation: the programs of a wheel, our own initdb, loopback TCP only."""

from salina_monitor.store.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
