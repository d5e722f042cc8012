"""People who may sign in: add, role, disable, passwords. Every change holds against concurrent ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from psycopg import Connection

from salina_monitor.accounts.errors import (
    LastOwner,
    NameRefused,
    NoSuchUser,
    PasswordRefused,
    UserExists,
    WrongPassword,
)
from salina_monitor.accounts.passwords import Passwords
from salina_monitor.models import Role, User, utcnow
from salina_monitor.store import Store, load_sql

_SQL = load_sql("accounts")
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
Row = dict[str, Any]


def clean_name(name: str) -> str:
    """The form in which a name is kept and compared: lower case, no blanks around it."""
    return name.strip().lower()


class Users:
    """The users of one store. All methods raise StoreError when the store cannot be used."""

    def __init__(self, store: Store, passwords: Passwords, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock

    def add(self, name: str, role: Role, password: str, *, must_change: bool = False) -> User:
        """Make a user. Raises NameRefused, PasswordRefused or UserExists."""
        name = clean_name(name)
        if not _NAME.fullmatch(name):
            raise NameRefused(
                "A user name is 1 to 64 letters (a-z), digits and . _ @ + - and begins with a letter or digit."
            )
        values = {"name": name, "role": role.value, "must_change": must_change, "now": self._clock()}
        values["password_hash"] = self._passwords.hash(password)
        with self._store.connection() as conn:
            row = conn.execute(_SQL["user_add"], values).fetchone()
        if row is None:
            raise UserExists(f"There is a user {name} already.")
        return user_of(row)

    def add_first_owner(self, name: str, password: str, *, must_change: bool) -> bool:
        """Make the first user; False if there is one already, made a moment ago by another process included."""
        values = {"name": name, "must_change": must_change, "now": self._clock()}
        values["password_hash"] = self._passwords.hash(password)
        with self._store.connection() as conn:
            return conn.execute(_SQL["first_owner_add"], values).fetchone() is not None

    def exist(self) -> bool:
        """Whether there is any user."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["users_exist"]).fetchone()
        return bool(row and row["found"])

    def list(self) -> tuple[User, ...]:
        """Everybody, by name."""
        with self._store.connection() as conn:
            return tuple(user_of(row) for row in conn.execute(_SQL["users_list"]))

    def set_role(self, name: str, role: Role) -> User:
        """Give a role; it holds from the user's next click on. Raises NoSuchUser or LastOwner."""
        with self._store.connection() as conn:
            if role is not Role.OWNER:
                self._refuse_last_owner(conn, clean_name(name))
            return self._changed(conn, "user_set_role", name, role=role.value)

    def set_disabled(self, name: str, disabled: bool) -> User:
        """Shut out (all sessions end at once) or let in again. Raises NoSuchUser or LastOwner."""
        with self._store.connection() as conn:
            if disabled:
                self._refuse_last_owner(conn, clean_name(name))
            user = self._changed(conn, "user_set_disabled", name, disabled=disabled)
            if disabled:
                conn.execute(_SQL["sessions_end_of_user"], {"name": user.name, "except_hash": None})
            return user

    def reset_password(self, name: str, password: str) -> User:
        """Set a password that must be changed at the next sign-in; all sessions end.

        Raises NoSuchUser or PasswordRefused.
        """
        hashed = self._passwords.hash(password)
        with self._store.connection() as conn:
            user = self._changed(conn, "user_set_password", name, password_hash=hashed, must_change=True)
            conn.execute(_SQL["sessions_end_of_user"], {"name": user.name, "except_hash": None})
            return user

    def change_password(self, name: str, present: str, new: str, *, keep_session: bytes | None = None) -> None:
        """Change the own password and end the user's sessions except `keep_session` (a token hash).

        Raises WrongPassword or PasswordRefused.
        """
        name = clean_name(name)
        old_hash = self.verified_hash(name, present)
        if old_hash is None:
            raise WrongPassword("The present password is not right.")
        if new == present:
            raise PasswordRefused("The new password is the present one; choose another.")
        values = {"name": name, "old_hash": old_hash, "password_hash": self._passwords.hash(new)}
        with self._store.connection() as conn:
            if conn.execute(_SQL["user_swap_password"], values).fetchone() is None:
                raise WrongPassword("The password was changed elsewhere in the meantime; sign in again.")
            conn.execute(_SQL["sessions_end_of_user"], {"name": name, "except_hash": keep_session})

    def verified_hash(self, name: str, password: str) -> str | None:
        """The stored hash if the password fits and the user is not disabled; equally slow in every case."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["user_get"], {"name": clean_name(name)}).fetchone()
        fits = self._passwords.verify(password, row["password_hash"] if row else None)
        return str(row["password_hash"]) if row and fits and not row["disabled"] else None

    @staticmethod
    def _refuse_last_owner(conn: Connection[Row], name: str) -> None:
        owners = [row["name"] for row in conn.execute(_SQL["owners_lock"])]
        if owners == [name]:
            raise LastOwner(f"{name} is the last owner; make somebody else an owner first.")

    @staticmethod
    def _changed(conn: Connection[Row], query: str, name: str, **values: object) -> User:
        row = conn.execute(_SQL[query], {"name": clean_name(name), **values}).fetchone()
        if row is None:
            raise NoSuchUser(f"There is no user {clean_name(name)}.")
        return user_of(row)


def user_of(row: Row) -> User:
    """A row of `users` as a value object."""
    return User(row["name"], Role(row["role"]), row["disabled"], row["must_change"], row["created_at"])
