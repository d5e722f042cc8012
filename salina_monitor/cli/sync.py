"""`sync`: bring the mirror up to date once; with `--verify`, compare it with the source."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from salina_monitor.cli.context import Context, Failure, told
from salina_monitor.inngest import InngestError
from salina_monitor.mirror import LeaseLost, Mirror, MirrorState, verify
from salina_monitor.models import utcnow

UNREACHABLE = 2


@click.command(
    epilog="""\b
Exit codes: 0 done (and equal), 1 divergences, 2 the source or the store is unreachable or refused.
Example:
  python -m salina_monitor sync --verify"""
)
@click.option("--verify", "verifying", is_flag=True, help="List the source again and print every difference.")
@click.pass_obj
def sync(context: Context, verifying: bool) -> None:
    """Read what is new from Inngest, and the rest of the history."""
    settings = context.settings
    with told(UNREACHABLE):
        mirror = Mirror(context.store(bind_source=True), context.client(), settings)
        try:
            state = mirror.sync_now(_progress)
            at = state.as_of.server_at or utcnow()
            found = verify(mirror.context, at - timedelta(days=settings.monitor_history_days)) if verifying else None
        except InngestError as error:
            # Most sentences name the setting; the person at a terminal gets it in any case.
            where = f" See {error.setting}." if error.setting and error.setting not in error.message else ""
            raise Failure(error.message + where, UNREACHABLE) from None
        except LeaseLost:
            raise Failure("Another process reads the same source now; try again in a minute.", UNREACHABLE) from None
        finally:
            mirror.close()
    if found is None:
        click.echo("The mirror is up to date.")
        return
    for divergence in found.divergences:
        click.echo(str(divergence))
    click.echo(f"{found.compared:,} runs compared, {len(found.divergences):,} divergences.")
    if found.divergences:
        raise SystemExit(1)


def _progress(state: MirrorState) -> None:
    if sys.stderr.isatty() and state.fill is not None:
        click.echo(f"\rhistory read: {state.fill:.0%}", err=True, nl=state.fill >= 1.0)
