"""One walk: start the house, let things go wrong while runs arrive and people work, heal, settle, look."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from salina_monitor.models import utcnow
from tests.chaos import checks
from tests.chaos.checks import Line
from tests.chaos.house import PEOPLE, House, open_house, wait_for
from tests.chaos.people import Person
from tests.chaos.plan import WEBS, Event, plan, spared
from tests.support.folders import open_folder

START_S, SETTLE_S = 90.0, 150.0
"""Limits, not waits: each ends as soon as all is well."""
LAST_EVENTS, LAST_LINES = 20, 25
PERSON_ENDS_S = 90.0
LONG_S = 300.0


@dataclass
class Walk:
    """What is known of a walk. `lines` are its findings."""

    seed: int
    lasts_s: float
    say: Callable[[str], None] = print
    lines: list[Line] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    logs: str = ""

    @property
    def wrong(self) -> list[str]:
        return [str(line) for line in self.lines if line.wrong]

    def go(self) -> Walk:
        """Walk, and look at what is left."""
        self.say(f"seed {self.seed}, {self.lasts_s / 60:.1f} min; only frozen, never killed: {spared(self.seed)}")
        with open_folder("salina-walk-") as folder, open_house(folder, self.seed) as house:
            try:
                self._in(house)
            finally:
                self.logs = "\n".join(_tail(house, name) for name in house.processes)
        if self.wrong:
            self.say("\n".join(["the last events:", *self.happened[-LAST_EVENTS:], self.logs]))
        return self

    def _in(self, house: House) -> None:
        began = time.monotonic()
        people = [Person(name, house, random.Random(f"{self.seed} {name}")) for name in PEOPLE]
        if not wait_for(lambda: _is_calm(house), START_S):
            self._found(Line("started", "not in time", ("the house did not come up",)))
            return
        for person, web in zip(people, WEBS, strict=True):  # what is made at the first visit is no leak
            person.visit(web)
        before = house.sizes()
        runs = _runs(house)
        self.say(f"calm after {time.monotonic() - began:.0f} s")
        self._trouble(house, people)
        healed, ended = time.monotonic(), utcnow()
        calm = wait_for(lambda: _is_calm(house) and _is_over(house, ended), SETTLE_S)
        acts = [act for person in people for act in person.acts]
        self.say(f"{sum(house.done.values())} events ({', '.join(f'{n} {what}' for what, n in sorted(house.done.items()))}),"
                 f" {_runs(house) - runs} new runs, {sum(p.visits for p in people)} visits,"
                 f" settled after {time.monotonic() - healed:.0f} s")  # fmt: skip
        self._found(Line("settled", "all is well again" if calm else _unrest(house), () if calm else ("not in time",)))
        bugs = tuple(bug for person in people for bug in person.bugs)
        self._found(Line("people", f"{len(acts)} acts", bugs))
        self._found(checks.mirror(house))
        self._found(checks.audit(house, acts))
        self._found(checks.alerts(house))
        if self.lasts_s >= LONG_S:
            # Streamlit forgets the sessions that it kept for their two minutes when the next visitor leaves.
            time.sleep(checks.SESSION_KEPT_S)
            for person, web in zip(people, WEBS, strict=True):
                person.visit(web)
        self._found(checks.leaks(house, before, [visit for person in people for visit in person.came]))
        self._found(checks.end(house))
        self.say(f"{time.monotonic() - began:.0f} s in all")

    def _trouble(self, house: House, people: list[Person]) -> None:
        stopping = threading.Event()
        threads = [threading.Thread(target=person.live, args=(stopping,), name=person.name) for person in people]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        try:
            for event in plan(self.seed, self.lasts_s):
                while (left := event.at - (time.monotonic() - began)) > 0:
                    time.sleep(min(left, 1.0))
                    if "services" not in house.frozen:
                        house.collect_mails()
                self.happened.append(f"{time.monotonic() - began:6.1f} s  {event}")
                _do(house, event)
            time.sleep(max(0.0, self.lasts_s - (time.monotonic() - began)))
        finally:
            house.heal()
            stopping.set()
            for thread in threads:
                thread.join(PERSON_ENDS_S)

    def _found(self, line: Line) -> None:
        self.lines.append(line)
        self.say(str(line))


def _do(house: House, event: Event) -> None:
    if event.what in ("break", "heal") and "services" in house.frozen:
        house.do(Event(event.at, "thaw", "services"))
    with suppress(httpx.HTTPError):
        house.do(event)


def _is_calm(house: House) -> bool:
    """Everybody answers, somebody watches, and the jobs are being read."""
    ready = all(
        httpx.get(f"{house.processes[web].url}/readyz", timeout=5, trust_env=False).status_code == 200 for web in WEBS
    )
    recent = house.rows(
        "select 1 from collector_state c, mirror_state m where c.cycle_at > now() - interval '15 s'"
        " and m.synced_at > now() - interval '20 s' and m.error_code is null"
        " and (select count(*) from incident_watch) = 5"
    )
    return ready and bool(recent)


def _is_over(house: House, since: datetime) -> bool:
    """All services were found well since then, no incident is open, and nothing waits to be told or sent."""
    house.collect_mails()
    return not house.rows(
        "select 1 from incidents where closed_at is null"
        " union all select 1 from alerts where rule in ('service', 'stale') and closed_at is null and gone_at is null"
        " union all select 1 from alert_outbox where state = 'waiting'"
        " union all select 1 having 5 > (select count(distinct service) from health_checks"
        " where at > %s and status = 'healthy')",
        since,
    )


def _unrest(house: House) -> str:
    with suppress(Exception):
        rows = house.rows(
            "select 'incident ' || scope as what from incidents where closed_at is null"
            " union all select 'alert ' || key from alerts where rule in ('service', 'stale') and closed_at is null"
            " and gone_at is null"
            " union all select 'letter: ' || said from alert_outbox where state = 'waiting'"
            " union all select 'reading: ' || error_message from mirror_state where error_code is not null"
        )
        return "; ".join(row["what"] for row in rows) or "somebody does not answer"
    return "the store does not answer"


def _runs(house: House) -> int:
    return int(house.rows("select count(*) as n from runs")[0]["n"])


def _tail(house: House, name: str) -> str:
    lines = house.processes[name].log_file.read_text(errors="replace").splitlines()
    return "\n".join([f"--- the log of {name}:", *lines[-LAST_LINES:]])
