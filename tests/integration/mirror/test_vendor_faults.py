"""An Inngest that misbehaves in every way while runs arrive, end and change: at the end the mirror is the source.

The client is the real one; behind it the played server answers, and a gate between the two spoils answers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from salina_monitor.inngest import BadAnswer, BadCursor, InngestClient, InngestError, NotFound
from salina_monitor.mirror import read_state, sync, verify
from salina_monitor.mirror.ahead import Ahead
from salina_monitor.mirror.backlog import queue_sweep, read_backlog_page
from salina_monitor.mirror.sync import Context, sync_live
from salina_monitor.models import JobStatus
from salina_monitor.sandbox.catalogue import CHANNEL, NOTIFY, PDF, ROYALTY_FEED
from salina_monitor.sandbox.mishaps import Kind
from salina_monitor.sandbox.runs import Fate
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.contract.inngest.replay import FakeTime
from tests.contract.sandbox.scene import KEY, SECOND, Scene
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, error, run

Gate = Callable[[httpx.Request, httpx.Response], httpx.Response]


def open_gate(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """Nothing is spoiled."""
    return answer


class Vendor:
    """A played Inngest, the gate before it, and a mirror that reads through it."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch, seed: int = 1) -> None:
        self.scene, self.store, self.time = Scene(seed), store, FakeTime()
        self.gate: Gate = open_gate
        self.skew = timedelta(0)
        self.random = random.Random(seed)
        monkeypatch.setattr(sync, "soon", lambda: self.time.monotonic() + sync.REQUEST_S)
        settings = Settings.load({"INNGEST_API_URL": "http://played", "INNGEST_SIGNING_KEY": KEY})
        self.client = InngestClient(
            settings, http=httpx.Client(transport=httpx.MockTransport(self._answer)), clock=self.clock,
            monotonic=self.time.monotonic, sleep=self.time.sleep,
        )  # fmt: skip
        self.ctx = Context(store, self.client, timedelta(days=2), self.clock, owner="test")

    def clock(self) -> datetime:
        """This machine's, which may be wrong."""
        return datetime.fromtimestamp(self.scene.now / SECOND, UTC) + self.skew

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        answer = self.scene.client.request(request.method, path)
        plain = httpx.Response(answer.status_code, headers={"content-type": "application/json"}, content=answer.content)
        return self.gate(request, plain)

    def live(self, runs: int) -> None:
        """Runs of every fate come in, and some time passes."""
        for _ in range(runs):
            fate = self.random.choice(
                [Fate(), Fate(), Fate(Kind.LEDGER, 1), Fate(Kind.LEDGER, 9), Fate(cancelled_after=4 * SECOND),
                 Fate(sleeps=90 * SECOND)]
            )  # fmt: skip
            self.scene.queue(self.random.choice([PDF, NOTIFY, ROYALTY_FEED, CHANNEL]), fate)
            self.scene.pass_(self.random.uniform(0, 2))

    def sync(self) -> str:
        """One sync as the thread does it; the code of what it met, or ""."""
        self.time.now += 10
        assert self.ctx.take_lease()
        try:
            sync_live(self.ctx)
            ahead = Ahead()
            while read_backlog_page(self.ctx, ahead):
                pass
        except InngestError as met:
            return met.code
        return ""

    def heal(self) -> None:
        """The gate is open; what is left is read, the hourly sweep included."""
        self.gate = open_gate
        self.time.now += 4_000  # whatever it was told to wait is over
        assert self.sync() == ""
        self.scene.pass_(3_700)
        queue_sweep(self.ctx)
        assert self.sync() == ""

    def differences(self) -> list[str]:
        """What the monitor's own comparison says, and that of the test: row by row with the played truth."""
        found = [str(d) for d in verify(self.ctx, self.clock() - timedelta(days=2)).divergences]
        with self.store.connection() as conn:
            rows = conn.execute("select id, upper(status) as status, tenant_id from runs").fetchall()
        mirrored = {row["id"]: (row["status"], row["tenant_id"]) for row in rows}
        truth = {r.id: (r.listed_status, r.tenant) for r in self.scene.simulation.runs.values()}
        ids = mirrored.keys() | truth.keys()
        return found + [f"{i}: {truth.get(i)} {mirrored.get(i)}" for i in ids if truth.get(i) != mirrored.get(i)]


@pytest.fixture
def vendor(store: Store, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return Vendor(store, monkeypatch)


def spoiled(change: Callable[[dict[str, Any]], object]) -> Gate:
    """Lists of runs changed by `change`, in place."""

    def gate(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if request.url.path != "/v2/runs" or answer.status_code != 200:
            return answer
        body = json.loads(answer.content)
        change(body)
        return httpx.Response(200, content=json.dumps(body).encode())

    return gate


def lost(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    raise httpx.ReadError("connection lost")


def cut(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    return httpx.Response(200, content=answer.content[: len(answer.content) // 2])


def slow_down(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    return httpx.Response(429, headers={"retry-after": "30"}, content=b"{}")


def restarting(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    return httpx.Response(503, content=b"upstream connect error")


def cursor_gone(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """As recorded in v2-runs.badcursor.json."""
    if "cursor" not in request.url.params:
        return answer
    body = {"errors": [{"code": "invalid_field_format", "message": "Cursor is invalid"}]}
    return httpx.Response(400, content=json.dumps(body).encode())


twice = spoiled(lambda body: body.__setitem__("data", [row for row in body.get("data", []) for _ in range(2)]))
empty = spoiled(lambda body: body.update(data=[], page={"limit": 100}))


def unknown_runs(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """Asked for alone, no run is known: a server that has lost its memory, for now."""
    if request.url.path.count("/") < 3:
        return empty(request, answer)
    return httpx.Response(404, content=b'{"errors":[{"code":"not_found","message":"Run not found"}]}')


FAULTS: dict[str, tuple[Gate, set[str]]] = {
    "connection lost": (lost, {"reset"}),
    "answer cut in the middle": (cut, {"bad_answer"}),
    "429 storm": (slow_down, {"rate_limited"}),
    "restarting": (restarting, {"vendor_down"}),
    "every row twice": (twice, {""}),
    "empty lists while runs exist": (empty, {""}),
    "memory lost for now": (unknown_runs, {""}),
    "cursors expire": (cursor_gone, {"", "bad_cursor"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_every_question_is_told_and_leaves_no_trace(vendor: Vendor, name: str) -> None:
    gate, codes = FAULTS[name]
    vendor.live(130)
    vendor.sync()
    vendor.live(10)
    vendor.gate = gate
    for _ in range(3):
        vendor.live(3)
        assert vendor.sync() in codes
    vendor.heal()
    assert vendor.differences() == []


@pytest.mark.parametrize("seed", range(6))
def test_a_life_of_mixed_faults_ends_with_the_mirror_equal_to_the_source(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Each answer may be spoiled, in the middle of a sync too, and this machine's clock is ten minutes off."""
    vendor = Vendor(store, monkeypatch, seed)
    vendor.skew = timedelta(minutes=random.Random(seed).choice([-10, 0, 10]))
    gates = [gate for gate, _ in FAULTS.values()]

    def sometimes(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return vendor.random.choice(gates)(request, answer) if vendor.random.random() < 0.25 else answer

    vendor.gate = sometimes
    met = []
    for _ in range(12):
        vendor.live(12)
        vendor.scene.pass_(vendor.random.choice([1, 20, 200]))
        met.append(vendor.sync())
    assert any(met), "no fault met a sync"
    vendor.heal()
    assert vendor.differences() == []
    state = read_state(store)
    assert state.problem is None
    assert abs(state.skew + vendor.skew) < timedelta(seconds=2)


def test_a_429_is_not_answered_with_more_questions(vendor: Vendor) -> None:
    vendor.live(5)
    vendor.sync()
    vendor.gate = slow_down
    vendor.sync()
    asked = vendor.client.requests
    for _ in range(2):  # 20 s of the 30 that were asked for
        assert vendor.sync() == "rate_limited"
    assert vendor.client.requests == asked
    vendor.heal()


def test_rows_that_change_while_a_list_is_turned_are_not_lost(vendor: Vendor) -> None:
    """Between any two pages more runs come in, and active ones end."""
    vendor.live(150)
    vendor.scene.burst(250)

    def moving(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        vendor.live(4)
        vendor.scene.pass_(3)
        return answer

    vendor.gate = moving
    for _ in range(3):
        assert vendor.sync() == ""
    vendor.heal()
    assert vendor.differences() == []


# --- what one run may not do to all others, on a source of the test's own


def id_of(number: int) -> str:
    return run(number).id


def test_a_cursor_that_expires_in_the_live_part_starts_that_list_again(bench: Bench) -> None:
    bench.client.page = 5
    bench.client.put(*(run(i, JobStatus.RUNNING, queued=START - timedelta(minutes=i)) for i in range(23)))
    thrown: list[int] = []

    def expire(question: str) -> None:
        if bench.client.requests in (2, 5) and bench.client.requests not in thrown:
            thrown.append(bench.client.requests)
            bench.client.requests += 1
            raise error(BadCursor, "bad_cursor")

    bench.client.before = expire
    bench.sync()
    assert len(thrown) == 2
    assert bench.matches_source()
    assert read_state(bench.store).problem is None


def test_cursors_that_always_expire_are_an_error_and_no_endless_loop(bench: Bench) -> None:
    bench.client.page = 5
    bench.client.put(*(run(i, JobStatus.RUNNING) for i in range(23)))
    plain = bench.client.list_runs

    def never(**question: Any) -> Any:
        if question.get("cursor"):
            raise error(BadCursor, "bad_cursor")
        return plain(**question)

    bench.client.list_runs = never  # type: ignore[method-assign]
    with pytest.raises(BadCursor):
        bench.sync()
    assert bench.client.requests < 10


@pytest.mark.parametrize("code", ["bad_answer", "too_large", "vendor_error", "bad_request"])
def test_a_run_that_cannot_be_read_alone_stops_no_other(bench: Bench, code: str) -> None:
    """It is listed no more, and the question for it alone fails each time: the sync goes on without it."""
    bench.client.put(run(1, JobStatus.RUNNING), run(2, JobStatus.RUNNING))
    bench.sync()
    bench.client.hidden.add(id_of(1))
    plain = bench.client.get_run

    def poisoned(run_id: str, **more: Any) -> Any:
        if run_id == id_of(1):
            raise error(BadAnswer, code)
        return plain(run_id, **more)

    bench.client.get_run = poisoned  # type: ignore[method-assign]
    bench.later(minutes=1)
    bench.client.put(replace(bench.client.runs[id_of(2)], status=JobStatus.COMPLETED, ended_at=bench.client.now))
    before = read_state(bench.store).as_of.seq
    bench.sync()
    state = read_state(bench.store)
    assert state.as_of.seq > before
    assert {row["id"]: row["status"] for row in bench.rows()} == {id_of(1): "running", id_of(2): "completed"}
    assert state.rejected_rows == 1


def test_an_active_run_without_a_trace_stops_no_other(bench: Bench) -> None:
    bench.client.put(run(1, JobStatus.RUNNING))
    bench.sync()
    bench.client.hidden.add(id_of(1))

    def no_trace(run_id: str, **more: Any) -> Any:
        raise error(NotFound, "not_found")

    bench.client.get_trace = no_trace  # type: ignore[method-assign]
    bench.later(minutes=1)
    bench.sync()
    assert [row["status"] for row in bench.rows()] == ["running"]


@pytest.mark.parametrize("ended", [False, True])
def test_a_status_that_nobody_knows_is_unknown_until_it_is_known(bench: Bench, ended: bool) -> None:
    """A newer server says PAUSED: no list that can be asked for holds the run, and that is no divergence."""
    bench.client.put(run(1, JobStatus.RUNNING), run(2, JobStatus.COMPLETED))
    bench.later(minutes=5)
    bench.sync()
    bench.fill()
    at = bench.client.now if ended else None
    paused = replace(bench.client.runs[id_of(1)], status=JobStatus.UNKNOWN, raw_status="PAUSED", ended_at=at)
    bench.client.put(paused)
    bench.later(minutes=1)
    bench.client.put(run(3, JobStatus.COMPLETED, queued=bench.client.now - timedelta(seconds=61)))
    bench.sync()
    assert {r["id"]: r["status"] for r in bench.rows()}[id_of(1)] == "unknown"
    assert verify(bench.ctx, START - timedelta(days=1)).divergences == ()
    bench.later(minutes=1)
    bench.client.put(replace(paused, status=JobStatus.FAILED, ended_at=at or bench.client.now))
    bench.sync()
    assert bench.matches_source()


def test_a_verification_outlives_a_cursor(bench: Bench) -> None:
    bench.client.page = 5
    bench.client.put(*(run(i, queued=START - timedelta(minutes=i + 3)) for i in range(30)))
    bench.sync()
    bench.fill()
    thrown = []

    def expire(question: str) -> None:
        if question == "runs:completed,cancelled" and bench.client.asked[-1:] == [question] and not thrown:
            thrown.append(question)
            raise error(BadCursor, "bad_cursor")

    bench.client.before = expire
    found = verify(bench.ctx, START - timedelta(days=1))
    assert thrown
    assert (found.compared, found.divergences) == (30, ())
