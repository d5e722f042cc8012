"""PostgreSQL plans by what it counted last. In the first minute of a fill it has counted nothing, and took a table of
thousands of rows for an empty one: one page of failures then took longer than any statement may."""

from __future__ import annotations

from dataclasses import dataclass

from salina_monitor.mirror.state import SQL
from salina_monitor.store import Store

AT_FIRST, TIMES_GROWN = 500, 4
COUNTING_S = 60


@dataclass
class Statistics:
    """Has the tables of runs and events counted again when more was written than was there at the last count, by far.

    The server does so by itself, but once a minute at most.
    """

    store: Store
    written: int = 0
    due: int = AT_FIRST

    def wrote(self, rows: int) -> None:
        """So many rows were committed. Raises StoreError."""
        self.written += rows
        if self.written < self.due:
            return
        known = self._known()
        if self.written >= TIMES_GROWN * known:
            # A large store that was just restored takes longer than people may wait for an answer.
            with self.store.connection(statement_timeout_s=COUNTING_S) as conn:
                conn.execute(SQL["count_anew"])
            known = self._known()
        self.written, self.due = 0, max(AT_FIRST, TIMES_GROWN * known)

    def _known(self) -> int:
        with self.store.connection() as conn:
            row = conn.execute(SQL["rows_known"]).fetchone()
        return int(row["rows"]) if row else 0
