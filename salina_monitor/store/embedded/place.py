"""Where the cluster lives and as whom its server runs.

Usually `<data folder>/postgres`. PostgreSQL refuses to run as root, so root's server runs as an unprivileged user;
where that user cannot get to the data folder (a private home, say) the cluster lies below `SYSTEM_STATE` and
`<data folder>/postgres.place` says where.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from salina_monitor.store.embedded.binaries import CLEAN_ENV
from salina_monitor.store.embedded.locks import held
from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import is_root, make_folder, read_text, write_private

SYSTEM_STATE = Path("/var/lib/salina-monitor")
CHOOSE_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Place:
    """`home` holds our own files and the cluster; `uid`/`gid` own the cluster; `drop` says to change to them."""

    data_dir: Path
    home: Path
    uid: int
    gid: int
    drop: bool

    @property
    def run_as(self) -> tuple[int | None, int | None, tuple[int, ...] | None]:
        """user, group and extra_groups for `subprocess`: None = as we are."""
        return (self.uid, self.gid, ()) if self.drop else (None, None, None)

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def port_file(self) -> Path:
        return self.home / "port"

    @property
    def password_file(self) -> Path:
        return self.home / "password"

    @property
    def prepared_file(self) -> Path:
        """Exists when the monitor's role and database have been made."""
        return self.home / "prepared"

    @property
    def lock(self) -> Path:
        """Held while the server is made, started or stopped."""
        return self.home / "change.lock"

    @property
    def users_lock(self) -> Path:
        """Held shared by every process that uses the server."""
        return self.home / "users.lock"

    @property
    def alive_lock(self) -> Path:
        """Held by the server's processes themselves: locked = some of them lives, whatever its pid file says."""
        return self.home / "alive.lock"


def choose_place(data_dir: Path) -> Place:
    """Find or make the place that belongs to `data_dir` (made if missing). Raises EmbeddedServerError in words."""
    root = is_root()
    make_folder(data_dir)
    busy = f"Another process is preparing {data_dir} and does not finish. Stop it and try again."
    with held(data_dir / "postgres.lock", deadline_s=CHOOSE_WAIT_S, busy=busy):
        recorded = read_text(data_dir / "postgres.place")
        if recorded:
            return _existing(data_dir, Path(recorded.strip()))
        if (data_dir / "postgres" / "cluster").is_dir():
            return _existing(data_dir, data_dir / "postgres")
        if not root:
            make_folder(data_dir / "postgres")
            return Place(data_dir, data_dir / "postgres", os.geteuid(), os.getegid(), drop=False)
        return _new_for_root(data_dir)


def _existing(data_dir: Path, home: Path) -> Place:
    try:
        owner = (home / "cluster").stat() if (home / "cluster").exists() else None
        home.stat()
    except OSError:
        raise EmbeddedServerError(
            "place_missing",
            f"The database of {data_dir} is recorded to be in {home}, which cannot be read. Bring it back, or delete"
            f" {data_dir / 'postgres.place'} to start with an empty one.",
        ) from None
    if is_root():
        uid, gid = (owner.st_uid, owner.st_gid) if owner and owner.st_uid else unprivileged_user(home)
        return Place(data_dir, home, uid, gid, drop=True)
    if owner and owner.st_uid != os.geteuid():
        raise EmbeddedServerError(
            "other_owner",
            f"The database in {home} was made by another user (uid {owner.st_uid}). Run the monitor as that user or"
            " as root, or set MONITOR_DATA_DIR to a folder of your own.",
        )
    return Place(data_dir, home, os.geteuid(), os.getegid(), drop=False)


def _new_for_root(data_dir: Path) -> Place:
    home = data_dir / "postgres"
    make_folder(home)
    uid, gid = unprivileged_user(home)
    if can_enter(home, uid, gid):
        return Place(data_dir, home, uid, gid, drop=True)
    key = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    elsewhere = SYSTEM_STATE / f"{key}-{secrets.token_hex(4)}"  # the random part: a deleted data folder starts afresh
    make_folder(SYSTEM_STATE)
    make_folder(elsewhere)
    if not can_enter(elsewhere, uid, gid):
        raise EmbeddedServerError(
            "no_place",
            f"PostgreSQL must not run as root, and the unprivileged user with uid {uid} can enter neither {data_dir}"
            f" nor {SYSTEM_STATE}. Set MONITOR_DATA_DIR to a folder that every user may pass through.",
        )
    write_private(elsewhere / "belongs-to", f"{data_dir}\n")  # for people who find it without its data folder
    write_private(data_dir / "postgres.place", f"{elsewhere}\n")
    home.rmdir()
    return Place(data_dir, elsewhere, uid, gid, drop=True)


def can_enter(folder: Path, uid: int, gid: int) -> bool:
    """Whether that user can pass through to `folder` (tried: modes alone do not say)."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", 'cd -- "$0"', folder],
            user=uid, group=gid, extra_groups=[],
            env=CLEAN_ENV, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        raise EmbeddedServerError(
            "cannot_drop_root",
            "PostgreSQL must not run as root, and this system does not let root become another user. Start the monitor"
            " as an ordinary user, or set MONITOR_DATABASE_URL to a PostgreSQL 14+ server.",
        ) from None
    return done.returncode == 0


def unprivileged_user(home: Path) -> tuple[int, int]:
    """uid and gid of the user root's server runs as: the owner of the folder, else `nobody` or a like one.

    initdb insists on a user with a name.
    """
    with suppress(KeyError):
        owner = pwd.getpwuid(home.stat().st_uid)
        if owner.pw_uid:
            return owner.pw_uid, owner.pw_gid
    for name in ("nobody", "daemon"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid:
            return user.pw_uid, user.pw_gid
    for user in pwd.getpwall():
        if user.pw_uid:
            return user.pw_uid, user.pw_gid
    raise EmbeddedServerError(
        "no_user",
        "PostgreSQL must not run as root, and this system has no other user. Add one (for example `nobody`), or set"
        " MONITOR_DATABASE_URL to a PostgreSQL 14+ server.",
    )
