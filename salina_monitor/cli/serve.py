"""`serve` and `sandbox`: run until Ctrl-C or SIGTERM, which end all they started."""

from __future__ import annotations

import os

import click

from salina_monitor.cli.context import Context, Failure, told
from salina_monitor.server import ServeError, is_loopback
from salina_monitor.server import serve as run_server
from salina_monitor.settings import Settings


@click.command(epilog="\b\nExample:\n  python -m salina_monitor --env-file ../erp/.env serve")
@click.pass_obj
def serve(context: Context) -> None:
    """Serve the monitor of the real ERP."""
    if context.settings.sandbox:
        raise Failure("serve is for the real ERP; leave out --sandbox, or run: python -m salina_monitor sandbox", 2)
    _serve(context.settings)


@click.command(epilog="\b\nExample:\n  MONITOR_PORT=8600 python -m salina_monitor sandbox")
def sandbox() -> None:
    """Serve a monitor of played services: a first look, without credentials."""
    # Late: who serves the real thing needs none of it.
    from salina_monitor.sandbox import SandboxError, sandbox_settings, seal, start_services

    with told():
        before = sandbox_settings(os.environ)
    seal(os.environ)
    try:
        with start_services(before.data_dir.parent):
            settings = sandbox_settings({**os.environ, "MONITOR_DATA_DIR": str(before.data_dir.parent)})
            click.echo("Sandbox: five played services on this machine; nothing of the real environment is used.")
            click.echo("Sign in as owner or admin with the password: sandbox")
            if not is_loopback(settings.monitor_host):
                click.echo("Anybody who can reach this machine can sign in to the sandbox; nothing in it is real.")
            _serve(settings)
    except SandboxError as error:
        raise Failure(error.message, 1) from None


def _serve(settings: Settings) -> None:
    try:
        run_server(settings, say=click.echo)
    except ServeError as error:
        raise Failure(str(error), 1) from None
