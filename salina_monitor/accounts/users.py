"""People who may sign in: add, role, tenant, disable, passwords. Every change holds against concurrent ones.

Each change writes its activity row in the same transaction; `by` says who made it and why.
"""

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
    TenantRefused,
    UserExists,
    WrongPassword,
)
from salina_monitor.accounts.passwords import Passwords
from salina_monitor.activity import OPERATOR, Entry, Kind, Origin, record
from salina_monitor.models import Role, User, utcnow
from salina_monitor.store import Store, load_sql

_SQL = load_sql("accounts")
_TENANT_LIMIT = 200
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

    def add(
        self,
        name: str,
        role: Role,
        password: str,
        *,
        must_change: bool = False,
        tenant: str | None = None,
        sandbox: bool = False,
        by: Origin = OPERATOR,
    ) -> User:
        """Make a user. Raises NameRefused, TenantRefused, PasswordRefused or UserExists."""
        name = clean_name(name)
        if not _NAME.fullmatch(name):
            raise NameRefused(
                "A user name is 1 to 64 letters (a-z), digits and . _ @ + - and begins with a letter or digit."
            )
        tenant = _tenant(tenant)
        if tenant is not None and role is Role.OWNER:
            raise TenantRefused("An owner sees every tenant; choose another role, or no tenant.")
        values: Row = {"name": name, "role": role.value, "must_change": must_change, "now": self._clock()}
        values |= {"tenant": tenant, "sandbox": sandbox, "password_hash": self._passwords.hash(password)}
        with self._store.connection() as conn:
            row = conn.execute(_SQL["user_add"], values).fetchone()
            if row is not None:
                self._record(conn, Kind.USER_ADDED, by, name, role=role.value, tenant=tenant)
        if row is None:
            raise UserExists(f"There is a user {name} already.")
        return user_of(row)

    def add_first_owner(self, name: str, password: str, *, must_change: bool) -> bool:
        """Make the first user; False if there is one already, made a moment ago by another process included."""
        values = {"name": name, "must_change": must_change, "now": self._clock()}
        values["password_hash"] = self._passwords.hash(password)
        with self._store.connection() as conn:
            made = conn.execute(_SQL["first_owner_add"], values).fetchone() is not None
            if made:
                self._record(conn, Kind.USER_ADDED, OPERATOR, name, role=Role.OWNER.value, tenant=None)
        return made

    def exist(self) -> bool:
        """Whether there is any user."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["users_exist"]).fetchone()
        return bool(row and row["found"])

    def list(self) -> tuple[User, ...]:
        """Everybody, by name."""
        with self._store.connection() as conn:
            return tuple(user_of(row) for row in conn.execute(_SQL["users_list"]))

    def sandbox_names(self) -> tuple[str, ...]:
        """Users the sandbox made and nobody gave another password: everybody knows how to sign in as them."""
        with self._store.connection() as conn:
            return tuple(row["name"] for row in conn.execute(_SQL["users_of_sandbox"]))

    def get(self, name: str) -> User | None:
        """Somebody as they are now; None when nobody has this name."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["user_get"], {"name": clean_name(name)}).fetchone()
        return None if row is None else user_of(row)

    def known(self, name: str) -> bool:
        """Whether somebody has this name."""
        with self._store.connection() as conn:
            return conn.execute(_SQL["user_get"], {"name": clean_name(name)}).fetchone() is not None

    def set_role(self, name: str, role: Role, *, by: Origin = OPERATOR) -> User:
        """Give a role; it holds from the user's next click on. Raises NoSuchUser, LastOwner or TenantRefused."""
        with self._store.connection() as conn:
            if role is not Role.OWNER:
                self._refuse_last_owner(conn, clean_name(name))
            before = self._locked(conn, name)
            if role is Role.OWNER and before.tenant is not None:
                raise TenantRefused(f"{before.name} is limited to one tenant; lift that first, an owner sees all.")
            user = self._changed(conn, "user_set_role", name, role=role.value)
            self._record(conn, Kind.ROLE_CHANGED, by, user.name, before=before.role.value, after=role.value)
            return user

    def set_tenant(self, name: str, tenant: str | None, *, by: Origin = OPERATOR) -> User:
        """Limit to the jobs of one tenant, or lift that (None). Raises NoSuchUser or TenantRefused."""
        tenant = _tenant(tenant)
        with self._store.connection() as conn:
            before = self._locked(conn, name)
            if tenant is not None and before.role is Role.OWNER:
                raise TenantRefused(f"{before.name} is an owner, who sees every tenant; change the role first.")
            user = self._changed(conn, "user_set_tenant", name, tenant=tenant)
            self._record(conn, Kind.TENANT_CHANGED, by, user.name, before=before.tenant, after=tenant)
            return user

    def set_disabled(self, name: str, disabled: bool, *, by: Origin = OPERATOR) -> User:
        """Shut out (all sessions end at once) or let in again. Raises NoSuchUser or LastOwner."""
        with self._store.connection() as conn:
            if disabled:
                self._refuse_last_owner(conn, clean_name(name))
            user = self._changed(conn, "user_set_disabled", name, disabled=disabled)
            if disabled:
                conn.execute(_SQL["sessions_end_of_user"], {"name": user.name, "except_hash": None})
            self._record(conn, Kind.USER_DISABLED if disabled else Kind.USER_ENABLED, by, user.name)
            return user

    def reset_password(self, name: str, password: str, *, by: Origin = OPERATOR) -> User:
        """Set a password that must be changed at the next sign-in; all sessions end.

        Raises NoSuchUser or PasswordRefused.
        """
        hashed = self._passwords.hash(password)
        with self._store.connection() as conn:
            user = self._changed(conn, "user_set_password", name, password_hash=hashed, must_change=True)
            conn.execute(_SQL["sessions_end_of_user"], {"name": user.name, "except_hash": None})
            self._record(conn, Kind.PASSWORD_RESET, by, user.name)
            return user

    def change_password(
        self, name: str, present: str, new: str, *, keep_session: bytes | None = None, address: str = ""
    ) -> None:
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
            self._record(conn, Kind.PASSWORD_CHANGED, Origin(name, address), name)

    def verified_hash(self, name: str, password: str) -> str | None:
        """The stored hash if the password fits and the user is not disabled; equally slow in every case."""
        with self._store.connection() as conn:
            row = conn.execute(_SQL["user_get"], {"name": clean_name(name)}).fetchone()
        fits = self._passwords.verify(password, row["password_hash"] if row else None)
        return str(row["password_hash"]) if row and fits and not row["disabled"] else None

    def _record(self, conn: Connection[Row], kind: Kind, by: Origin, target: str, **detail: str | None) -> None:
        record(conn, Entry(kind, by, target, detail=detail), self._clock())

    @staticmethod
    def _locked(conn: Connection[Row], name: str) -> User:
        row = conn.execute(_SQL["user_lock"], {"name": clean_name(name)}).fetchone()
        if row is None:
            raise NoSuchUser(f"There is no user {clean_name(name)}.")
        return user_of(row)

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
    return User(
        row["name"], Role(row["role"]), row["disabled"], row["must_change"], row["created_at"], row["tenant_id"]
    )


def _tenant(given: str | None) -> str | None:
    tenant = (given or "").strip()
    if len(tenant) > _TENANT_LIMIT or not tenant.isprintable():
        raise TenantRefused(f"A tenant id has at most {_TENANT_LIMIT} printable characters.")
    return tenant or None
