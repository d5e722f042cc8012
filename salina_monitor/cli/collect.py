"""`collect`: watch without serving pages, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading

import click

from salina_monitor import runtime
from salina_monitor.cli.context import Context
from salina_monitor.collector import collect as run_collector


@click.command(epilog="\b\nExample:\n  python -m salina_monitor --env-file ../erp/.env collect")
@click.pass_obj
def collect(context: Context) -> None:
    """Watch while nobody looks: read jobs, check services, keep history. `serve` does this itself unless told not to.

    Of several processes on one store, one collects; another takes over within half a minute.
    """
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    runtime.configure(context.settings)
    click.echo("Collecting. Ctrl-C ends it.")
    try:
        run_collector(stopping)
    finally:
        runtime.close()
