"""A store that is killed, read-only, slow or full while runs arrive: said in words, back by itself, nothing lost.

A full disk is played by the server itself, which refuses every write of a table with PostgreSQL's own code for it: a
file system of our own would take rights that a test run does not have.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor, written
from salina_monitor.actions.steering import Result, Steering
from salina_monitor.activity import ActivityFilters
from salina_monitor.health import HealthHistory, history
from salina_monitor.inngest import Refused
from salina_monitor.mirror import read_state, verify
from salina_monitor.models import HealthCheckResult, HealthStatus, JobStatus, Role, Service, User
from salina_monitor.store import Store, StoreError, StoreUnavailable
from salina_monitor.store.embedded import EmbeddedServer
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, error, run
from tests.support.folders import open_folder
from tests.support.waiting import came_true, wait_until

Breaks = Callable[[str, Any], Any]
S = JobStatus


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server of this module's own, which may be killed."""
    with open_folder("salina-faults-") as folder, EmbeddedServer.start(folder / "data") as server:
        yield server


@pytest.fixture
def bench(own_server: EmbeddedServer, settings_for: Any, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A mirror with some history on a database of that server."""
    name = f"faults_{abs(hash(request.node.name)) % 10**9}"
    own_server.create_database(name)
    with Store.open(settings_for(MONITOR_DATABASE_URL=own_server.dsn(name))) as store:
        made = Bench(store, settings_for)
        made.client.put(*(run(i, S.COMPLETED, queued=START - timedelta(minutes=3 * i + 4)) for i in range(40)))
        made.client.put(run(900, S.RUNNING, queued=START - timedelta(minutes=9)))
        made.sync()
        made.fill()
        yield made


@contextmanager
def admin(server: EmbeddedServer, bench: Bench) -> Iterator[psycopg.Connection[Any]]:
    """The superuser in the store's database."""
    with bench.store.connection() as own:
        name = own.info.dbname
    with psycopg.connect(server._admin_dsn(name)) as conn:
        conn.autocommit = True
        yield conn


@contextmanager
def read_only(server: EmbeddedServer, bench: Bench) -> Iterator[None]:
    with admin(server, bench) as conn:
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("alter database {} set default_transaction_read_only = on").format(name))
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        yield
        conn.execute("set default_transaction_read_only = off")
        conn.execute(sql.SQL("alter database {} reset default_transaction_read_only").format(name))
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )


@contextmanager
def full(server: EmbeddedServer, bench: Bench) -> Iterator[None]:
    with admin(server, bench) as conn:
        conn.execute(
            "create function no_space() returns trigger language plpgsql as $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$"
        )
        tables = ("mirror_state", "runs", "health_checks", "activity")
        for table in tables:
            conn.execute(
                sql.SQL("create trigger full_disk before insert or update on {} execute function no_space()").format(
                    sql.Identifier(table)
                )
            )
        yield
        conn.execute("drop function no_space cascade")


@contextmanager
def locked(server: EmbeddedServer, bench: Bench) -> Iterator[None]:
    """So slow that every statement is stopped."""
    with admin(server, bench) as conn, conn.transaction():
        conn.execute("lock table mirror_state, runs, health_checks, activity in access exclusive mode")
        yield


@contextmanager
def killed(server: EmbeddedServer, bench: Bench) -> Iterator[None]:
    """kill -9, and started again by nobody but an administrator."""
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.is_alive())
    yield
    server.ensure_running()


FAULTS: dict[str, tuple[Any, set[str]]] = {
    "killed": (killed, {"store_lost", "store_refused", "store_no_answer"}),
    "read only": (read_only, {"store_read_only"}),
    "full": (full, {"store_full"}),
    "slow": (locked, {"store_timeout"}),
}


def refused(work: Callable[[], object]) -> str:
    """The code with which the store refuses it."""
    with pytest.raises(StoreUnavailable) as caught:
        work()
    assert caught.value.message.count(".") >= 1
    return caught.value.code


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_said_and_passes_and_nothing_is_lost(bench: Bench, own_server: EmbeddedServer, name: str) -> None:
    """Runs go on, checks go on, a sync is tried: afterwards mirror = source and every result is in the history."""
    broken, codes = FAULTS[name]
    results = HealthHistory(bench.store, bench.settings)
    with broken(own_server, bench):
        bench.later(minutes=1)
        now = bench.client.now
        bench.client.put(run(2000, S.FAILED, queued=now - timedelta(seconds=61)), run(2001, S.RUNNING, queued=now))
        ended = replace(bench.client.runs[run(900).id], status=S.COMPLETED, ended_at=now)
        bench.client.put(ended)
        assert refused(bench.sync) in codes
        for seconds in range(3):
            at = now + timedelta(seconds=seconds)
            results.found(HealthCheckResult(Service.S3, HealthStatus.HEALTHY, 12, "Bucket reachable", at, "ok"))
        assert refused(results.flush) in codes
    with bench.store.connection() as conn:  # whoever held the lease was cut off
        conn.execute("update mirror_state set lease_until = now() - interval '1 s'")
    bench.later(seconds=20)
    bench.sync()
    assert bench.matches_source()
    assert verify(bench.ctx, START - timedelta(days=2)).divergences == ()
    assert read_state(bench.store).problem is None
    assert results.flush() == 3
    with bench.store.connection() as conn:
        assert conn.execute("select count(*) as n from health_checks").fetchone() == {"n": 3}


class Steered:
    """A failed job, and an Inngest during whose answer something may happen."""

    def __init__(self, bench: Bench, settings_for: Any) -> None:
        bench.client.put(run(1000, S.FAILED, queued=START - timedelta(minutes=9)))
        bench.sync()
        self.asked: list[str] = []
        self.fault: Exception | None = None
        client: Any = bench.client
        client.rerun = self._rerun
        self.activity = Accounts.over(bench.store, settings_for(MONITOR_BCRYPT_COST="4")).activity
        self.steering = Steering(bench.store, client, self.activity, replace(bench.source, client=client).of)

    def _rerun(self, run_id: str, *, deadline: float | None = None) -> str:
        self.asked.append(run_id)
        self.during()
        if self.fault:
            raise self.fault
        return "NEW"

    def during(self) -> None:
        """Nothing happens."""

    def rerun(self) -> Any:
        actor = Actor(User("ada", Role.ADMIN), 1, "192.0.2.7")
        return self.steering.rerun(actor, run(1000).id, "the bucket is back")

    def log(self) -> list[tuple[str, str]]:
        return [(row.kind, row.outcome) for row in reversed(self.activity.rows(ActivityFilters()))]


@pytest.fixture
def steered(bench: Bench, settings_for: Any, monkeypatch: pytest.MonkeyPatch) -> Steered:
    monkeypatch.setattr(written, "RETRY_S", 0.1)
    return Steered(bench, settings_for)


def test_what_cannot_be_written_down_is_not_done_and_may_be_tried_again(
    bench: Bench, own_server: EmbeddedServer, steered: Steered
) -> None:
    with full(own_server, bench), pytest.raises(StoreError):
        steered.rerun()
    assert (steered.asked, steered.log()) == ([], [])
    assert steered.rerun().ok, "the claim of what was never asked for is in the way"


@pytest.mark.parametrize("fault", [None, error(Refused, "already_ended")])
def test_what_was_done_while_the_store_went_away_is_told_and_written_down_later(
    bench: Bench, own_server: EmbeddedServer, steered: Steered, fault: Exception | None
) -> None:
    away = full(own_server, bench)
    steered.during = away.__enter__  # type: ignore[method-assign]
    steered.fault = fault
    done = steered.rerun()
    assert done.result is (Result.FAILED if fault else Result.DONE)
    assert steered.log() == [("rerun_asked", "done")]
    away.__exit__(None, None, None)
    came_true(lambda: len(steered.log()) == 2, 10)
    assert steered.log() == [("rerun_asked", "done"), ("rerun", "failed" if fault else "done")]
    assert steered.asked == [run(1000).id]


def test_results_that_come_while_a_long_queue_is_written_are_kept(
    store: Store, settings_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long absence the queue is full: what is given up at its old end must not cost results at its new end."""
    monkeypatch.setattr(history, "KEPT_IN_MEMORY", 5)
    results = HealthHistory(store, settings_for())

    def found(second: int) -> None:
        at = START + timedelta(seconds=second)
        results.found(HealthCheckResult(Service.S3, HealthStatus.HEALTHY, 12, "Bucket reachable", at, "ok"))

    for second in range(5):
        found(second)
    plain = history.Jsonb

    def while_writing(rows: Any) -> Any:
        for second in (5, 6):
            found(second)
        return plain(rows)

    monkeypatch.setattr(history, "Jsonb", while_writing)
    results.flush()
    monkeypatch.setattr(history, "Jsonb", plain)
    results.flush()
    with store.connection() as conn:
        assert conn.execute("select count(*) as n from health_checks").fetchone() == {"n": 7}
