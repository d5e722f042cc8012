"""What goes by age and what stays: rows, texts, counts; in batches, by index, and not fetched again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salina_monitor.mirror import Mirror, verify
from salina_monitor.models import JobStatus
from salina_monitor.retention import RULES, SQL, TEXT_GONE, Retention
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.bench.data import NOW, fill
from tests.support.fake_client import FakeClient, run

S = JobStatus
SettingsFor = Callable[..., Settings]
DAY = timedelta(days=1)
OF_ALL = ("run_counts", "run_counts_by_half")
OF_TENANTS = tuple(f"run_counts_by_tenant{part}" for part in ("", "_half", "_day", "_week"))


def retention(store: Store, settings: Settings, now: datetime = NOW, **options: Any) -> Retention:
    return Retention(store, settings, now=lambda: now, **options)


def rows(store: Store, text: str, *values: Any) -> list[dict[str, Any]]:
    with store.connection() as conn:
        return conn.execute(text.encode(), values).fetchall()


def one(store: Store, text: str, *values: Any) -> Any:
    (row,) = rows(store, text, *values)
    return next(iter(row.values()))


def gone(found: tuple[Sequence[Any], bool]) -> dict[str, int]:
    assert not found[1]
    return {rule.table: rule.rows for rule in found[0] if rule.rows}


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, 4_000, days=60, tenants=20, active=30)
    return store


def counts(store: Store) -> dict[str, int]:
    """What the tables of counts say of what they count."""
    return {table: one(store, f"select coalesce(sum(n), 0)::int from {table}") for table in (*OF_ALL, *OF_TENANTS)}


def test_old_runs_go_with_their_counts_and_the_rest_stays_counted(filled: Store, settings_for: SettingsFor) -> None:
    edge = NOW - 35 * DAY
    old = one(filled, "select count(*) from runs where ended_at < %s", edge)
    assert old > 1_000
    newer = rows(filled, "select id from runs where ended_at >= %s order by id", edge)
    keeper = retention(filled, settings_for(MONITOR_RUN_DAYS="35"), at_once=300)
    assert {p.table: p.rows for p in keeper.count()}["runs"] == old
    assert one(filled, "select count(*) from runs") == 4_030  # counting takes nothing
    went = gone(keeper.prune())
    assert went["runs"] == old
    assert rows(filled, "select id from runs order by id") == newer
    ended = "from runs where ended_at < 'infinity'"
    everything = one(filled, f"select count(*)::int {ended}")
    of_tenants = one(filled, f"select count(*)::int {ended} and tenant_id is not null")
    assert counts(filled) == dict.fromkeys(OF_ALL, everything) | dict.fromkeys(OF_TENANTS, of_tenants)
    assert one(filled, "select min(bucket) from run_counts") >= edge - timedelta(minutes=30)
    assert one(filled, "select min(half) from run_counts_by_half") >= edge - timedelta(hours=1)
    assert one(filled, "select min(half) from run_counts_by_tenant_half") >= edge - timedelta(hours=1)
    assert one(filled, "select min(day) from run_counts_by_tenant_day") >= edge - 3 * DAY
    assert one(filled, "select min(week) from run_counts_by_tenant_week") >= edge - 9 * DAY
    assert gone(keeper.prune()) == {}


def test_texts_go_earlier_than_their_runs_and_causes_keep_their_numbers(
    filled: Store, settings_for: SettingsFor
) -> None:
    edge = NOW - 20 * DAY
    before = rows(filled, "select fingerprint, count(*) from runs where status = 'failed' group by 1 order by 1")
    younger = rows(
        filled, "select id, error_message, search::text, documents from runs where ended_at > %s order by id", edge
    )
    old = one(filled, "select count(*) from runs where ended_at <= %s", edge)
    keeper = retention(filled, settings_for(MONITOR_TEXT_DAYS="20"), at_once=300)
    assert {p.table: p.rows for p in keeper.count()}["texts"] == old
    assert gone(keeper.prune()) == {"texts": old}
    told = {
        r["error_message"] for r in rows(filled, "select distinct error_message from runs where ended_at <= %s", edge)
    }
    assert told == {None, TEXT_GONE}
    assert (
        one(filled, "select count(*) from runs where ended_at <= %s and (search <> '' or documents <> '{}')", edge) == 0
    )
    assert one(filled, "select count(*) from runs where status = 'failed' and error_name is null") == 0
    assert (
        rows(filled, "select fingerprint, count(*) from runs where status = 'failed' group by 1 order by 1") == before
    )
    after = rows(
        filled, "select id, error_message, search::text, documents from runs where ended_at > %s order by id", edge
    )
    assert after == younger
    # The next day only what is new is looked at.
    tomorrow = retention(filled, settings_for(MONITOR_TEXT_DAYS="20"), NOW + DAY)
    with filled.connection() as conn:
        conn.execute("update mirror_state set failed_watermark = %(n)s, other_watermark = %(n)s", {"n": NOW + DAY})
    assert 0 < gone(tomorrow.prune())["texts"] < old


def test_many_that_ended_at_one_moment_all_lose_their_texts(store: Store, settings_for: SettingsFor) -> None:
    fill(store, 500, days=1, active=0)
    with store.connection() as conn:
        conn.execute("update runs set ended_at = %s", [NOW - 30 * DAY])
    assert gone(retention(store, settings_for(MONITOR_TEXT_DAYS="20"), at_once=50).prune()) == {"texts": 500}
    assert one(store, "select count(*) from runs where search <> ''") == 0


def test_texts_wait_for_runs_that_are_still_to_be_read(filled: Store, settings_for: SettingsFor) -> None:
    """After a long absence the mirror reads what ended since; what it brings is not older than the watermark."""
    with filled.connection() as conn:
        conn.execute("update mirror_state set failed_watermark = %(n)s, other_watermark = %(n)s", {"n": NOW - 40 * DAY})
    retention(filled, settings_for(MONITOR_TEXT_DAYS="20")).prune()
    assert one(filled, "select texts_until from retention_state") == NOW - 40 * DAY


def test_it_stops_when_its_time_is_over_and_goes_on_where_it_was(filled: Store, settings_for: SettingsFor) -> None:
    seconds = iter(range(1_000))
    keeper = retention(filled, settings_for(MONITOR_RUN_DAYS="35"), at_once=100, clock=lambda: float(next(seconds)))
    old = one(filled, "select count(*) from runs where ended_at < %s", NOW - 35 * DAY)
    took, more = keeper.prune(budget_s=3.0)
    assert more
    assert 0 < sum(p.rows for p in took if p.table == "runs") < old
    assert one(filled, "select count(*) from runs where ended_at < %s", NOW - 35 * DAY) > 0
    gone(keeper.prune())
    assert one(filled, "select count(*) from runs where ended_at < %s", NOW - 35 * DAY) == 0


def test_a_row_that_somebody_holds_is_left_and_nobody_waits(filled: Store, settings_for: SettingsFor) -> None:
    held = one(filled, "select min(id) from runs where ended_at < %s", NOW - 50 * DAY)
    with filled.connection() as conn:
        conn.execute("select from runs where id = %s for update", [held])
        retention(filled, settings_for(MONITOR_RUN_DAYS="35")).prune()
    assert one(filled, "select count(*) from runs where ended_at < %s", NOW - 35 * DAY) == 1


def test_what_the_mirror_may_still_read_is_never_forgotten(store: Store, settings_for: SettingsFor) -> None:
    """The shortest retention with the longest history: nothing comes back, and nothing is missed by --verify."""
    settings = settings_for(MONITOR_RUN_DAYS="35", MONITOR_HISTORY_DAYS="60", MONITOR_TEXT_DAYS="8")
    now = datetime.now(UTC)
    client = FakeClient(now=now)
    for n, days in enumerate((1, 10, 36, 59)):
        client.put(run(n, S.FAILED, queued=now - days * DAY, message=f"boom {n}", took_s=30))
    mirror = Mirror(store, client, settings)  # type: ignore[arg-type]
    try:
        mirror.sync_now()
        assert one(store, "select count(*) from runs") == 4
        assert gone(retention(store, settings, now).prune()) == {}
        assert verify(mirror.context, now - 60 * DAY).divergences == ()
        # Two days beyond it goes, and neither a sweep nor a comparison brings it back.
        later = now + 4 * DAY
        client.now = later
        assert gone(retention(store, settings, later).prune())["runs"] == 1
        mirror.sync_now()
        assert one(store, "select count(*) from runs") == 3
        assert verify(mirror.context, later - 60 * DAY).divergences == ()
        assert one(store, "select count(*) from runs") == 3
    finally:
        mirror.close()


def test_records_of_long_ago_go_and_what_still_counts_stays(store: Store, settings_for: SettingsFor) -> None:
    old, young = NOW - 800 * DAY, NOW - DAY
    fill(store, 50, active=0)
    alive = one(store, "select min(id) from runs")
    print_ = (
        one(store, "select min(fingerprint) from runs where status = 'failed' or fingerprint is not null") or "f" * 8
    )
    with store.connection() as conn:
        conn.execute("update runs set fingerprint = %s, status = 'failed' where id = %s", [print_, alive])
        for at in (old, young):
            conn.execute(
                "insert into incidents (scope, opened_at, closed_at, worst, code) values ('s3', %s, %s, 'unhealthy', 'x')",
                [at, at],
            )
            conn.execute(
                "insert into maintenance_windows (starts_at, ends_at, scopes, why, who, created_at) values (%s - interval '1 hour', %s, '{s3}', '', '', %s)",
                [at, at, at],
            )
            conn.execute(
                "insert into bulk_actions (key, what, who, why, scope, at, acting, state, ended_at) values (%s, 'rerun', '', '', '', %s, '', 'done', %s)",
                [str(at), at, at],
            )
            conn.execute("insert into activity (at, who, kind, outcome) values (%s, 'ada', 'sign_in', 'done')", [at])
            conn.execute(
                "insert into alerts (key, rule, scope, level, title, began_at, opened_at, closed_at) values ('stale', 'stale', 'jobs', 'attention', '', %s, %s, %s)",
                [at, at, at],
            )
        conn.execute(
            "insert into incidents (scope, opened_at, worst, code) values ('clerk', %s, 'unhealthy', 'x')", [old]
        )
        conn.execute(
            "insert into alerts (key, rule, scope, level, title, began_at, opened_at) values ('queue', 'queue', 'jobs', 'attention', '', %s, %s)",
            [old, old],
        )
        conn.execute("insert into bulk_items (bulk_id, place, job_id) select id, 1, 'j' from bulk_actions")
        conn.execute(
            "insert into job_actions (job_id, what, at, who) values ('lost', 'rerun', %s, ''), (%s, 'rerun', %s, '')",
            [old, alive, old],
        )
        conn.execute(
            "insert into failure_marks (fingerprint, kind, at, who) values (%s, 'ignored', %s, ''), (%s, 'resolved', %s, ''), ('nobody', 'resolved', %s, '')",
            [print_, old, print_, old, old],
        )
    went = gone(retention(store, settings_for(MONITOR_RUN_DAYS="3650", MONITOR_TEXT_DAYS="3650")).prune())
    assert went == {
        "incidents": 1, "alerts": 1, "maintenance windows": 1, "bulk actions": 1, "activity": 1, "job actions": 1,
        "failure marks": 2,
    }  # fmt: skip
    assert rows(store, "select scope from incidents where closed_at is null") == [{"scope": "clerk"}]
    assert rows(store, "select key from alerts order by key") == [{"key": "queue"}, {"key": "stale"}]
    assert one(store, "select count(*) from bulk_items") == 1
    assert rows(store, "select job_id from job_actions") == [{"job_id": alive}]
    assert rows(store, "select kind from failure_marks") == [{"kind": "resolved"}]  # the latest word about a live cause


def test_letters_go_when_they_were_settled_long_ago_and_what_waits_stays(
    store: Store, settings_for: SettingsFor
) -> None:
    with store.connection() as conn:
        for state, settled in (("sent", 8), ("given_up", 8), ("dropped", 8), ("sent", 6), ("waiting", None)):
            conn.execute(
                "insert into alert_outbox (channel, letter, made_at, next_at, state, settled_at) values ('webhook', '{}', %s, %s, %s, %s)",
                [NOW - 9 * DAY, NOW, state, settled and NOW - settled * DAY],
            )
    keeper = retention(store, settings_for(MONITOR_LETTER_DAYS="7"), at_once=2)
    (would,) = (p for p in keeper.count() if p.table == "letters")
    assert (would.rows, would.setting) == (3, "MONITOR_LETTER_DAYS")
    assert gone(keeper.prune()) == {"letters": 3}
    assert [row["state"] for row in rows(store, "select state from alert_outbox order by id")] == ["sent", "waiting"]


BOUNDED = {
    "schema_migrations": "one row a migration",
    "source": "one row",
    "mirror_state": "one row",
    "collector_state": "one row",
    "alert_round": "one row",
    "retention_state": "one row",
    "incident_watch": "one row a service",
    "functions": "one row a function of the app",
    "baselines": "one row a function of the app",
    "users": "one row a person",
    "alert_subscriptions": "one row a person at most, goes with the person",
    "sessions": "expired ones go when somebody signs in",
    "session_tickets": "go with their sessions, or when they are used",
    "sign_in_throttle": "counters whose time is over go with the next failure",
    "events": "those that no run can need any more go with each sweep of the mirror",
    "backlog": "what was read goes with each sweep of the mirror",
    "incident_notes": "go with their incident",
    "bulk_items": "go with their action",
}


def test_every_table_is_forgotten_by_a_rule_or_cannot_grow(store: Store) -> None:
    found = rows(store, "select tablename from pg_tables where schemaname = current_schema()")
    statements = "\n".join(SQL[f"prune_{rule.key}"] for rule in RULES)
    taken = set(re.findall(r"(?:delete from|^update) (\w+)", statements, re.MULTILINE))
    assert {row["tablename"] for row in found} == taken | set(BOUNDED)
    assert not taken & set(BOUNDED)


def test_no_statement_walks_through_all_runs(store: Store, settings_for: SettingsFor) -> None:
    fill(store, 30_000, days=400, tenants=200)
    with store.connection() as conn:
        conn.execute("analyze")
    keeper = retention(store, settings_for(MONITOR_RUN_DAYS="396", MONITOR_TEXT_DAYS="396"))
    large = {"runs", "run_counts", "run_counts_by_tenant"}
    for rule in RULES:
        values = keeper._values(rule, NOW) | {"since": NOW - 396 * DAY, "until": NOW - 395 * DAY, "gone": TEXT_GONE}
        names = [f"prune_{rule.key}", *(["texts_step"] if rule.key == "texts" else [])]
        for name in names:
            with store.connection() as conn:
                plan = conn.execute(b"explain (format json) " + SQL[name].encode(), values).fetchone()
                conn.rollback()
            assert plan is not None
            assert not scanned(plan["QUERY PLAN"][0]["Plan"]) & large, name


def scanned(node: dict[str, Any]) -> set[str]:
    own = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return own.union(*(scanned(child) for child in node.get("Plans", [])))
