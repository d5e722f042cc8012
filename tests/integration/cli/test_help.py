"""Help: every command says what it does, what its options mean, and shows an example that parses."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from salina_monitor import __version__
from salina_monitor.cli import main
from tests.integration.cli.command import MONITOR, Shell


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(main))
HELP = [pytest.param(path, command, id=" ".join(path)) for path, command in ALL.items()]


def test_the_commands_are_those_that_others_rely_on() -> None:
    users = {("users", name) for name in ("add", "role", "disable", "enable", "reset-password", "list", "tenant")}
    assert set(ALL) == users | {
        (name,)
        for name in (
            "serve",
            "sandbox",
            "collect",
            "sync",
            "doctor",
            "summary",
            "jobs",
            "job",
            "prune",
            "backup",
            "restore",
            "users",
        )
    }


@pytest.mark.parametrize(("path", "command"), HELP)
def test_help_explains_and_shows_an_example(path: tuple[str, ...], command: click.Command) -> None:
    said = CliRunner().invoke(main, [*path, "--help"])
    assert said.exit_code == 0
    assert command.help
    examples = [line.strip() for line in said.output.splitlines() if "python -m salina_monitor" in line]
    assert examples
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, option.name


@pytest.mark.parametrize(("path", "command"), HELP)
def test_every_example_can_be_typed(path: tuple[str, ...], command: click.Command) -> None:
    for line in (command.epilog or "").splitlines():
        if "python -m salina_monitor" not in line:
            continue
        words = shlex.split(line.partition("python -m salina_monitor")[2])
        if words[0] == "--env-file":
            words = words[2:]
        target: click.Command = main
        rest = words
        while isinstance(target, click.Group):
            target, rest = target.commands[rest[0]], rest[1:]
        target.make_context("example", list(rest)).close()


def test_the_group_says_it_too_and_nothing_at_all_is_help(shell: Shell) -> None:
    for arguments, code in ((("--help",), 0), ((), 2)):
        done = subprocess.run(
            [*MONITOR, *arguments],
            env=shell.environment(),
            cwd=shell.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code
        assert "Examples:" in said
        assert all(name in said for (name, *_), _ in commands(main))
    assert shell("serv").code == 2


def test_version(shell: Shell) -> None:
    done = shell("--version")
    assert (done.code, done.out.strip().count(".")) == (0, 2)


def test_a_forked_command_takes_over_nothing_of_what_ran_here_before(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page script run by AppTest leaves itself as the main module, and the folder may be another."""
    left = ModuleType("__main__")
    left.__file__ = str(shell.folder / "gone.py")
    monkeypatch.setitem(sys.modules, "__main__", left)
    monkeypatch.chdir(shell.folder)
    assert shell("--version").out.strip() == __version__
