"""What the verdict is judged from, counted on a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.evidence import TypeEvidence
from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import Event, JobStatus, Role, User
from salina_monitor.queries import JobSource, get_evidence, get_job_summary
from salina_monitor.store import Store
from tests.bench.data import NOW, fill
from tests.integration.mirror.conftest import Bench
from tests.support.fake_client import START, run

S = JobStatus


@pytest.fixture
def bench(store: Store, settings_for: Any) -> Bench:
    bench = Bench(store, settings_for)
    bench.ctx.history = timedelta(days=10)
    return bench


def put(
    bench: Bench, number: int, status: JobStatus = S.COMPLETED, *, hours: float = 0.5, tenant: str = "acme",
    function: str = "f", message: str = "boom", document: str = "",
) -> str:  # fmt: skip
    queued = START - timedelta(hours=hours, seconds=30)
    job = run(number, status, queued=queued, took_s=30, function=function, message=message)
    bench.client.put(job, tenant=None)
    data = {"tenantId": tenant, **({"statementId": document} if document else {})}
    bench.client.events.append(Event(job.event_ids[0], "x", queued, data))
    return job.id


def of(bench: Bench, type_id: str) -> TypeEvidence:
    found = get_evidence(source=bench.source)
    assert found is not None
    return next(one for one in found.types if one.id == type_id)


def ready(bench: Bench) -> None:
    bench.sync()
    bench.fill()


def test_nothing_is_known_before_the_first_sync(bench: Bench) -> None:
    assert get_evidence(source=bench.source) is None


def test_ten_times_the_failures_at_the_same_share_are_unusual(bench: Bench) -> None:
    number = 0
    for hours, failed, well in ((0.5, 25, 75), (30.5, 3, 9), (54.5, 2, 6), (102.5, 2, 6)):
        for n in range(failed + well):
            number += 1
            put(bench, number, S.FAILED if n < failed else S.COMPLETED, hours=hours)
    ready(bench)
    one = of(bench, "f")
    assert (one.usual_busiest, one.usual_failed, one.usual_ended) == (3, 7, 28)
    assert one.open_hour == 25
    assert one.many_now
    assert one.fails_now
    assert not one.failed_earlier


def test_hour_day_and_the_week_before_are_told_apart(bench: Bench) -> None:
    for number, hours in enumerate([0.1, 0.5, 5, 20, 30, 100, 190, 200]):
        put(bench, number, S.FAILED if number % 2 else S.COMPLETED, hours=hours)
    ready(bench)
    one = of(bench, "f")
    assert (one.ended_hour, one.failed_hour) == (2, 1)
    assert (one.ended_day, one.failed_day) == (4, 2)
    assert (one.usual_ended, one.usual_failed) == (3, 1)  # 200 h ago is longer than a day and a week


def test_the_last_hour_is_an_hour_also_between_two_quarters(bench: Bench) -> None:
    for number, hours in enumerate([0.1, 0.7, 0.8, 0.9]):  # ended 6, 42, 48 and 54 minutes before 12:00
        put(bench, number, S.FAILED if number else S.COMPLETED, hours=hours)
    bench.later(minutes=10)
    ready(bench)
    one = of(bench, "f")
    assert (one.ended_hour, one.failed_hour) == (3, 2)


def test_a_view_does_not_count_what_ended_after_its_sync(bench: Bench) -> None:
    put(bench, 1, hours=0.5)
    ready(bench)
    seen = bench.source.state().as_of
    bench.later(minutes=1)
    put(bench, 2, hours=0.01)
    bench.later(minutes=29)
    bench.client.put(run(3, S.COMPLETED, queued=START + timedelta(minutes=20), took_s=30, function="f"))
    bench.sync()
    found = get_evidence(as_of=seen, source=bench.source)
    assert found is not None
    assert [(one.ended_hour, one.ended_day) for one in found.types] == [(1, 1)]


def test_the_numbers_agree_with_the_cards(bench: Bench) -> None:
    for number in range(40):
        put(bench, number, list(S)[number % 5], hours=number / 2 + 0.3, function="f" if number % 3 else "g")
    ready(bench)
    found, cards = get_evidence(source=bench.source), get_job_summary(source=bench.source)
    assert found is not None
    assert (found.running, found.queued) == (cards.active, cards.queued)
    assert (found.waiting_long, found.running_long) == (cards.stuck_queued, cards.stuck_running)
    assert found.failed_day == cards.failed_last_24h
    assert found.ended_day == (cards.failed_last_24h or 0) + (cards.completed_last_24h or 0)
    assert found.oldest_queued_at == cards.oldest_queued_at


@pytest.mark.parametrize("minutes", [0, 7.3, 15, 22, 30, 52.5])
@pytest.mark.parametrize("tenant", [None, "tenant-0001"])
def test_what_is_usual_is_what_the_runs_say(
    store: Store, settings_for: Any, minutes: float, tenant: str | None
) -> None:
    """Days and the week before begin at a quarter of an hour, the last hour at its second."""
    fill(store, 4_000, days=12, tenants=3, active=5)
    now = NOW + timedelta(minutes=minutes)
    with store.connection() as conn:
        conn.execute("update mirror_state set synced_at = %(now)s, server_at = %(now)s", {"now": now})
        rows = conn.execute(
            "select function_id, max(hour)::int as hour, sum(day)::int as day, sum(usual)::int as usual,"
            " sum(usual_failed)::int as usual_failed, max(usual_failed)::int as busiest from ("
            "  select function_id, date_trunc('hour', ended_at),"
            "  sum(count(*) filter (where ended_at >= %(hour)s)) over (partition by function_id) as hour,"
            "  count(*) filter (where quarter >= %(day)s) as day, count(*) filter (where quarter < %(day)s) as usual,"
            "  count(*) filter (where quarter < %(day)s and status = 'failed') as usual_failed"
            "  from runs, lateral (select quarter_of(ended_at) as quarter) as q"
            "  where status in ('completed', 'failed') and ended_at < 'infinity' and quarter >= %(since)s"
            "  and coalesce(tenant_id = %(tenant)s, true) group by 1, 2"
            " ) as hours group by 1",
            {"hour": now - timedelta(hours=1), "day": now - timedelta(days=1), "since": now - timedelta(days=8),
             "tenant": tenant},
        ).fetchall()  # fmt: skip
    source = JobSource(store, JobTypes.of(settings_for()), clock=lambda: now, tenant=tenant)
    found = get_evidence(source=source)
    assert found is not None
    told = {
        one.id: (one.ended_hour, one.ended_day, one.usual_ended, one.usual_failed, one.usual_busiest)
        for one in found.types
    }
    names = ("hour", "day", "usual", "usual_failed", "busiest")
    counted = {source.types.type_of(row["function_id"]): tuple(row[name] for name in names) for row in rows}
    assert counted.keys() <= told.keys()
    assert told == {id: counted.get(id, (0, 0, 0, 0, 0)) for id in told}
    assert sum(numbers[3] for numbers in told.values()) > 10


def test_causes_have_numbers_times_and_the_tenants_hit(bench: Bench) -> None:
    for number in range(6):
        put(bench, number, S.FAILED, hours=0.2 + number / 4, message=f"S3 503 for s3://b/{number}.pdf",
            tenant=f"t{number % 4}")  # fmt: skip
    put(bench, 10, S.FAILED, hours=3, message="no template")
    ready(bench)
    one = of(bench, "f")
    first, second = sorted(one.causes, key=lambda cause: -cause.day)
    assert (first.title, first.day, first.hour) == ("ValueError: S3 <n> for <url>", 6, 4)
    assert (first.last, first.first) == (START - timedelta(hours=0.2), START - timedelta(hours=0.2 + 5 / 4))
    assert (second.title, second.day, second.hour) == ("ValueError: no template", 1, 0)
    assert one.tenants == 5


def test_what_was_made_good_or_decided_about_is_not_open(bench: Bench) -> None:
    bench.ctx.document_fields = ("statementId",)
    for number in range(4):
        put(bench, number, S.FAILED, hours=0.6, document=f"st{number}")
    put(bench, 10, S.COMPLETED, hours=0.1, document="st0")
    ready(bench)
    assert (of(bench, "f").failed_day, of(bench, "f").open_day, of(bench, "f").open_hour) == (4, 3, 3)
    with bench.store.connection() as conn:
        conn.execute(
            "insert into failure_marks (fingerprint, kind, at, who) select fingerprint, 'resolved', %s, 'ann' from runs "
            "where fingerprint is not null limit 1",
            (START,),
        )
    assert of(bench, "f").open_day == 0
    bench.later(minutes=5)
    bench.client.put(run(20, S.FAILED, queued=START, took_s=60, function="f"))
    bench.sync()
    assert of(bench, "f").open_day == 4, "it came back, so the decision no longer holds"


def test_only_tenants_of_open_failures_are_hit(bench: Bench) -> None:
    bench.ctx.document_fields = ("statementId",)
    for number in range(12):
        put(bench, number, S.FAILED, hours=0.6, tenant=f"t{number}", document=f"d{number}")
    for number in range(9):
        put(bench, 20 + number, hours=0.3, tenant=f"t{number}", document=f"d{number}")
    ready(bench)
    assert (of(bench, "f").failed_day, of(bench, "f").open_day, of(bench, "f").tenants) == (12, 3, 3)


def test_whom_the_undecided_causes_hit_is_not_made_up(bench: Bench) -> None:
    for number in range(4):
        put(bench, number, S.FAILED, tenant=f"t{number}", message="ignored" if number else "open")
    ready(bench)
    assert of(bench, "f").tenants == 4
    with bench.store.connection() as conn:
        conn.execute(
            "insert into failure_marks (fingerprint, kind, at, who) select fingerprint, 'resolved', %s, 'ann' from runs "
            "where error_message = 'ignored' limit 1",
            (START,),
        )
    assert (of(bench, "f").open_day, of(bench, "f").tenants) == (1, None)


def test_the_largest_causes_of_day_and_hour_have_their_words(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salina_monitor.queries.evidence.MOST_CAUSES", 1)
    for number, message in enumerate("abcdefgh"):
        for n in range(4 if message == "e" else 1):
            put(bench, 10 * number + n, S.FAILED, hours=5, message=message)
    for n in range(2):
        put(bench, 90 + n, S.FAILED, hours=0.2, message="now")
    ready(bench)
    named = {cause.title for cause in of(bench, "f").causes}
    assert named == {"ValueError: e", "ValueError: now", "one error"}


def test_a_decision_about_a_small_cause_counts_among_a_hundred_larger_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of causes is capped; what the verdict counts as open is not."""
    monkeypatch.setattr("salina_monitor.queries.failures.MOST_GROUPS", 2)
    monkeypatch.setattr("salina_monitor.queries.failures.FAILURE_CAP", 4)
    for number, message in enumerate(["one", "one", "two", "two", "three", "three", "small"]):
        put(bench, number, S.FAILED, hours=0.6 + number / 10, message=message)
    ready(bench)
    with bench.store.connection() as conn:
        conn.execute(
            "insert into failure_marks (fingerprint, kind, at, who) select fingerprint, 'resolved', %s, 'ann' from runs "
            "where error_message = 'small'",
            (START,),
        )
    assert of(bench, "f").open_day == 6


def test_the_pace_is_that_of_the_last_quarter_of_an_hour(bench: Bench) -> None:
    for number, hours in enumerate([0.05, 0.1, 0.24, 0.3]):
        put(bench, number, hours=hours)
    put(bench, 10, S.QUEUED, hours=0.2)
    put(bench, 11, S.QUEUED, hours=2)
    put(bench, 12, hours=0.1, tenant="other")
    took_long = run(13, queued=START - timedelta(hours=3), took_s=2.9 * 3600)
    bench.client.put(took_long, tenant="acme")
    ready(bench)
    for source, pace in {bench.source: (5, 5), replace(bench.source, tenant="acme"): (4, 4)}.items():
        found = get_evidence(source=source)
        assert found is not None
        assert (found.arrived, found.ended) == pace


def test_what_started_in_the_last_quarter_of_an_hour_is_counted_as_far_as_it_is_known(bench: Bench) -> None:
    late = put(bench, 1, S.RUNNING, hours=3)
    put(bench, 2, S.RUNNING, hours=2)
    put(bench, 3, S.RUNNING, hours=0.1)
    put(bench, 4, S.QUEUED, hours=0.1)
    ready(bench)
    with bench.store.connection() as conn:
        conn.execute("update runs set started_at = %s where id = %s", (START - timedelta(minutes=10), late))
    found = get_evidence(source=bench.source)
    assert found is not None
    assert (found.started, found.running, found.queued) == (2, 3, 1)


def test_a_limited_user_is_judged_by_the_own_tenant_only(bench: Bench) -> None:
    for number in range(12):
        put(bench, number, S.FAILED if number % 2 else S.COMPLETED, hours=0.2, tenant="acme" if number < 4 else "other")
    put(bench, 20, S.QUEUED, hours=2, tenant="other")
    for number in range(30, 60):
        put(bench, number, hours=48, tenant="other")
    ready(bench)
    found = get_evidence(source=bench.source.of(User("ann", Role.ADMIN, tenant="acme")))
    assert found is not None
    (one,) = found.types
    assert (one.ended_day, one.failed_day, one.usual_ended, one.queued, one.tenants) == (4, 2, 0, 0, 1)
    assert (found.arrived, found.ended, found.oldest_queued_at) == (4, 4, None)
