"""`prune`: forget what is older than it is kept; the collector does so every hour."""

from __future__ import annotations

import click

from salina_monitor.cli.context import Context, echo_json, told
from salina_monitor.models import iso
from salina_monitor.retention import Retention


@click.command(
    epilog="""\b
Exit codes: 0 done, 1 the store cannot be used.
Example:
  python -m salina_monitor prune --dry-run"""
)
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def prune(context: Context, dry: bool, as_json: bool) -> None:
    """Forget what is older than it is kept, and say how much of each that was and which setting says so."""
    with told():
        retention = Retention(context.store(), context.settings)
        found = retention.count() if dry else retention.prune()[0]
    if as_json:
        echo_json({"dry_run": dry, "tables": found})
        return
    for one in found:
        click.echo(f"{one.table:20} {one.rows:>11,}  before {(iso(one.before) or '')[:16]}Z  {one.setting}")
    click.echo("Nothing was changed." if dry else f"{sum(one.rows for one in found):,} rows are forgotten.")
