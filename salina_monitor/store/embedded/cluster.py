"""Making a cluster (initdb) and refusing one that another version made."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from salina_monitor.store.embedded.binaries import CLEAN_ENV, MAJOR, Binaries
from salina_monitor.store.embedded.place import Place
from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import os_failure, read_text, write_private

ADMIN = "postgres"
INITDB_TIMEOUT_S = 120.0


def ensure_cluster(place: Place, binaries: Binaries) -> bool:
    """Make the cluster if there is none; True if it was made now. The caller holds the place's lock."""
    if place.cluster.is_dir():
        check_version(place)
        return False
    fresh = place.home / "cluster.new"  # renamed when whole: a kill in the middle leaves nothing half-made behind
    password = secrets.token_urlsafe(24)
    password_file = place.home / "initdb.password"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file.unlink(missing_ok=True)
        write_private(password_file, password)
        if place.drop:
            os.chown(fresh, place.uid, place.gid)
            os.chown(password_file, place.uid, place.gid)
        _initdb(place, binaries, fresh, password_file)
        write_private(place.password_file, password)
        fresh.rename(place.cluster)
    except OSError as error:
        raise os_failure(error, place.home) from None
    finally:
        password_file.unlink(missing_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def _initdb(place: Place, binaries: Binaries, cluster: Path, password_file: Path) -> None:
    command: list[str | Path] = [
        binaries.initdb, "-D", cluster, "-U", ADMIN, "--pwfile", password_file, "--auth=scram-sha-256",
        "--encoding=UTF8", "--locale=C", "--no-instructions",
    ]  # fmt: skip
    user, group, groups = place.run_as
    try:
        done = subprocess.run(
            command, user=user, group=group, extra_groups=groups, env=CLEAN_ENV, cwd="/", stdin=subprocess.DEVNULL,
            capture_output=True, timeout=INITDB_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise EmbeddedServerError(
            "initdb_slow",
            f"Making the database in {place.home} took over {INITDB_TIMEOUT_S:.0f} s. Is its disk healthy?",
        ) from None
    if done.returncode != 0:
        raise _initdb_failure(place, done.stderr.decode("utf-8", "replace"))


def _initdb_failure(place: Place, said: str) -> EmbeddedServerError:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return EmbeddedServerError(
            "disk_full", f"The disk that holds {place.home} is full. Free about 100 MB and try again."
        )
    if "could not look up effective user ID" in said:
        return EmbeddedServerError(
            "user_without_name",
            f"The user with uid {place.uid} has no name on this system, which PostgreSQL insists on. Add it to"
            " /etc/passwd, run the monitor as another user, or set MONITOR_DATABASE_URL to a PostgreSQL 14+ server.",
        )
    last = next((line for line in reversed(said.splitlines()) if "error" in line), "it gave no reason")
    return EmbeddedServerError(
        "initdb_failed", f"The database could not be made in {place.home}; initdb said: {last[:300]}"
    )


def check_version(place: Place) -> None:
    """Refuse a cluster of another major version, and one without its version file."""
    try:
        found = (read_text(place.cluster / "PG_VERSION") or "").strip()
    except EmbeddedServerError:
        found = ""
    if not found:
        raise corrupt(place)
    if found != str(MAJOR):
        raise EmbeddedServerError(
            "other_version",
            f"The database in {place.home} was made by PostgreSQL {found[:12]}; this version of the monitor brings"
            f" PostgreSQL {MAJOR}. Go back to the version that made it, or move the folder away to start with an empty"
            " database (runs are fetched again; users are not).",
        )


def corrupt(place: Place) -> EmbeddedServerError:
    """The database's files are damaged, in words."""
    return EmbeddedServerError(
        "data_corrupt",
        f"The database in {place.home} is damaged; {place.log} has the details. Restore the folder from a backup, or"
        " move it away to start with an empty database (runs are fetched again; users are not).",
    )
