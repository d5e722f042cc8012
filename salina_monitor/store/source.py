"""Which Inngest source a store belongs to, and which database it must never be."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from psycopg import Connection
from psycopg.rows import DictRow

from salina_monitor.dsn import parse_dsn
from salina_monitor.settings import Settings
from salina_monitor.store.errors import ForeignSource, StoreError
from salina_monitor.store.named_sql import load_sql


@dataclass(frozen=True, slots=True)
class Source:
    """An Inngest app in an environment behind an API. `environment` is "" for the default one."""

    api_url: str
    app_id: str
    environment: str

    @classmethod
    def of(cls, settings: Settings) -> Source:
        """The source of the settings, its address spelled in one way (`settings` refuses one with a password in it)."""
        parts = urlsplit(settings.inngest_api_url)
        url = urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), "", ""))
        return cls(url, settings.inngest_app_id, settings.inngest_env)

    def __str__(self) -> str:
        return f"app {self.app_id} at {self.api_url}, environment {self.environment or '(default)'}"


def bind_source(conn: Connection[DictRow], source: Source) -> None:
    """Make `source` the store's source if it has none; raise `ForeignSource` if it has another."""
    queries = load_sql("store")
    conn.execute(
        queries["claim_source"],
        {"api_url": source.api_url, "app_id": source.app_id, "environment": source.environment},
    )
    row = conn.execute(queries["read_source"]).fetchone()
    held = Source(**row) if row else source
    if held != source:
        raise ForeignSource(
            "foreign_source",
            f"This store holds the runs of {held}; the settings say {source}. Correct INNGEST_API_URL, INNGEST_APP_ID"
            " and INNGEST_ENV, or give this source its own store (MONITOR_DATABASE_URL or MONITOR_DATA_DIR).",
        )


def refuse_erp_database(settings: Settings) -> None:
    """Raise StoreError("store_is_erp") if MONITOR_DATABASE_URL and DATABASE_URL lead to the same database."""
    if not settings.monitor_database_url or not settings.database_url:
        return
    ours, theirs = _targets(settings.monitor_database_url), _targets(settings.database_url)
    if ours & theirs:
        raise StoreError(
            "store_is_erp",
            "MONITOR_DATABASE_URL leads to the same database as DATABASE_URL. The monitor must not share the database"
            " it watches: create one of its own, or leave MONITOR_DATABASE_URL empty for the embedded server.",
        )


def _targets(dsn: str) -> set[tuple[str, str, str]]:
    """Every (host, port, database) an address can lead to, spelled in one way."""
    found = parse_dsn(dsn)
    hosts = (found.get("host") or found.get("hostaddr") or "localhost").split(",")
    ports = (found.get("port") or "5432").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    database = found.get("dbname") or found.get("user") or ""
    return {(_same_host(host), port or "5432", database) for host, port in zip(hosts, ports, strict=False)}


def _same_host(host: str) -> str:
    host = host.strip().lower().rstrip(".")
    if not host or host.startswith(("/", "127.")) or host in ("localhost", "::1"):
        return "localhost"
    first, dot, rest = host.partition(".")
    return first.removesuffix("-pooler") + dot + rest  # hosted poolers: the same server under a second name
