"""How PostgreSQL answers every question of every page: from indexes, and without sorting more than a page can be.

Asked on 100,000 runs filled in seconds. Times are the bench's business; here it is the plan that must not change for
the worse: no scan over all runs, and no sort of more than a list holds at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from salina_monitor.queries import COUNT_CAP, get_evidence, get_job_summary
from salina_monitor.queries.failures import FAILURE_CAP
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.store.embedded import EmbeddedServer
from tests.bench.data import NOW, fill
from tests.bench.questions import LARGE_TENANT, QUESTIONS, SMALL_TENANT, Question, Stage
from tests.bench.recording import plan_of, statements_of
from tests.conftest import drop_database

RUNS, ACTIVE = 100_000, 2_000
TABLES = ("runs", "run_counts_by_tenant", "health_checks", "activity")
# A search, an export and a preview sort what they found; failures are counted up to a cap of their own.
MOST_FOUND = max(COUNT_CAP + 1, FAILURE_CAP)
# A list takes its order from an index. What is active is few enough to be sorted.
MOST_SORTED_IN_A_LIST = ACTIVE + 100
# Failures come newest first from an index as well; who was hit most is sorted.
MOST_SORTED_OF_GROUPS = 2_000
MOST_THROWN_AWAY, MOST_ROWS_OF_THE_TABLE = 700, 3_500
READS_ROWS = ("search", "export", "preview")
# An index that these questions stand on, and one of them: without it the test must fail.
NEEDED = {
    "runs_by_tenant_status": "list: largest tenant, failed, 30 d",
    "runs_by_function_status": "list: one type, failed, 30 d, page 500",
    "runs_failed_newest": "failure groups, 30 d",
    "runs_failed_by_tenant": "failure groups of a tenant, 30 d",
    "runs_search": "search: a document",
    "runs_newest": "list: 24 h, page 2",
    "runs_active": "cards",
}


@pytest.fixture(scope="module")
def stage(pg_server: EmbeddedServer, store_template: str) -> Iterator[Stage]:
    pg_server.create_database("plans")
    settings = Settings.load({"MONITOR_DATABASE_URL": pg_server.dsn("plans")})
    with Store.open(settings, bind_source=False) as store:
        fill(store, RUNS, tenants=5_000, active=ACTIVE)
        yield Stage.over(store, settings)
    drop_database(pg_server, "plans")


def faults(stage: Stage, question: Question, *, without: str = "") -> list[str]:
    """What is wrong with the plans of a question; `without` an index that is put back afterwards."""
    statements = statements_of(stage.store, lambda store: question.ask(stage.on(store)))
    found: list[str] = []
    with stage.store.connection(statement_timeout_s=60) as conn:
        if without:
            conn.execute(f"drop index {without}".encode())
        for statement in statements:
            found += [fault for node in _nodes(plan_of(conn, statement)["Plan"]) for fault in _faults(question, node)]
        conn.rollback()
    return found


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)


def _faults(question: Question, node: dict[str, Any]) -> Iterator[str]:
    kind, table, listed = node["Node Type"], node.get("Relation Name", ""), question.name.startswith("list")
    narrow = listed or question.name == "failure groups of a tenant, 30 d"
    rows, thrown = (
        round(node.get(name, 0) * node["Actual Loops"]) for name in ("Actual Rows", "Rows Removed by Filter")
    )
    place = f"{node.get('Index Name', table)} ({rows:,} rows, {thrown:,} thrown away)"
    if kind == "Seq Scan" and table in TABLES and rows + thrown > RUNS / 4:
        yield f"reads {place} from end to end"
    if "Sort" in kind:
        sorted_ = next(part for part in node["Plans"] if part["Parent Relationship"] == "Outer")
        into = round(sorted_["Actual Rows"] * sorted_["Actual Loops"])
        of_groups = question.name.startswith("failure groups, ")
        if into > (MOST_SORTED_IN_A_LIST if listed else MOST_SORTED_OF_GROUPS if of_groups else MOST_FOUND):
            yield f"sorts {into:,} rows"
    compared = round(node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"])
    if compared > MOST_ROWS_OF_THE_TABLE:
        yield f"joins {compared:,} rows that it throws away"
    if table != "runs":
        return
    if narrow and node.get("Index Name") != "runs_active" and thrown > max(MOST_THROWN_AWAY, rows / 2):
        yield f"looks in {place}"
    reads_rows = kind in ("Bitmap Heap Scan", "Index Scan") and not question.name.startswith(READS_ROWS)
    if reads_rows and rows + thrown > MOST_ROWS_OF_THE_TABLE:
        yield f"reads rows themselves for {place}"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_question_is_answered_from_indexes(stage: Stage, question: Question) -> None:
    assert faults(stage, question) == []


@pytest.mark.parametrize(("index", "name"), NEEDED.items())
def test_without_its_index_a_question_is_found_out(stage: Stage, index: str, name: str) -> None:
    question = next(question for question in QUESTIONS if question.name == name)
    assert faults(stage, question, without=index) != []


def test_failures_of_all_never_come_from_the_index_by_tenant(stage: Stage) -> None:
    """It is as large as the one in their order, so that which of the two is cheaper would turn with a vacuum."""
    (question,) = (one for one in QUESTIONS if one.name == "failure groups, 30 d")
    statements = statements_of(stage.store, lambda store: question.ask(stage.on(store)))
    with stage.store.connection(statement_timeout_s=60) as conn:
        conn.execute("drop index runs_failed_newest")
        used = {node.get("Index Name") for one in statements for node in _nodes(plan_of(conn, one)["Plan"])}
        conn.rollback()
    assert "runs_failed_by_fingerprint" in used
    assert "runs_failed_by_tenant" not in used


def test_counts_of_one_tenant_are_not_looked_for_among_those_of_all(stage: Stage) -> None:
    """Which way is cheaper turns with size; a month of two million jobs has a million such counts."""
    sources = [stage.seen_by(LARGE_TENANT), stage.seen_by(SMALL_TENANT)]
    asked = [
        statement
        for source in sources
        for ask in (get_job_summary, get_evidence)
        for statement in statements_of(stage.store, lambda s, a=ask, o=source: a(source=replace(o, store=s)))  # type: ignore[misc]
    ]
    with stage.store.connection(statement_timeout_s=60) as conn:
        conn.execute(
            "insert into run_counts_by_tenant select 'tenant-' || to_char(t, 'FM0000'), at, f, s, 1"
            " from generate_series(%(now)s - interval '28 days', %(now)s, interval '15 minutes') at,"
            " generate_series(0, 99) t, unnest(array['a', 'b']) f, unnest(array['completed', 'failed']) s",
            {"now": NOW},
        )
        conn.execute("analyze run_counts_by_tenant")
        nodes = [node for statement in asked for node in _nodes(plan_of(conn, statement)["Plan"])]
        conn.rollback()
    read = [node for node in nodes if node.get("Relation Name") == "run_counts_by_tenant"]
    assert len(read) >= len(sources) * 2
    assert max(node.get("Rows Removed by Filter", 0) for node in read) < MOST_THROWN_AWAY
