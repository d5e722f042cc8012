"""`summary`, `jobs`, `job`: what the page shows, for a terminal or a script. They read the store and do not sync."""

from __future__ import annotations

from datetime import datetime

import click

from salina_monitor.cli.context import Context, Failure, echo_json, told
from salina_monitor.inngest import InngestError
from salina_monitor.models import JobEntry, JobFilters, JobStatus, TimeRange, iso
from salina_monitor.queries import PAGE_CAP, get_job_detail, get_job_summary, get_recent_jobs
from salina_monitor.ui.format import count, span

TEXT_LIMIT = 200


class _Text(click.ParamType[str]):
    """Printable text of at most `TEXT_LIMIT` characters, as on the page."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if len(value) > TEXT_LIMIT or not value.isprintable():
            self.fail(f"is longer than {TEXT_LIMIT} characters or holds unprintable ones", param, ctx)
        return value.strip()


TEXT = _Text()
_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.command(epilog="\b\nExample:\n  python -m salina_monitor summary --json")
@_json
@click.pass_obj
def summary(context: Context, as_json: bool) -> None:
    """Show how many jobs are active, queued, completed and failed."""
    with told():
        found = get_job_summary(source=context.source())
    if as_json:
        echo_json(found)
        return
    rows = (
        ("Active", found.active, "active"),
        ("Queued", found.queued, "queued"),
        ("Completed, 24 h", found.completed_last_24h, "completed_last_24h"),
        ("Failed, 24 h", found.failed_last_24h, "failed_last_24h"),
    )
    for label, number, field in rows:
        click.echo(f"{label:16} {count(number, capped=field in found.capped):>8}")
    click.echo(_as_of(found.as_of, found.stale))


@click.command(
    epilog="\b\nExample:\n  python -m salina_monitor jobs --status failed --tenant northwind-press --range 7d"
)
@_json
@click.option("--status", type=click.Choice([s.value for s in JobStatus]), help="Only jobs of this status.")
@click.option("--type", "type_id", type=TEXT, help="Only jobs of this type, e.g. pdf-generation.")
@click.option("--tenant", type=TEXT, help="Only jobs of this tenant; `none` for jobs that belong to none.")
@click.option("--search", "text", type=TEXT, default="", help="Words or ids that must occur.")
@click.option(
    "--range", "span_", type=click.Choice([r.value for r in TimeRange]), default="24h", show_default=True,
    help="Jobs that ended within it or have not ended.",
)  # fmt: skip
@click.option("--stuck", is_flag=True, help="Only jobs that run or wait longer than usual for their type.")
@click.option("--page", type=click.IntRange(1, PAGE_CAP), default=1, show_default=True, help="The last one if beyond.")
@click.pass_obj
def jobs(
    context: Context, as_json: bool, status: str | None, type_id: str | None, tenant: str | None, text: str, span_: str,
    stuck: bool, page: int,
) -> None:  # fmt: skip
    """List jobs, newest first, 20 a page."""
    filters = JobFilters(type_id, JobStatus(status) if status else None, tenant, text, TimeRange(span_), stuck=stuck)
    with told():
        found = get_recent_jobs(filters, page, source=context.source())
    if as_json:
        echo_json(found)
        return
    for entry in found.jobs:
        error = f"  {_printable(entry.error.first_line)[:80]}" if entry.error else ""
        click.echo(
            f"{entry.id}  {entry.status.value:9}  {_printable(entry.type_label)[:24]:24}  "
            f"{_printable(entry.tenant_id or '-')[:20]:20}  {iso(entry.queued_at)}  "
            f"{span(entry.duration_ms):>12}{error}"
        )
    total = count(found.total, capped=found.total_is_capped)
    first = (found.page - 1) * found.page_size + 1
    shown = f"{first:,}–{first + len(found.jobs) - 1:,} of {total}" if found.jobs else "No job matches."
    click.echo(f"{shown} · {_as_of(found.as_of, found.stale)}")


@click.command(epilog="\b\nExample:\n  python -m salina_monitor job 01M84RCYDTFRS5K3RNVT5QH14J --json")
@click.argument("job_id", metavar="ID", type=TEXT)
@_json
@click.pass_obj
def job(context: Context, job_id: str, as_json: bool) -> None:
    """Show one job with its attempts, asked of Inngest now."""
    with told():
        try:
            found = get_job_detail(job_id, source=context.source(live=True))
        except InngestError as error:
            raise Failure(
                f"{_printable(job_id)} is not in the mirror, and Inngest cannot be asked: {error.message}", 1
            ) from None
    if found is None:
        raise Failure(f"No job {_printable(job_id)} is known, neither to Inngest nor to the mirror.", 1)
    if as_json:
        echo_json(found)
    else:
        _show(found)


def _show(entry: JobEntry) -> None:
    fields = (
        ("ID", entry.id), ("Type", entry.type_label), ("Function", entry.function_id), ("Status", entry.status.value),
        ("Tenant", entry.tenant_id or "none"), ("Queued", iso(entry.queued_at)), ("Started", iso(entry.started_at)),
        ("Ended", iso(entry.completed_at)), ("Wait", span(entry.wait_ms)), ("Duration", span(entry.duration_ms)),
        ("Retries", "unknown" if entry.retry_count is None else str(entry.retry_count)),
    )  # fmt: skip
    for label, value in fields:
        click.echo(f"{label:9} {_printable(value or '-')}")
    if entry.error:
        click.echo(f"{'Error':9} {_printable(entry.error.first_line)}")
    for attempt in entry.attempts or ():
        said = f"  {_printable(attempt.error.first_line)}" if attempt.error else ""
        click.echo(f"attempt {attempt.number}: {attempt.status.value}{said}")
    if entry.stale:
        click.echo("Inngest could not be asked; this is what the mirror remembers.")


def _as_of(moment: datetime | None, stale: bool) -> str:
    return f"as of {iso(moment) or 'never'}{' (stale: run sync)' if stale else ''}"


def _printable(text: str) -> str:
    """Foreign text without what a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in text)
