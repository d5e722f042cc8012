"""`backup` and `restore`: the store as one file, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from salina_monitor.backup import APPLICATION, Archive, BackupError
from salina_monitor.backup import backup as write
from salina_monitor.backup import restore as read
from salina_monitor.cli.context import Context, Failure, told
from salina_monitor.store import Store

FILE = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Exit codes: 0 done, 1 not done, with a sentence.
Example:
  python -m salina_monitor backup /var/backups/salina-monitor.zip"""
)
@click.argument("file", type=FILE)
@click.pass_obj
def backup(context: Context, file: Path) -> None:
    """Write the monitor's own data to FILE, as it is at this moment; the monitor may run meanwhile.

    Sessions are left out, and the session key is not in it. Whoever has the file has names of tenants and texts of
    errors: it is readable for its owner only, keep it so.
    """
    began = time.monotonic()
    with told(), _said():
        manifest = write(context.store(), file.absolute())
    rows = sum(table.rows for table in manifest.tables)
    megabytes = file.stat().st_size / 1e6
    click.echo(f"{rows:,} rows in {file}: {megabytes:,.1f} MB, {time.monotonic() - began:,.1f} s.")


@click.command(
    epilog="""\b
Exit codes: 0 done, 1 refused with a sentence; then nothing was changed.
Example:
  python -m salina_monitor --env-file ../erp/.env restore /var/backups/salina-monitor.zip"""
)
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Into a store that is not empty: what is in it is lost.")
@click.pass_obj
def restore(context: Context, file: Path, replace: bool) -> None:
    """Make the store what FILE says. Stop the monitor first.

    FILE may be of an older version, not of a newer one, and must be of the same source. Everybody signs in again.
    """
    began = time.monotonic()
    with told(), _said(), closing(Archive(file.absolute())) as archive:
        with Store.open(context.settings, application_name=APPLICATION, bind_source=False) as store:
            rows = read(store, context.settings, archive, replace=replace)
        click.echo(
            f"{sum(rows.values()):,} rows of {archive.manifest.made_at} are back: {time.monotonic() - began:,.1f} s."
        )


@contextmanager
def _said() -> Iterator[None]:
    """Turn a BackupError into its sentence and exit code 1."""
    try:
        yield
    except BackupError as error:
        raise Failure(str(error), 1) from None
