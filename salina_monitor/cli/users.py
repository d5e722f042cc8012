"""`users`: who may sign in, from the command line. Exit code 0 done, 1 refused with a sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click

from salina_monitor.accounts import AccountError, Users, users_of
from salina_monitor.models import Role, User, to_json
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError

ROLES = click.Choice([role.value for role in Role])


class Context(Protocol):
    """What the command line puts into click's context object; it also closes the store it opened."""

    @property
    def settings(self) -> Settings: ...

    def store(self) -> Store:
        """The opened store. Raises StoreError."""
        ...


@click.group(
    epilog="""\b
Examples:
  printf %s "$PASSWORD" | python -m salina_monitor users add ada --role owner --password-stdin
  python -m salina_monitor users role ada admin
  python -m salina_monitor users list --json"""
)
def users() -> None:
    """Add people, change their roles and passwords, shut them out."""


def _password_option(command: Callable[..., None]) -> Callable[..., None]:
    text = "Read the password from standard input (one line) instead of asking for it."
    return click.option("--password-stdin", is_flag=True, help=text)(command)


@users.command(
    epilog="\b\nExample:\n"
    '  printf %s "$PASSWORD" | python -m salina_monitor users add ada --role admin --password-stdin'
)
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="What the user may do; owner and admin see the monitor.")
@click.option("--tenant", help="Limit the user to the jobs of this tenant.")
@_password_option
@click.pass_obj
def add(context: Context, name: str, role: str, tenant: str | None, password_stdin: bool) -> None:
    """Add the user NAME."""
    with _refusals(context) as people:
        user = people.add(name, Role(role), _password(password_stdin), tenant=tenant)
    click.echo(f"Added {_line(user)}.")


@users.command(epilog="\b\nExample:\n  python -m salina_monitor users role ada owner")
@click.argument("name")
@click.argument("role", type=ROLES)
@click.pass_obj
def role(context: Context, name: str, role: str) -> None:
    """Give NAME another ROLE; it holds from the user's next click on."""
    with _refusals(context) as people:
        user = people.set_role(name, Role(role))
    click.echo(f"Changed {_line(user)}.")


@users.command(
    epilog="\b\nExamples:\n  python -m salina_monitor users tenant ada northwind-press\n"
    "  python -m salina_monitor users tenant ada --all"
)
@click.argument("name")
@click.argument("tenant", required=False)
@click.option("--all", "every", is_flag=True, help="Lift the limit: the jobs of every tenant.")
@click.pass_obj
def tenant(context: Context, name: str, tenant: str | None, every: bool) -> None:
    """Limit NAME to the jobs of one TENANT, from the next click on."""
    if every == bool(tenant):
        raise click.UsageError("Name a tenant, or pass --all to lift the limit.")
    with _refusals(context) as people:
        user = people.set_tenant(name, None if every else tenant)
    click.echo(f"Changed {_line(user)}.")


@users.command(epilog="\b\nExample:\n  python -m salina_monitor users disable ada")
@click.argument("name")
@click.pass_obj
def disable(context: Context, name: str) -> None:
    """Shut NAME out, at once."""
    with _refusals(context) as people:
        user = people.set_disabled(name, True)
    click.echo(f"Disabled {_line(user)}.")


@users.command(epilog="\b\nExample:\n  python -m salina_monitor users enable ada")
@click.argument("name")
@click.pass_obj
def enable(context: Context, name: str) -> None:
    """Let NAME in again."""
    with _refusals(context) as people:
        user = people.set_disabled(name, False)
    click.echo(f"Enabled {_line(user)}.")


@users.command(
    "reset-password",
    epilog='\b\nExample:\n  printf %s "$PASSWORD" | python -m salina_monitor users reset-password ada --password-stdin',
)
@click.argument("name")
@_password_option
@click.pass_obj
def reset_password(context: Context, name: str, password_stdin: bool) -> None:
    """Set a password for NAME, who must change it at the next sign-in; all of NAME's sessions end."""
    with _refusals(context) as people:
        user = people.reset_password(name, _password(password_stdin))
    click.echo(f"Set a password for {_line(user)}; it must be changed at the next sign-in.")


@users.command("list", epilog="\b\nExample:\n  python -m salina_monitor users list --json")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def list_users(context: Context, as_json: bool) -> None:
    """Show everybody."""
    with _refusals(context) as people:
        everybody = people.list()
    if as_json:
        click.echo(json.dumps(to_json(everybody), indent=2))
        return
    for user in everybody:
        click.echo(_line(user))
    if not everybody:
        click.echo("There are no users yet. Add an owner: users add NAME --role owner")


@contextmanager
def _refusals(context: Context) -> Iterator[Users]:
    try:
        yield users_of(context.store(), context.settings)
    except AccountError as error:
        raise click.ClickException(str(error)) from None  # exit code 1
    except StoreError as error:
        raise click.ClickException(error.message) from None


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise click.ClickException("There is no terminal to ask on; pass the password with --password-stdin.")
    return click.prompt("Password", hide_input=True, confirmation_prompt=True)


def _line(user: User) -> str:
    notes = [user.role.value]
    notes += [f"tenant {user.tenant} only"] if user.tenant else []
    notes += ["disabled"] if user.disabled else []
    notes += ["must change the password"] if user.must_change else []
    return f"{user.name} ({', '.join(notes)})"
