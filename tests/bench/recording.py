"""What a question costs in the database: its statements are recorded, then timed by PostgreSQL itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from salina_monitor.store import Store

Statement = tuple[bytes, dict[str, Any] | None]


class _Recorder:
    """Stands for a store; every statement that goes through it is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[Statement] = []

    @contextmanager
    def connection(self, **options: Any) -> Iterator[Any]:
        with self._store.connection(**options) as conn:
            yield _Connection(conn, self.asked)


class _Connection:
    def __init__(self, conn: Any, asked: list[Statement]) -> None:
        self._conn, self._asked = conn, asked

    def execute(self, statement: Any, values: Any = None) -> Any:
        text = statement if isinstance(statement, bytes) else str(statement).encode()
        if not text.lstrip().startswith(b"explain"):  # that only plans, and cannot be explained itself
            self._asked.append((text, dict(values) if values else None))
        return self._conn.execute(statement, values)


def statements_of(store: Store, ask: Callable[[Store], object]) -> list[Statement]:
    """What `ask` asks of the store."""
    recorder = _Recorder(store)
    ask(cast(Store, recorder))
    return recorder.asked


def plan_of(conn: Any, statement: Statement) -> dict[str, Any]:
    """The plan of one statement, as it was carried out."""
    text, values = statement
    row = conn.execute(b"explain (analyze, timing off, buffers off, format json) " + text, values).fetchone()
    plan: dict[str, Any] = row["QUERY PLAN"][0]
    return plan


def rounds_in_database(store: Store, statements: list[Statement], rounds: int) -> list[float]:
    """Milliseconds in the database of each round of all statements together: planned and carried out."""
    took = []
    with store.connection(statement_timeout_s=60) as conn:
        for _ in range(rounds):
            plans = [plan_of(conn, statement) for statement in statements]
            took.append(sum(plan["Planning Time"] + plan["Execution Time"] for plan in plans))
    return took


def milliseconds(ask: Callable[[], object]) -> float:
    """How long `ask` takes once."""
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000
