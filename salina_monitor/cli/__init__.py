"""The command line, one file a group of commands."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from salina_monitor import __version__
from salina_monitor.cli.backup import backup, restore
from salina_monitor.cli.collect import collect
from salina_monitor.cli.context import Context
from salina_monitor.cli.doctor import doctor
from salina_monitor.cli.jobs import job, jobs, summary
from salina_monitor.cli.prune import prune
from salina_monitor.cli.serve import sandbox, serve
from salina_monitor.cli.sync import sync
from salina_monitor.cli.users import users


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  python -m salina_monitor sandbox                          a first look, with played services
  python -m salina_monitor --env-file ../erp/.env doctor    is everything configured and healthy?
  python -m salina_monitor --env-file ../erp/.env serve     the real thing
  python -m salina_monitor jobs --status failed --json      what failed in the last 24 h""",
)
@click.version_option(__version__, message="%(version)s")
@click.option(
    "--env-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read settings from this file; variables of the environment win.",
)
@click.option(
    "--sandbox", "in_sandbox", is_flag=True, help="Talk to the sandbox of the data folder (or MONITOR_SANDBOX=1)."
)
@click.pass_context
def main(ctx: click.Context, env_file: Path | None, in_sandbox: bool) -> None:
    """The live state of Salina's services and background jobs."""
    # SIGTERM must unwind like Ctrl-C does: whatever was started by then, an embedded server say, ends with us.
    before = signal.signal(signal.SIGTERM, _end)
    ctx.call_on_close(lambda: signal.signal(signal.SIGTERM, before))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character must not end in a traceback
    ctx.obj = Context.make(env_file, in_sandbox)
    ctx.call_on_close(ctx.obj.close)


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


for command in (serve, sandbox, collect, sync, doctor, summary, jobs, job, prune, backup, restore, users):
    main.add_command(command)
