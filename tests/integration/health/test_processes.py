"""Real processes that collect: one at a time, the other after kill -9, an end that lets go at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from salina_monitor.health import CollectorState, read_collector
from salina_monitor.store import Store

ROOT = Path(__file__).parents[3]
LEASE_S = 4
# Nothing but the numbers is other than it is: half a minute is long for a test.
_MAIN = f"""
import salina_monitor.collector as collector
collector.LEASE_S, collector.RENEW_S = {LEASE_S}, 1.0
from salina_monitor.cli import main
main(prog_name="salina_monitor")
"""
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(store_dsn: str, tmp_path: Path) -> Iterator[Start]:
    """Start `collect` on the store of the test; what still runs is killed by its id."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        env |= {"MONITOR_DATABASE_URL": store_dsn, "MONITOR_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen([sys.executable, "-c", _MAIN, "collect"], env=env, cwd=tmp_path)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def wait_for(store: Store, what: Callable[[CollectorState], bool], limit_s: float = 40) -> float:
    """Until the state is so; how many seconds it took."""
    began = time.monotonic()
    while not what(state := read_collector(store)):
        assert time.monotonic() - began < limit_s, state
        time.sleep(0.1)
    return time.monotonic() - began


def is_of(process: subprocess.Popen[bytes]) -> Callable[[CollectorState], bool]:
    return lambda state: state.held and state.place.endswith(f"process {process.pid}")


def test_after_kill_9_the_other_takes_over_within_one_lease(store: Store, start: Start) -> None:
    first = start()
    wait_for(store, is_of(first))
    second = start()
    wait_for(store, lambda state: (state.cycles or 0) > 3)
    time.sleep(LEASE_S)
    assert is_of(first)(read_collector(store)), "the second one waits"
    os.kill(first.pid, signal.SIGKILL)
    took = wait_for(store, is_of(second))
    assert took < LEASE_S + 3, "a round after the lease ran out at the latest"
    wait_for(store, lambda state: state.age is not None and state.age.total_seconds() < 2)


def test_one_that_is_stopped_lets_the_other_begin_at_once_and_wakes_up_as_the_second(
    store: Store, start: Start
) -> None:
    first = start()
    wait_for(store, is_of(first))
    second = start()
    wait_for(store, lambda state: (state.cycles or 0) > 3)
    os.kill(first.pid, signal.SIGSTOP)  # a machine that sleeps
    wait_for(store, is_of(second), 75)  # where it stopped inside a transaction, that is ended after a minute
    os.kill(first.pid, signal.SIGCONT)
    time.sleep(2)
    assert is_of(second)(read_collector(store))
    second.terminate()
    assert second.wait(15) == 0
    assert wait_for(store, is_of(first)) < LEASE_S, "it was given back, not left to run out"


def test_it_ends_when_told(store: Store, start: Start) -> None:
    process = start()
    wait_for(store, is_of(process))
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    assert not read_collector(store).held
