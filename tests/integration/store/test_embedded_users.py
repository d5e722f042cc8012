"""Root, ordinary users, and folders that only some of them may enter."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from salina_monitor.store import EmbeddedServerError
from salina_monitor.store.embedded import EmbeddedServer, binaries, place, server
from salina_monitor.store.embedded.binaries import copy_of_binaries, find_binaries
from tests.integration.store.conftest import NOBODY
from tests.support.server_user import ServerUser

pytestmark = pytest.mark.usefixtures("as_root")
UserOf = Callable[..., ServerUser]


@pytest.fixture
def state(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for /var/lib/salina-monitor."""
    folder = data_dir.parent / "state"
    monkeypatch.setattr(place, "SYSTEM_STATE", folder)
    return folder


@pytest.fixture
def private(data_dir: Path) -> Path:
    """A data folder in a home that only root may enter."""
    home = data_dir.parent / "home"
    home.mkdir(mode=0o700)
    return home / "project" / ".salina"


def answer(started: EmbeddedServer, query: str = "select 42") -> object:
    with psycopg.connect(started.dsn()) as conn:
        return conn.execute(query).fetchone()  # type: ignore[arg-type]


def test_roots_server_runs_as_an_unprivileged_user(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as started:
        assert started.pid is not None
        assert Path(f"/proc/{started.pid}").stat().st_uid == place.unprivileged_user(data_dir)[0] != 0


def test_roots_own_files_stay_roots(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as started:
        for file in (started.place.password_file, started.place.port_file, started.place.home, started.place.log):
            assert file.stat().st_uid == 0


def test_folders_we_did_not_make_stay_as_they_are(data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o751)
    before = [(p.stat().st_mode, p.stat().st_uid) for p in (data_dir, data_dir.parent)]
    EmbeddedServer.start(data_dir).stop()
    assert [(p.stat().st_mode, p.stat().st_uid) for p in (data_dir, data_dir.parent)] == before


def test_below_a_private_home_the_cluster_lies_elsewhere_and_is_found_again(private: Path, state: Path) -> None:
    with EmbeddedServer.start(private) as started:
        with psycopg.connect(started.dsn()) as conn:
            conn.execute("create table kept as select 42 as answer")
        home = started.place.home
        assert home.parent == state
        assert (private / "postgres.place").read_text().strip() == str(home)
        assert (home / "belongs-to").read_text().strip() == str(private)
    with EmbeddedServer.start(private) as started:
        assert started.place.home == home
        assert answer(started, "select answer from kept") == (42,)
    assert stat.S_IMODE(private.parents[1].stat().st_mode) == 0o700


def test_two_private_folders_and_a_deleted_one_get_places_of_their_own(private: Path, state: Path) -> None:
    first = place.choose_place(private)
    second = place.choose_place(private.with_name("other"))
    (private / "postgres.place").unlink()
    third = place.choose_place(private)
    assert len({first.home, second.home, third.home}) == 3


def test_it_says_what_to_do_when_there_is_no_place_at_all(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "SYSTEM_STATE", private.parent / "state")
    with pytest.raises(EmbeddedServerError, match="MONITOR_DATA_DIR") as caught:
        EmbeddedServer.start(private)
    assert caught.value.code == "no_place"


def test_programs_that_the_user_cannot_reach_are_copied_once(
    data_dir: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = data_dir.parent / "hidden"
    hidden.mkdir(mode=0o700)
    package = find_binaries().postgres.parents[2]
    for name in (package.name, f"{package.name}.libs"):
        if package.with_name(name).exists():
            (hidden / name).symlink_to(package.with_name(name))
    unreachable = binaries._in(hidden / package.name)
    monkeypatch.setattr(server, "find_binaries", lambda: unreachable)
    monkeypatch.setattr(binaries, "find_binaries", lambda: unreachable)
    with EmbeddedServer.start(data_dir) as started:
        assert answer(started) == (42,)
        assert os.fsencode(state) in Path(f"/proc/{started.pid}/cmdline").read_bytes()
    copied = copy_of_binaries(state).postgres.stat().st_ino
    assert copy_of_binaries(state).postgres.stat().st_ino == copied


def test_it_works_for_an_ordinary_user(data_dir: Path, user_of: UserOf) -> None:
    data_dir.mkdir()
    os.chown(data_dir, NOBODY, NOBODY)
    data_dir.chmod(0o700)
    user = user_of(data_dir, NOBODY)
    has = user.answer()
    assert user.ask("query") == {"answer": [42]}
    assert Path(f"/proc/{has['pid']}").stat().st_uid == NOBODY
    assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o700


def test_in_an_ordinary_users_folder_root_works_as_that_user_who_can_go_on(data_dir: Path, user_of: UserOf) -> None:
    data_dir.mkdir()
    os.chown(data_dir, 1, 1)  # `daemon`, an ordinary user as far as files go
    with EmbeddedServer.start(data_dir) as started:
        assert Path(f"/proc/{started.pid}").stat().st_uid == 1
    files = [p for p in data_dir.rglob("*") if p.lstat().st_uid != 1]
    assert files == []
    user = user_of(data_dir, 1)
    assert "pid" in user.answer()
    assert user.ask("query") == {"answer": [42]}


def test_a_user_and_root_may_share_a_folder_of_the_users(data_dir: Path, user_of: UserOf) -> None:
    data_dir.mkdir()
    os.chown(data_dir, NOBODY, NOBODY)
    user = user_of(data_dir, NOBODY)
    pid = user.answer()["pid"]
    with EmbeddedServer.start(data_dir) as started:
        assert started.pid == pid
        user.tell("stop")
        user.process.wait(timeout=20)
        assert answer(started) == (42,)


def test_an_ordinary_user_is_told_whose_folder_it_is(data_dir: Path, user_of: UserOf) -> None:
    EmbeddedServer.start(data_dir).stop()
    got = user_of(data_dir, NOBODY).answer()
    assert got["code"] in ("other_owner", "data_dir_unusable")
    assert "MONITOR_DATA_DIR" in got["message"]
