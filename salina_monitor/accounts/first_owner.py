"""The first start: nobody could sign in, so an owner is made — or a sentence says how to make one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from salina_monitor.accounts.errors import PasswordRefused, SandboxUsers, UserExists
from salina_monitor.accounts.passwords import one_time_password
from salina_monitor.accounts.users import Users
from salina_monitor.models import Role
from salina_monitor.settings import Settings

OWNER = "owner"
HOW_TO_ADD = "python -m salina_monitor users add NAME --role owner"
SANDBOX_PASSWORD = "sandbox"  # noqa: S105 - shown on the sandbox's sign-in page


def ensure_owner(users: Users, settings: Settings, *, terminal: bool, say: Callable[[str], None]) -> bool:
    """Make the user `owner` if there is no user yet. True if this call made it.

    With `MONITOR_OWNER_PASSWORD_FILE` the password comes from there. Otherwise on a terminal a one-time
    password is made and said once, after it is stored; without a terminal nothing is made and a sentence
    is said. Of several processes starting at once exactly one makes the owner and says so.
    """
    if users.exist():
        return False
    if settings.monitor_owner_password_file:
        return _owner_from_file(users, Path(settings.monitor_owner_password_file).expanduser(), say)
    if not terminal:
        say(f"There are no users yet. Add an owner: {HOW_TO_ADD} --password-stdin")
        return False
    password = one_time_password()
    if not users.add_first_owner(OWNER, password, must_change=True):
        return False
    say(f"First start: sign in as {OWNER} with the one-time password {password}\nIt is shown only now.")
    return True


def _owner_from_file(users: Users, path: Path, say: Callable[[str], None]) -> bool:
    trouble = "There are no users yet, and MONITOR_OWNER_PASSWORD_FILE cannot be used: "
    try:
        password = path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
        made = users.add_first_owner(OWNER, password, must_change=False)
    except OSError as error:
        say(f"{trouble}{path} cannot be read ({error.strerror}).")
        return False
    except UnicodeDecodeError:
        say(f"{trouble}{path} is not text.")
        return False
    except PasswordRefused as error:
        say(f"{trouble}{error}")
        return False
    if made:
        say(f"First start: sign in as {OWNER} with the password of MONITOR_OWNER_PASSWORD_FILE.")
    return made


def refuse_sandbox_users(users: Users) -> None:
    """Raises SandboxUsers when the store of a real monitor holds users of the sandbox."""
    names = users.sandbox_names()
    if names:
        raise SandboxUsers(
            f"This store belongs to a sandbox: everybody knows the password of {', '.join(names)}. Set MONITOR_DATA_DIR"
            " or MONITOR_DATABASE_URL to a store of its own, or give these users other passwords: "
            "python -m salina_monitor users reset-password NAME"
        )


def ensure_sandbox_users(users: Users) -> None:
    """Make one user a role, named like it; safe to call at every start and by several processes."""
    for role in Role:
        with suppress(UserExists):
            users.add(role.value, role, SANDBOX_PASSWORD, sandbox=True)
