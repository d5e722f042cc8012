"""Groups of failures against a count of the same rows one by one: views, viewers, filters, caps, by random rows."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.failures import BUCKETS, FailureGroup
from salina_monitor.models import NO_TENANT, AsOf, JobFilters, JobStatus, TimeRange
from salina_monitor.queries import failures as asked
from salina_monitor.queries import get_failure_groups, get_recent_jobs
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import EmbeddedServer
from tests.conftest import fresh_database
from tests.integration.mirror.conftest import Bench
from tests.integration.queries.test_failures import put, ready
from tests.support.fake_client import START

NEVER = 9223372036854775807
LAST = 100
ROWS = 900
MARKED = START - timedelta(days=2, minutes=7)
LIMITS = {"FAILURE_CAP": 20_000, "MOST_GROUPS": 100, "EARLY": 100}


@dataclass(frozen=True)
class Row:
    """What of a run counts in groups."""

    id: str
    fingerprint: str | None
    function: str
    status: str
    ended_ago_s: float
    first_seq: int
    ended_seq: int
    tenant: str | None
    tenant_seq: int
    superseded_seq: int
    retries: int | None
    words: tuple[str, ...]


def rows_of(rnd: random.Random) -> list[Row]:
    """Groups of all sizes; tenants hit often and once; equal moments; things that become known one after another."""
    rows = []
    for number in range(ROWS):
        status = rnd.choice(["failed"] * 8 + ["completed", "cancelled"])
        group = int(30 * rnd.random() ** 3)
        first = rnd.randrange(1, LAST)
        tenant = rnd.choice([None, "acme", "acme", "quill", f"t-{rnd.randrange(40):02d}"])
        seen = rnd.choice([first, first, first + rnd.randrange(30), NEVER]) if tenant else rnd.choice([first, NEVER])
        rows.append(
            Row(
                id=f"R{rnd.randrange(16**10):010X}{number:05d}",
                fingerprint=f"{group:016x}" if status == "failed" and rnd.random() < 0.97 else None,
                function=rnd.choice(["generate-statement-pdf", "other"]) if group % 3 == 0 else f"function-{group % 4}",
                status=status,
                ended_ago_s=float(int(9 * 86_400 * rnd.random() ** 2) // 600 * 600 + rnd.choice([0, 0, 1.5])),
                first_seq=first,
                ended_seq=first + rnd.choice([0, 0, rnd.randrange(20)]),
                tenant=tenant,
                tenant_seq=seen,
                superseded_seq=rnd.choice([NEVER, NEVER, first + rnd.randrange(60)]),
                retries=rnd.choice([None, 0, 3]),
                words=("boom", f"word{group % 2}", *(["rare"] if rnd.random() < 0.02 else [])),
            )
        )
    return rows


INSERT = """insert into runs (id, function_id, status, queued_at, ended_at, is_long, first_seq, ended_seq, tenant_id,
    tenant_seq, error_name, error_message, retry_count, search, fingerprint, superseded_seq)
    values (%s, %s, %s, %s, %s, false, %s, %s, %s, %s, 'ValueError', %s, %s, array_to_tsvector(%s), %s, %s)"""


class World:
    """A store that holds random rows, and the same rows to count."""

    def __init__(self, store: Store, settings_for: Any, seed: int) -> None:
        self.rows = rows_of(random.Random(seed))
        self.source = Bench(store, settings_for).source
        self.marked = sorted({row.fingerprint for row in self.rows if row.fingerprint})[::2]
        with store.connection() as conn, conn.cursor() as cursor:
            cursor.executemany(
                INSERT,
                [
                    (
                        r.id, r.function, r.status, self.ended(r) - timedelta(seconds=5), self.ended(r), r.first_seq,
                        r.ended_seq, r.tenant, r.tenant_seq, " ".join(r.words), r.retries, list(r.words), r.fingerprint,
                        r.superseded_seq,
                    )
                    for r in self.rows
                ],
            )  # fmt: skip
            cursor.executemany(
                "insert into failure_marks (fingerprint, kind, at, who, until_per_hour) values (%s, 'ignored', %s, 'a', 2)",
                [(fingerprint, MARKED) for fingerprint in self.marked],
            )

    @staticmethod
    def ended(row: Row) -> Any:
        return START - timedelta(seconds=row.ended_ago_s)

    def visible(self, seq: int, scope: str | None) -> list[Row]:
        """Failures that a viewer could know of at a view's sync."""
        found = (r for r in self.rows if r.status == "failed" and r.fingerprint is not None)
        found = (r for r in found if r.first_seq <= seq and r.ended_seq <= seq)
        return [r for r in found if scope is None or (r.tenant == scope and r.tenant_seq <= seq)]

    def expected(
        self, seq: int, scope: str | None, narrowed: Callable[[Row], bool], span: tuple[float, float]
    ) -> dict[str, dict[str, Any]]:
        """Numbers of each group, counted one by one; `span` in seconds before the view's moment."""
        reach = self.visible(seq, scope)
        listed = [row for row in reach if narrowed(row)]
        inside = [row for row in listed if span[1] < row.ended_ago_s <= span[0]]
        counted = sorted(inside, key=lambda row: row.ended_ago_s)[: LIMITS["FAILURE_CAP"]]
        return {
            key: self._numbers(key, rows, listed, reach, seq, span)
            for key, rows in _by(counted, lambda row: str(row.fingerprint)).items()
        }

    def _numbers(
        self, key: str, rows: list[Row], listed: list[Row], reach: list[Row], seq: int, span: tuple[float, float]
    ) -> dict[str, Any]:
        hit = Counter(row.tenant if row.tenant_seq <= seq else None for row in rows)
        size = (span[0] - max(0, span[1])) / BUCKETS
        trend = Counter(min(BUCKETS - 1, int((span[0] - row.ended_ago_s) // size)) for row in rows)
        later = [self.ended(r) - MARKED for r in reach if r.fingerprint == key and self.ended(r) > MARKED]
        hours = Counter(gone // timedelta(hours=1) for gone in later if key in self.marked)
        return {
            "count": len(rows),
            "superseded": sum(row.superseded_seq <= seq for row in rows),
            "retries": sum(row.retries or 0 for row in rows),
            "functions": tuple(sorted({row.function for row in rows})),
            "first_seen": min(self.ended(row) for row in listed if row.fingerprint == key),
            "last_seen": max(self.ended(row) for row in rows),
            "tenants": tuple(sorted(hit.items(), key=lambda one: (-one[1], one[0] is None, one[0])))[:5],
            "tenant_count": len(hit.keys() - {None}),
            "trend": tuple(trend[place] for place in range(BUCKETS)),
            "since_mark": len(later) if key in self.marked else 0,
            "peak_since_mark": max(hours.values(), default=0),
        }

    def newest(self, key: str, seq: int, scope: str | None, narrowed: Callable[[Row], bool], at: Any) -> set[str]:
        rows = (row for row in self.visible(seq, scope) if row.fingerprint == key and narrowed(row))
        return {row.id for row in rows if self.ended(row) == at}


def _by(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    return {name: list(of) for name, of in itertools.groupby(sorted(rows, key=key), key)}


def anything(row: Row) -> bool:
    return True


def known(row: Row, tenant: str | None, seq: int) -> bool:
    return row.tenant == tenant and row.tenant_seq <= seq


DAY, WEEK = 86_400.0, 7 * 86_400.0
WINDOW = {"since": START - timedelta(days=3), "until": START - timedelta(days=1)}
NARROWED: dict[str, tuple[JobFilters, Callable[[Row, int], bool]]] = {
    "a tenant": (JobFilters(tenant="acme"), lambda row, seq: known(row, "acme", seq)),
    "no tenant": (JobFilters(tenant=NO_TENANT), lambda row, seq: known(row, None, seq)),
    "a type": (JobFilters(type="pdf-generation"), lambda row, seq: row.function == "generate-statement-pdf"),
    "a word": (JobFilters(text="word1"), lambda row, seq: "word1" in row.words),
    "a rare word": (JobFilters(text="rare"), lambda row, seq: "rare" in row.words),
    "words of a tenant": (
        JobFilters(text="word0 rare", tenant="acme"),
        lambda row, seq: {"word0", "rare"} <= set(row.words) and known(row, "acme", seq),
    ),
    "a cause": (JobFilters(group=f"{1:016x}"), lambda row, seq: row.fingerprint == f"{1:016x}"),
    "failed": (JobFilters(status=JobStatus.FAILED), lambda row, seq: True),
}


@pytest.fixture(scope="module", params=range(3))
def world(pg_server: EmbeddedServer, store_template: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """One for all tests that only ask: to fill it takes longer than to ask it."""

    def settings_for(**env: str) -> Settings:
        return Settings.load({"MONITOR_DATABASE_URL": dsn, **env})

    with fresh_database(pg_server, store_template) as dsn, Store.open(settings_for()) as store:
        yield World(store, settings_for, request.param)


def assert_counted(
    world: World, groups: tuple[FailureGroup, ...], seq: int, scope: str | None,
    narrowed: Callable[[Row], bool], span: tuple[float, float],
) -> None:  # fmt: skip
    expected = world.expected(seq, scope, narrowed, span)
    for group in groups:
        assert {name: getattr(group, name) for name in expected[group.fingerprint]} == expected[group.fingerprint]
    assert [group.fingerprint for group in groups] == sorted(expected, key=lambda key: (-expected[key]["count"], key))
    for group in groups:
        assert group.sample_id in world.newest(group.fingerprint, seq, scope, narrowed, group.last_seen)


@pytest.mark.parametrize("scope", [None, "acme"])
def test_groups_are_what_a_count_one_by_one_finds(world: World, scope: str | None) -> None:
    source = replace(world.source, tenant=scope)
    for seq, (range_, seconds) in itertools.product(
        (20, 60, LAST + 90), {TimeRange.DAY: DAY, TimeRange.WEEK: WEEK}.items()
    ):
        groups = get_failure_groups(range_, as_of=AsOf(seq, START), source=source)
        assert_counted(world, groups, seq, scope, anything, (seconds, -1))


@pytest.mark.parametrize("early", [2, 100])
@pytest.mark.parametrize("name", NARROWED)
def test_narrowed_groups_too(world: World, monkeypatch: pytest.MonkeyPatch, name: str, early: int) -> None:
    """However early a search gives up looking among the first failures by itself."""
    monkeypatch.setattr(asked, "EARLY", early)
    filters, fits = NARROWED[name]
    for seq, scope in itertools.product((40, LAST + 90), (None, "acme")):
        source, as_of = replace(world.source, tenant=scope), AsOf(seq, START)

        def narrowed(row: Row, seq: int = seq) -> bool:
            return fits(row, seq)

        week = get_failure_groups(TimeRange.WEEK, filters=filters, as_of=as_of, source=source)
        assert_counted(world, week, seq, scope, narrowed, (WEEK, -1))
        window = get_failure_groups(filters=replace(filters, **WINDOW), as_of=as_of, source=source)  # type: ignore[arg-type]
        assert_counted(world, window, seq, scope, narrowed, (3 * DAY, DAY))
        listed = get_recent_jobs(
            replace(filters, status=JobStatus.FAILED, range=TimeRange.WEEK), as_of=as_of, source=source
        )
        without = sum(
            row.status == "failed" and row.fingerprint is None and narrowed(row)
            and row.first_seq <= seq and row.ended_seq <= seq and row.ended_ago_s <= WEEK
            and (scope is None or known(row, scope, seq))
            for row in world.rows
        )  # fmt: skip
        assert sum(group.count for group in week) == listed.total - without


def test_some_asked_for_by_name_are_as_they_are_among_all(world: World) -> None:
    as_of = AsOf(LAST + 90, START)
    groups = get_failure_groups(TimeRange.WEEK, as_of=as_of, source=world.source)
    some = groups[::3]
    only = [group.fingerprint for group in some]
    again = get_failure_groups(TimeRange.WEEK, only=[*only, "none"], as_of=as_of, source=world.source)
    assert [replace(group, sample_id="") for group in again] == [replace(group, sample_id="") for group in some]


def test_the_newest_and_the_largest_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    as_of = AsOf(LAST + 90, START)
    every = get_failure_groups(TimeRange.WEEK, as_of=as_of, source=world.source)
    monkeypatch.setattr(asked, "MOST_GROUPS", 3)
    largest = get_failure_groups(TimeRange.WEEK, as_of=as_of, source=world.source)
    assert [group.fingerprint for group in largest] == [group.fingerprint for group in every[:3]]
    monkeypatch.setattr(asked, "MOST_GROUPS", 100)
    monkeypatch.setattr(asked, "FAILURE_CAP", 50)
    newest = get_failure_groups(TimeRange.WEEK, as_of=as_of, source=world.source)
    assert sum(group.count for group in newest) == sum(sum(group.trend) for group in newest) == 50
    ends = sorted(world.ended(row) for row in world.visible(LAST + 90, None))
    assert max(group.last_seen for group in newest) == ends[-1]
    assert min(group.last_seen for group in newest) >= ends[-50]


def test_a_tenant_learnt_after_the_views_sync_was_not_hit_in_it(store: Store, settings_for: Any) -> None:
    bench = Bench(store, settings_for)
    ready(bench)
    bench.client.can_read_events = False
    for number in range(3):
        put(bench, number, minutes=0.6)
    bench.sync()
    before = bench.source.state().as_of
    (unlearnt,) = get_failure_groups(as_of=before, source=bench.source)
    assert (unlearnt.tenants, unlearnt.tenant_count) == (((None, 3),), 0)
    bench.client.can_read_events = True
    bench.sync()
    (still,) = get_failure_groups(as_of=before, source=bench.source)
    assert (still.tenants, still.tenant_count) == (((None, 3),), 0)
    (learnt,) = get_failure_groups(source=bench.source)
    assert (learnt.tenants, learnt.tenant_count) == ((("acme", 3),), 1)
