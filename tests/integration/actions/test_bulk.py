"""Many jobs at once: previewed, begun once, worked off one by one, gone on with after a fault."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor, Denied
from salina_monitor.actions import bulk as bulk_module
from salina_monitor.actions.bulk import Bulk, BulkRefused, Preview, What
from salina_monitor.actions.bulk_work import BulkWork
from salina_monitor.actions.steering import Steering
from salina_monitor.activity import ActivityFilters
from salina_monitor.inngest import Refused, Unconfirmed, Unreachable
from salina_monitor.models import Event, JobFilters, JobStatus, Role, User
from salina_monitor.queries import get_failure_groups
from salina_monitor.store import Store
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, error, run

S = JobStatus
WHY = "the bucket is back"
FAILED = JobFilters(status=S.FAILED)
ADA, ANN = User("ada", Role.ADMIN), User("ann", Role.OWNER)


class Scene:
    """Six failed jobs of three tenants and two running ones, before an Inngest that counts what it is asked to do."""

    def __init__(self, store: Store, settings_for: Callable[..., Any]) -> None:
        self.bench = Bench(store, settings_for)
        for number in range(8):
            status = S.FAILED if number < 6 else S.RUNNING
            job = run(number, status, queued=START - timedelta(minutes=30 - number), took_s=30)
            self.bench.client.put(job, tenant=None)
            data = {"tenantId": f"t{number % 3}", "statementId": f"st{number}"}
            self.bench.client.events.append(Event(job.event_ids[0], "x", job.queued_at, data))
        self.bench.ctx.document_fields = ("statementId",)
        self.bench.sync()
        self.bench.fill()
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda run_id: None
        self.people: dict[str, User] = {user.name: user for user in (ADA, ANN)}
        client: Any = self.bench.client
        client.rerun, client.cancel = self._rerun, self._cancel
        self.activity = Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4")).activity
        source = replace(self.bench.source, client=client)
        self.bulk = Bulk(store, self.activity, source.of)
        self.steering = Steering(store, client, self.activity, source.of)
        self.store = store

    def _rerun(self, run_id: str, *, deadline: float | None = None) -> str:
        self._cancel(run_id)
        return f"NEW-{run_id[-1]}"

    def _cancel(self, run_id: str, *, deadline: float | None = None) -> None:
        self.before(run_id)
        self.asked.append(run_id[-1])

    def worker(self) -> BulkWork:
        return BulkWork(self.store, self.activity, self.steering, self.people.get, wait_s=0)

    def begin(self, actor: Actor | None = None, *, key: str = "k", filters: JobFilters = FAILED, what: What = What.RERUN,
              why: str = WHY) -> int:  # fmt: skip
        return self.bulk.begin(actor or by(), self.preview(actor, filters=filters, what=what), why, key)

    def preview(self, actor: Actor | None = None, *, filters: JobFilters = FAILED, what: What = What.RERUN) -> Preview:
        return self.bulk.preview(actor or by(), what, filters, self.bench.source.state().as_of)

    def work(self, bulk_id: int) -> Any:
        self.worker().work(bulk_id, Flag())
        return self.state(bulk_id)

    def state(self, bulk_id: int, actor: Actor | None = None) -> Any:
        state = self.bulk.state(actor or by(), bulk_id)
        assert state is not None
        return state

    def said(self, bulk_id: int) -> dict[str, tuple[str, str]]:
        return {item.job_id[-1]: (item.state, item.said) for item in self.bulk.items(by(), bulk_id)}

    def log(self, prefix: str = "bulk") -> list[tuple[str, str]]:
        rows = self.activity.rows(ActivityFilters())
        return [(row.who, row.kind) for row in reversed(rows) if row.kind.startswith(prefix)]


@pytest.fixture
def scene(store: Store, settings_for: Callable[..., Any]) -> Scene:
    return Scene(store, settings_for)


def by(user: User = ADA) -> Actor:
    return Actor(user, 1, "192.0.2.7")


def refuse(wanted: str, kind: type, code: str) -> Callable[[str], None]:
    """A fault at one job (by the last figure of its id), or at all with ""."""

    def before(run_id: str) -> None:
        if not wanted or run_id[-1] == wanted:
            raise error(kind, code)

    return before


def test_a_preview_tells_how_many_whose_and_which_are_skipped(scene: Scene) -> None:
    made = run(20, S.COMPLETED, queued=START - timedelta(minutes=2), took_s=30)
    scene.bench.client.put(made, tenant=None)
    scene.bench.client.events.append(
        Event(made.event_ids[0], "x", made.queued_at, {"tenantId": "t0", "statementId": "st0"})
    )
    scene.bench.sync()
    scene.steering.rerun(by(), f"R{1:025d}", "alone")
    seen = scene.bulk.preview(by(), What.RERUN, FAILED, scene.bench.source.state().as_of)
    assert (seen.jobs, seen.total, seen.total_is_capped, seen.tenant_count) == (6, 6, False, 3)
    assert seen.tenants == (("t0", 2), ("t1", 2), ("t2", 2))
    assert (seen.made_good, seen.asked_before, seen.types) == (1, 1, ("PDF generation",))
    assert [job.id[-1] for job in seen.sample] == ["5", "4", "3", "2", "1"]
    assert scene.asked == ["1"], "looking does nothing"


def test_a_preview_names_types_that_its_sample_does_not_show(scene: Scene) -> None:
    for number in range(10, 20):
        queued = START - timedelta(minutes=60 + number)
        took_s = 60 * (60 + number) - 30  # it ended just now
        scene.bench.client.put(run(number, S.FAILED, queued=queued, took_s=took_s, function="sync-users"), tenant="t0")
    with scene.store.connection() as conn:
        conn.execute("insert into functions (id, name, seen_at) values ('sync-users', 'Sync users', now())"
                     " on conflict (id) do update set name = excluded.name")  # fmt: skip
    scene.bench.sync()
    seen = scene.bulk.preview(by(), What.RERUN, FAILED, scene.bench.source.state().as_of)
    assert "sync-users" not in [job.function_id for job in seen.sample]
    assert sorted(seen.types) == ["PDF generation", "Sync users"]


def test_everything_listed_is_asked_for_once_and_written_down(scene: Scene) -> None:
    number = scene.begin()
    assert scene.asked == [], "beginning only writes down"
    state = scene.work(number)
    assert (state.state, state.jobs, state.done, state.waiting, state.active) == ("done", 6, 6, 0, False)
    assert scene.asked == ["5", "4", "3", "2", "1", "0"]
    assert scene.log() == [("ada", "bulk_begun"), ("ada", "bulk_ended")]
    assert len(scene.log("rerun")) == 12, "each job has its own rows before and after"
    assert scene.said(number)["3"] == ("done", "Started again as job NEW-3.")
    assert scene.work(number).done == 6
    assert len(scene.asked) == 6


def test_it_says_how_the_new_runs_stand(scene: Scene) -> None:
    number = scene.begin()
    scene.work(number)
    assert scene.state(number).new_runs == {"not_seen": 6}
    for figure, status in enumerate([S.COMPLETED, S.COMPLETED, S.FAILED, S.RUNNING]):
        scene.bench.client.put(replace(run(50 + figure, status), id=f"NEW-{figure}"))
    scene.bench.later(minutes=2)
    scene.bench.sync()
    assert scene.state(number).new_runs == {"completed": 2, "failed": 1, "active": 1, "not_seen": 2}


def test_a_cause_is_named_by_what_it_says(scene: Scene) -> None:
    (group,) = get_failure_groups(source=scene.bench.source)
    wanted = replace(FAILED, group=group.fingerprint)
    named = f"status failed, range 24h, cause “{group.title}”"
    assert scene.bulk.preview(by(), What.RERUN, wanted, scene.bench.source.state().as_of).scope == named
    assert scene.state(scene.begin(filters=wanted)).scope == named


def test_two_clicks_begin_one_bulk_action(scene: Scene) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(lambda _: scene.begin(), range(4)))
    assert len(numbers) == 1
    assert scene.log() == [("ada", "bulk_begun")]


def test_two_people_at_once_act_once_on_each_job(scene: Scene) -> None:
    first, second = scene.begin(), scene.begin(by(ANN), key="other")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: scene.worker().work(n, Flag()), [first, second, first, second]))
    assert sorted(scene.asked) == list("012345")
    a, b = scene.state(first), scene.state(second)
    assert (a.state, b.state, a.done + b.done, a.skipped + b.skipped) == ("done", "done", 6, 6)


def test_what_was_made_good_or_asked_before_is_skipped_with_the_reason(scene: Scene) -> None:
    with scene.store.connection() as conn:
        conn.execute("update runs set superseded_seq = 1 where id = %s", (f"R{2:025d}",))
        conn.execute(
            "insert into job_actions (job_id, what, at, who) values (%s, 'rerun', '2026-11-20 09:15+00', 'bea')",
            (f"R{4:025d}",),
        )
    number = scene.begin()
    state = scene.work(number)
    assert (state.done, state.skipped) == (4, 2)
    assert scene.said(number)["2"] == ("skipped", "Made good already: its document was made later.")
    assert scene.said(number)["4"] == ("skipped", "Asked for before: bea at 20 Nov 09:15 UTC.")


def test_what_has_ended_meanwhile_is_not_cancelled(scene: Scene) -> None:
    number = scene.begin(what=What.CANCEL, filters=JobFilters(status=S.RUNNING))
    ended = scene.bench.client.runs[f"R{6:025d}"]
    scene.bench.client.runs[ended.id] = replace(ended, status=S.COMPLETED, ended_at=START)
    state = scene.work(number)
    assert (state.done, state.skipped, scene.asked) == (1, 1, ["7"])
    assert scene.said(number)["6"] == ("skipped", "The job is completed already; there is nothing to cancel.")


def test_a_job_that_inngest_refuses_stops_no_other(scene: Scene) -> None:
    scene.before = refuse("3", Refused, "refused")
    number = scene.begin()
    state = scene.work(number)
    assert (state.state, state.done, state.failed) == ("done", 5, 1)
    assert scene.said(number)["3"] == ("failed", "Own words for a test.")


def test_an_answer_that_was_lost_is_not_asked_for_again(scene: Scene) -> None:
    scene.before = refuse("3", Unconfirmed, "unconfirmed")
    number = scene.begin()
    state = scene.work(number)
    assert (state.done, state.unconfirmed) == (5, 1)
    scene.before = lambda run_id: None
    assert not scene.bulk.resume(by(), number), "it is done"
    again = scene.begin(key="again")
    scene.work(again)
    assert "3" not in scene.asked


def test_inngest_failing_midway_keeps_what_was_done_and_the_rest_is_resumed(scene: Scene) -> None:
    def die(run_id: str) -> None:
        if len(scene.asked) == 2:
            raise error(Unreachable, "unreachable")

    scene.before = die
    number = scene.begin()
    state = scene.work(number)
    assert (state.state, state.said, state.done, state.waiting) == ("paused", "Own words for a test.", 2, 4)
    assert state.can_resume
    scene.before = lambda run_id: None
    assert scene.bulk.resume(by(ANN), number)
    state = scene.work(number)
    assert (state.state, state.done, state.waiting) == ("done", 6, 0)
    assert sorted(scene.asked) == list("012345")
    assert ("ann", "bulk_resumed") in scene.log()
    assert [who for who, kind in scene.log("rerun") if kind == "rerun"][-4:] == ["ann"] * 4, "whose rights counted"


def test_a_process_that_was_killed_leaves_one_job_unconfirmed_and_the_rest_waiting(scene: Scene) -> None:
    class Killed(BaseException):
        pass

    def kill(run_id: str) -> None:
        if run_id[-1] == "3":
            raise Killed

    scene.before = kill
    number = scene.begin()
    with pytest.raises(Killed):
        scene.work(number)
    with scene.store.connection() as conn:  # kill -9 runs no finally: the lease is still there, and runs out
        conn.execute("update bulk_actions set owner = 'dead', lease_until = now() + interval '1 minute'")
    scene.before = lambda run_id: None
    assert scene.work(number).active, "somebody may still be at it"
    assert not scene.bulk.resume(by(), number)
    with scene.store.connection() as conn:
        conn.execute("update bulk_actions set lease_until = now() - interval '1 second'")
    state = scene.state(number)
    assert (state.active, state.can_resume, state.asking, state.done) == (False, True, 1, 2)
    assert scene.bulk.resume(by(), number)
    state = scene.work(number)
    assert (state.state, state.done, state.unconfirmed) == ("done", 5, 1)
    assert scene.said(number)["3"][0] == "unconfirmed"
    assert sorted(scene.asked) == list("01245")


@pytest.mark.parametrize(
    "now", [None, replace(ADA, disabled=True), replace(ADA, role=Role.EDITOR), replace(ADA, must_change=True)]
)
def test_whoever_loses_the_right_midway_does_no_more(scene: Scene, now: User | None) -> None:
    def lose(run_id: str) -> None:
        if len(scene.asked) == 1:
            scene.people.pop("ada")
            if now is not None:
                scene.people["ada"] = now

    scene.before = lose
    number = scene.begin()
    state = scene.work(number)
    assert (state.state, state.done, state.waiting) == ("paused", 2, 4)
    assert state.said
    assert scene.bulk.resume(by(ANN), number)
    assert scene.work(number).done == 6


def test_stopped_is_stopped_after_the_job_under_way(scene: Scene) -> None:
    number = scene.begin()
    scene.before = lambda run_id: None if scene.asked else assert_true(scene.bulk.stop(by(ANN), number))
    state = scene.work(number)
    assert (state.state, state.done, state.waiting) == ("stopped", 1, 5)
    assert state.said == "Stopped by ann; the jobs still waiting were not asked for."
    assert not scene.bulk.stop(by(), number)
    assert scene.bulk.resume(by(), number)
    assert scene.work(number).done == 6


def assert_true(value: bool) -> None:
    assert value


def test_a_process_that_ends_in_order_leaves_nothing_half_done(scene: Scene) -> None:
    stopping = Flag()
    scene.before = lambda run_id: stopping.set() if len(scene.asked) == 2 else None
    number = scene.begin()
    scene.worker().work(number, stopping)
    state = scene.state(number)
    assert (state.state, state.active, state.done, state.asking, state.waiting) == ("running", False, 3, 0, 3)
    assert state.can_resume


def test_a_long_list_is_cut_and_the_cut_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "CAP", 4)
    seen = scene.bulk.preview(by(), What.RERUN, FAILED, scene.bench.source.state().as_of)
    assert (seen.jobs, seen.total) == (4, 6)
    assert scene.work(scene.begin()).jobs == 4
    assert scene.asked == ["5", "4", "3", "2"], "the newest"


@pytest.mark.parametrize("status", [None, S.COMPLETED, S.RUNNING, S.QUEUED])
def test_only_failed_and_cancelled_lists_are_run_again(scene: Scene, status: JobStatus | None) -> None:
    filters = JobFilters(status=status)
    with pytest.raises(BulkRefused, match="failed or cancelled"):
        scene.bulk.preview(by(), What.RERUN, filters, scene.bench.source.state().as_of)
    with pytest.raises(BulkRefused, match="failed or cancelled"):
        scene.begin(filters=filters)
    with pytest.raises(BulkRefused, match="running or queued"):
        scene.begin(filters=FAILED, what=What.CANCEL)


def test_no_reason_or_no_job_begins_nothing(scene: Scene) -> None:
    with pytest.raises(BulkRefused, match="Write why"):
        scene.begin(why=" x ")
    with pytest.raises(BulkRefused, match="no such job"):
        scene.begin(filters=JobFilters(status=S.FAILED, tenant="nobody"))
    assert scene.bulk.recent(by()) == ()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
def test_nobody_without_the_right_previews_begins_or_looks(scene: Scene, role: Role) -> None:
    number = scene.begin()
    stranger = by(User("eve", role))
    as_of = scene.bench.source.state().as_of
    for ask in (
        lambda: scene.bulk.preview(stranger, What.RERUN, FAILED, as_of), lambda: scene.begin(stranger, key="e"),
        lambda: scene.bulk.state(stranger, number), lambda: scene.bulk.items(stranger, number),
        lambda: scene.bulk.resume(stranger, number), lambda: scene.bulk.stop(stranger, number),
        lambda: scene.bulk.recent(stranger),
    ):  # fmt: skip
        with pytest.raises(Denied):
            ask()


def test_a_limited_user_acts_on_the_own_tenant_and_sees_the_own_only(scene: Scene) -> None:
    limited = User("lim", Role.ADMIN, tenant="t1")
    scene.people["lim"] = limited
    others = scene.begin()
    seen = scene.bulk.preview(by(limited), What.RERUN, FAILED, scene.bench.source.state().as_of)
    assert (seen.jobs, seen.tenants) == (2, (("t1", 2),))
    own = scene.begin(by(limited), key="own")
    scene.work(own)
    assert sorted(scene.asked) == ["1", "4"]
    assert scene.bulk.state(by(limited), others) is None
    assert scene.bulk.items(by(limited), others) == ()
    assert not scene.bulk.stop(by(limited), others)
    assert [state.id for state in scene.bulk.recent(by(limited))] == [own]
    assert [state.id for state in scene.bulk.recent(by())] == [own, others]


def ids_of(scene: Scene, bulk_id: int) -> list[str]:
    return sorted(item.job_id for item in scene.bulk.items(by(), bulk_id))


def test_what_is_usual_may_change_after_the_preview_and_the_jobs_stay(scene: Scene) -> None:
    def usually(minutes: int) -> None:
        with scene.store.connection() as conn:
            conn.execute(
                "insert into baselines (function_id, n, wait_p50_ms, wait_p95_ms, duration_p50_ms, duration_p95_ms,"
                " computed_at) select distinct function_id, 50, 1, 1, 1, %(ms)s, now() from runs"
                " on conflict (function_id) do update set duration_p95_ms = excluded.duration_p95_ms",
                {"ms": minutes * 60_000},
            )

    for number in range(10, 16):
        scene.bench.client.put(run(number, S.RUNNING, queued=START - timedelta(minutes=10 * number)), tenant="t0")
    scene.bench.sync()
    stuck = JobFilters(status=S.RUNNING, stuck=True)
    usually(45)
    seen = scene.preview(filters=stuck, what=What.CANCEL)
    assert 0 < seen.jobs < 8
    usually(1)
    assert scene.preview(filters=stuck, what=What.CANCEL).jobs > seen.jobs
    assert ids_of(scene, scene.bulk.begin(by(), seen, WHY, "k")) == sorted(seen.ids)


def test_words_that_are_learned_after_the_preview_add_no_job(scene: Scene) -> None:
    october = replace(FAILED, text="october")
    assert scene.preview(filters=october).jobs == 0
    with scene.store.connection() as conn:
        conn.execute("update runs set search = search || 'october'::tsvector where id = %s", (f"R{1:025d}",))
    seen = scene.preview(filters=october)
    with scene.store.connection() as conn:
        conn.execute("update runs set search = search || 'october'::tsvector")
    assert ids_of(scene, scene.bulk.begin(by(), seen, WHY, "k")) == [f"R{1:025d}"]


def test_numbers_and_sample_of_a_preview_are_those_of_its_jobs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "CAP", 4)
    seen = scene.preview()
    assert [job.id for job in seen.sample] == list(seen.ids)
    assert sum(n for _, n in seen.tenants) == seen.jobs == 4


def test_what_the_actor_may_no_longer_see_is_left_out(scene: Scene) -> None:
    seen = scene.preview()
    limited = by(User("ada", Role.ADMIN, tenant="t1"))
    assert ids_of(scene, scene.bulk.begin(limited, seen, WHY, "k")) == [f"R{1:025d}", f"R{4:025d}"]
    with pytest.raises(BulkRefused, match="no such job"):
        scene.bulk.begin(by(User("ada", Role.ADMIN, tenant="t9")), seen, WHY, "l")
    with pytest.raises(Denied):
        scene.bulk.begin(by(User("ada", Role.EDITOR)), seen, WHY, "m")


def test_what_is_forgotten_meanwhile_is_skipped_with_the_reason(scene: Scene) -> None:
    seen = scene.preview()
    with scene.store.connection() as conn:
        conn.execute("delete from runs where id = %s", (f"R{3:025d}",))
    scene.bench.client.runs.pop(f"R{3:025d}")
    number = scene.bulk.begin(by(), seen, WHY, "k")
    state = scene.work(number)
    assert (state.jobs, state.done, state.skipped) == (6, 5, 1)
    assert scene.said(number)["3"] == ("skipped", "Nobody knows this job any more; nothing was done.")
