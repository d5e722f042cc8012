"""The played publisher: its tenants, its functions, what each function needs and how long it takes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

APP_ID = "salina-erp"
APP_UUID = str(uuid.uuid5(uuid.NAMESPACE_URL, APP_ID))
SDK_URL = "http://localhost:3000/api/inngest"

TENANTS = (
    "northwind-press",
    "harbour-lane-books",
    "quill-and-thistle",
    "meridian-academic",
    "saltmarsh-editions",
    "blue-heron-publishing",
    "oakfield-house",
    "lantern-street",
    "casa-del-libro-azul",
    "nordlys-forlag",
    "editions-du-phare",
    "papyrus-and-co",
)
TENANT_WEIGHTS = (22, 17, 13, 10, 8, 7, 6, 5, 4, 3, 3, 2)


@dataclass(frozen=True, slots=True)
class Played:
    """One function of the ERP.

    `event` or `cron` starts it (`cron` wins). `steps` are its Inngest steps in order; `typical_s` is the median of
    one attempt in seconds, `spread` the sigma of its log-normal. `needs` names the services an attempt calls.
    `weight` is its share of the daytime traffic.
    """

    id: str
    name: str
    event: str
    cron: str = ""
    retries: int = 3
    concurrency: int = 10
    steps: tuple[str, ...] = ()
    typical_s: float = 3.0
    spread: float = 0.4
    needs: tuple[str, ...] = ("database",)
    tenant_key: str = "tenantId"
    weight: float = 0.0

    @property
    def uuid(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{APP_ID}/{self.id}"))

    @property
    def event_is_listed(self) -> bool:
        """System events cannot be listed over REST (inngest-api.md, trap 10), nor can cron ticks."""
        return not self.cron and not self.event.startswith("inngest/")


PDF = Played(
    "generate-statement-pdf",
    "Generate statement PDF",
    "statements/pdf.generate",
    concurrency=8,
    steps=("load-statement", "upload-pdf"),
    typical_s=3.2,
    needs=("database", "s3"),
    weight=46,
)
BATCH = Played(
    "generate-statements-batch",
    "Generate statements batch",
    "statements/generate.batch",
    concurrency=2,
    steps=("load-authors", "queue-statements", "write-ledger"),
    typical_s=48,
    spread=0.5,
    weight=0.8,
)
PDF_FAILURE = Played(
    "generate-statement-pdf-failure",
    "Generate statement PDF (failure)",
    "inngest/function.failed",
    retries=0,
    typical_s=0.3,
)
ROYALTIES = Played("calculate-royalties", "Calculate royalties", "inngest/function.invoked", typical_s=6)
ROYALTY_FEED = Played(
    "import-royalty-feed",
    "Import royalty feed",
    "feeds/royalty.received",
    concurrency=3,
    steps=("download-feed", "match-titles"),
    typical_s=14,
    spread=0.7,
    needs=("database", "s3"),
    tenant_key="tenant_id",
    weight=7,
)
ONIX = Played(
    "export-onix-feed",
    "Export ONIX feed",
    "catalog/onix.export",
    concurrency=2,
    steps=("collect-titles", "upload-feed"),
    typical_s=21,
    spread=0.6,
    needs=("database", "s3"),
    weight=5,
)
CHANNEL = Played(
    "sync-sales-channel", "Sync sales channel", "channels/sales.sync", typical_s=7, tenant_key="tenant_id", weight=14
)
DIRECTORY = Played(
    "sync-user-directory",
    "Sync user directory",
    "users/directory.sync",
    typical_s=2.1,
    needs=("database", "clerk"),
    weight=7,
)
NOTIFY = Played(
    "send-author-notification",
    "Send author notification",
    "notifications/author.send",
    concurrency=5,
    typical_s=0.8,
    needs=("resend",),
    weight=20,
)
CLEANUP = Played("nightly-cleanup", "Nightly cleanup", "inngest/scheduled.timer", cron="0 3 * * *", typical_s=95)
RATES = Played(
    "refresh-exchange-rates",
    "Refresh exchange rates",
    "inngest/scheduled.timer",
    cron="0 * * * *",
    typical_s=1.4,
)

FUNCTIONS = (
    PDF, BATCH, PDF_FAILURE, ROYALTIES, ROYALTY_FEED, ONIX, CHANNEL, DIRECTORY, NOTIFY, CLEANUP, RATES,
)  # fmt: skip
BY_ID = {function.id: function for function in FUNCTIONS}
DAYTIME = tuple(function for function in FUNCTIONS if function.weight)
