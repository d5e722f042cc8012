"""The embedded server when processes are killed, and when several use it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from salina_monitor.settings import Settings
from salina_monitor.store import EmbeddedServerError, Store, StoreUnavailable
from salina_monitor.store.embedded import EmbeddedServer, process, server
from salina_monitor.store.embedded.locks import FileLock
from tests.support.server_user import ServerUser
from tests.support.waiting import wait_until

UserOf = Callable[..., ServerUser]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def settings(data_dir: Path, settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(MONITOR_DATA_DIR=str(data_dir))


def test_it_comes_back_when_the_server_is_killed(settings: Settings) -> None:
    with Store.open(settings) as store:
        assert store.server is not None
        with store.connection() as conn:
            conn.execute("create table kept as select 42 as answer")
        dead = store.server
        for _ in range(2):
            pid = store.server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not dead.is_alive())  # its children end after it
            with store.connection() as conn:
                assert conn.execute("select answer from kept").fetchone() == {"answer": 42}
            assert store.server.pid not in (None, pid)


def test_it_comes_back_while_the_killed_servers_children_still_end(settings: Settings) -> None:
    with Store.open(settings) as store:
        assert store.server is not None
        for _ in range(3):
            pid = store.server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            while store.server.pid in (None, pid):
                try:
                    with store.connection() as conn:
                        assert conn.execute("select 1 as one").fetchone() == {"one": 1}
                except StoreUnavailable as error:  # a connection of before that ended in the middle
                    assert error.code == "store_lost"  # noqa: PT017


def test_it_leaves_no_zombie_of_a_killed_server(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as started:
        pid = started.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not exists(pid))


def test_a_readiness_probe_alone_brings_a_killed_server_back(settings: Settings) -> None:
    with Store.open(settings) as store:
        assert store.server is not None
        pid = store.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: store.server is not None and not store.server.is_alive())
        assert store.reachable() is False
        wait_until(store.reachable)


def test_it_takes_over_the_server_of_a_killed_process(data_dir: Path, user_of: UserOf) -> None:
    user = user_of(data_dir)
    orphan = user.answer()["pid"]
    user.kill()
    with EmbeddedServer.start(data_dir) as mine:
        assert mine.pid == orphan
        with psycopg.connect(mine.dsn()) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    assert not mine.is_alive()


def test_it_starts_again_when_both_were_killed_and_the_pid_belongs_to_another_now(
    data_dir: Path, user_of: UserOf
) -> None:
    user = user_of(data_dir)
    pid = user.answer()["pid"]
    user.kill()
    with EmbeddedServer.start(data_dir) as mine:
        place = mine.place
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process.is_alive(place))
        uid, gid, groups = place.run_as
        stranger = subprocess.Popen(["/bin/sleep", "60"], user=uid, group=gid, extra_groups=groups, cwd="/")
        try:
            pid_file = place.cluster / "postmaster.pid"
            pid_file.write_text(pid_file.read_text().replace(str(pid), str(stranger.pid), 1))
            mine.ensure_running()
            assert mine.pid != stranger.pid
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def test_two_processes_share_one_server_and_the_first_may_leave_first(data_dir: Path, user_of: UserOf) -> None:
    first = user_of(data_dir)
    has = first.answer()
    second = user_of(data_dir)
    assert second.answer()["pid"] == has["pid"]
    first.tell("stop")
    assert first.process.wait(timeout=20) == 0
    assert second.ask("query") == {"answer": [42]}
    second.tell("stop")
    assert second.process.wait(timeout=20) == 0
    wait_until(lambda: not exists(has["pid"]))


def test_a_crashed_user_neither_stops_the_server_nor_keeps_it(data_dir: Path, user_of: UserOf) -> None:
    stays, crashes = user_of(data_dir), user_of(data_dir)
    pid = stays.answer()["pid"]
    crashes.answer()
    crashes.kill()
    assert stays.ask("query") == {"answer": [42]}
    stays.tell("stop")
    assert stays.process.wait(timeout=20) == 0
    wait_until(lambda: not exists(pid))


def test_processes_that_start_at_once_on_an_empty_folder_get_one_server(data_dir: Path, user_of: UserOf) -> None:
    answers = [user.answer() for user in [user_of(data_dir) for _ in range(3)]]
    assert all("pid" in answer for answer in answers), answers
    assert len({answer["pid"] for answer in answers}) == 1


def test_a_server_killed_under_two_processes_is_started_once(
    data_dir: Path, user_of: UserOf, settings: Settings
) -> None:
    other = user_of(data_dir)
    pid = other.answer()["pid"]
    with Store.open(settings) as store:
        assert store.server is not None
        os.kill(pid, signal.SIGKILL)
        killed = store.server
        wait_until(lambda: not killed.is_alive())
        with store.connection() as conn:
            conn.execute("select 1")
        assert other.ask("query") == {"answer": [42]}  # the same port, so the other finds it too


def test_ctrl_c_does_not_reach_the_server_before_we_are_done(data_dir: Path, user_of: UserOf) -> None:
    user = user_of(data_dir)
    user.answer()
    os.killpg(user.process.pid, signal.SIGINT)
    assert user.answer() == {"interrupted": True}
    assert user.ask("query") == {"answer": [42]}


def test_a_process_that_ends_without_stopping_stops_it_at_exit(data_dir: Path) -> None:
    code = "import sys; from pathlib import Path; from salina_monitor.store.embedded import EmbeddedServer as E;"
    code += "print(E.start(Path(sys.argv[1])).pid); raise SystemExit(3)"
    done = subprocess.run(
        [sys.executable, "-c", code, data_dir], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert not exists(int(done.stdout))


def test_a_forked_child_does_not_stop_its_parents_server(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as mine:
        mine._owner_pid += 1  # what a child sees
        mine.stop()
        assert mine.is_alive()
        mine._owner_pid -= 1


def test_it_refuses_a_living_server_that_it_cannot_reach(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ANSWER_WAIT_S", 0.2)
    with EmbeddedServer.start(data_dir) as mine:
        place = mine.place
    elsewhere = FileLock(place.alive_lock)  # as a server in another container would hold it
    elsewhere.acquire()
    with pytest.raises(EmbeddedServerError, match="MONITOR_DATA_DIR") as caught:
        EmbeddedServer.start(data_dir)
    elsewhere.release()
    assert caught.value.code == "no_answer"
