"""Many people at the System page of one process: how long a refresh takes, what vendors notice, what memory it takes."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from pathlib import Path

from salina_monitor.accounts import Accounts
from salina_monitor.sandbox import sandbox_settings
from salina_monitor.store import Store
from tests.bench.crowd import Person, at_once
from tests.bench.results import Options, Result, Row, of_rows
from tests.e2e.processes import ServerProcess, running_server
from tests.support.folders import open_folder

CROWDS, ROUNDS = (1, 5, 20, 50), 6
PAUSE_S = 10
TARGETS = {1: "<= 1200", 5: "<= 1500", 20: "<= 3000", 50: "<= 8000"}


def run(_options: Options) -> Result:
    with open_folder("salina-bench-", on_disk=True) as folder, running_server(folder, "sandbox") as server:
        settings = sandbox_settings(server.env)
        with Store.open(settings, application_name="bench") as store:
            accounts, rows = Accounts.over(store, settings), list[Row]()
            at_once(people(server, accounts, 1), 2)
            lonely = rss_mb(server)
            for crowd in CROWDS:
                began, somebody = datetime.now(UTC), people(server, accounts, crowd)
                took = at_once(somebody, ROUNDS)
                errors = [error for person in somebody for error in person.errors]
                assert not errors, errors[:3]
                lasted = (datetime.now(UTC) - began).total_seconds()
                name = f"{crowd} refreshing at once" if crowd > 1 else "one refreshing"
                rows += [
                    (f"{name}: whole page, median ms", statistics.median(took), TARGETS[crowd]),
                    (f"{name}: whole page, p95 ms", quantile95(took), TARGETS[crowd]),
                    (f"{name}: probes of a service in 10 s", 10 * probes(store, began) / lasted, "<= 3"),
                ]
            after = rss_mb(server)
            halves = []
            for _ in range(2):
                at_once(people(server, accounts, 20), 300 // PAUSE_S, pause_s=PAUSE_S)
                halves.append(rss_mb(server))
            rows += [
                ("memory of the process before them, MB", lonely, "<= 300"),
                (f"memory after {sum(CROWDS)} sessions, MB", after, "<= 300"),
                ("memory of each session, MB", max(0.0, after - lonely) / sum(CROWDS), "<= 2"),
                ("memory after five minutes of twenty more, MB", halves[0], "<= 300"),
                ("memory after ten minutes of them, MB", halves[1], "<= 300"),
            ]
    return of_rows(rows)


def people(server: ServerProcess, accounts: Accounts, count: int) -> list[Person]:
    """So many owners, each signed in by themselves."""
    tokens = [accounts.sessions.start("owner", address="127.0.0.1", agent="bench") for _ in range(count)]
    return [Person(server.url, f"{accounts.cookie_name}={token}") for token in tokens]


def probes(store: Store, since: datetime) -> float:
    """How often the most asked service was asked since then: every result is kept once."""
    with store.connection() as conn:
        row = conn.execute(
            "select max(n) as n from (select count(*) as n from health_checks where at >= %s group by service) as x",
            (since,),
        ).fetchone()
    return float(row["n"] or 0) if row else 0.0


def rss_mb(server: ServerProcess) -> float:
    """Resident memory of the process that serves the pages."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def quantile95(numbers: list[float]) -> float:
    return statistics.quantiles(numbers, n=20)[-1] if len(numbers) > 1 else numbers[0]
