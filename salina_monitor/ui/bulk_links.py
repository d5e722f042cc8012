"""Ways to the page about many jobs, and who works there for whom."""

from __future__ import annotations

from urllib.parse import quote

from salina_monitor import runtime
from salina_monitor.actions.bulk import Bulk, What
from salina_monitor.actions.bulk_work import BulkWork
from salina_monitor.actions.steering import Steering
from salina_monitor.models import JobFilters, User
from salina_monitor.monitor import Monitor
from salina_monitor.policy import allows
from salina_monitor.ui.filters import parameters_of
from salina_monitor.ui.page_link import page_link

VERB = {What.RERUN: "Run again", What.CANCEL: "Cancel"}
ICON = {What.RERUN: ":material/replay:", What.CANCEL: ":material/cancel:"}


def bulk_link(filters: JobFilters, user: User, label: str) -> None:
    """A link to the preview for a list of one status; nothing where it cannot be done or the user may not."""
    for what in What:
        if filters.status in what.statuses and allows(user, what.right):
            page_link(f"{VERB[what]} {label}…", f"/admin/bulk?what={what.value}&{query_of(filters)}", icon=ICON[what])


def query_of(filters: JobFilters, page: int = 1) -> str:
    """The filters as part of an address."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters_of(filters, page).items())


def bulk_of(monitor: Monitor) -> Bulk:
    """Bulk actions of this process's store."""
    return Bulk(monitor.store, runtime.get().accounts.activity, monitor.jobs_for)


def work_on(monitor: Monitor, bulk_id: int) -> None:
    """Have a thread of this process work it off, unless one does."""
    accounts = runtime.get().accounts
    steering = Steering(monitor.store, monitor.client, accounts.activity, monitor.jobs_for)
    worker = BulkWork(monitor.store, accounts.activity, steering, accounts.users.get)
    monitor.background.start(f"bulk {bulk_id}", lambda stopping: worker.work(bulk_id, stopping))
