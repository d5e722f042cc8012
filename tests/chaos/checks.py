"""What has to hold after a walk, each as one line with its numbers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from tests.chaos.house import House, Size, wait_for
from tests.chaos.people import Act

VERIFY_TRIES, VERIFY_PAUSE_S = 4, 5
UNTIL = datetime.max.replace(tzinfo=UTC)
UNTOLD = timedelta(minutes=2)
"""An incident that was over before anybody could be told is not told: no collector ran, or it may have been the network."""
CLOSE_S = 20.0
"""An answer can be so old when it is read, and a row is tried again after seconds."""
GIVEN_BACK_S = 20.0
MORE_THREADS, MORE_FILES = 8, 10
"""So much more a process may hold: connections that are kept for the next question, threads that wait for work."""
SESSION_KEPT_S, SESSION_FILES = 140.0, 3
"""Streamlit keeps the session of a page that was left for two minutes, and with it an event loop of three files."""
POOL = 10
"""Connections to the store that a process may have; it gives them back after minutes only."""
# Of one kind of act: the rows that have to be there once it was told as done.
ROWS = {
    "sign_in": ("sign_in",),
    "rerun": ("rerun_asked", "rerun"),
    "incident_noted": ("incident_noted",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `wrong` names what does not hold; empty: all is well."""

    name: str
    numbers: str
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" and {len(self.wrong) - 5} more" if len(self.wrong) > 5 else ""
        return f"{'WRONG' if self.wrong else 'ok':5}  {self.name}: {self.numbers}" + (
            "\n         ".join(["", *self.wrong[:5]]) + more if self.wrong else ""
        )


def mirror(house: House) -> Line:
    """The mirror is equal to its source. The collector may be reading the same moment: then it is asked again."""
    for _ in range(VERIFY_TRIES):
        done = house.run("sync", "--verify")
        if done.returncode != 2:
            break
        time.sleep(VERIFY_PAUSE_S)
    said = (done.stdout + done.stderr).strip().splitlines() or [""]
    return Line("mirror = source", said[-1], tuple(said[:5]) if done.returncode else ())


def audit(house: House, acts: Sequence[Act]) -> Line:
    """Everything that was told as done has its rows, and nothing has them twice."""
    rows = house.rows("select kind, who, why, outcome, detail ->> 'agent' as agent from activity")
    found = Counter((row["kind"], row["agent"] or row["why"]) for row in rows if row["outcome"] == "done")
    cut = {act.mark for act in acts if act.kind == "rerun" and _outcome_may_be_lost(house, act)}
    wrong = [
        f"{act.kind} of {act.mark!r}, {'told as done' if act.told else 'nobody knows'}: {found[kind, act.mark]} {kind}"
        for act in acts
        for kind in ROWS.get(act.kind, ())
        if not int(act.told and not (kind == "rerun" and act.mark in cut)) <= found[kind, act.mark] <= 1
    ]
    lost = sum(act.told and not found["rerun", act.mark] for act in acts if act.mark in cut)
    # A sign-out has no mark of its own.
    asked, told = (Counter(act.mark.split()[-1] for act in acts if act.kind == "sign_out" and act.told >= least)
                   for least in (False, True))  # fmt: skip
    left = Counter(row["who"] for row in rows if row["kind"] == "sign_out")
    wrong += [
        f"{who}: {left[who]} sign-outs, told {told[who]}" for who in asked if not told[who] <= left[who] <= asked[who]
    ]
    heard = sum(act.told for act in acts)
    numbers = f"{len(acts)} acts, {heard} told as done, {len(rows)} rows, {lost} outcomes died with a process"
    return Line("audit complete", numbers, tuple(wrong))


def _outcome_may_be_lost(house: House, act: Act) -> bool:
    """Whether its process was killed while the store was away. What it asked for stands there, written before; how that
    went waited in the memory of the process."""
    away = any(0 <= act.at - at < CLOSE_S for at, event in house.happened if event.whom == "store")
    killed = any(
        0 <= at - act.at < CLOSE_S
        for at, event in house.happened
        if event.whom == act.web and event.what in ("kill", "end", "start")
    )
    return away and killed


def alerts(house: House) -> Line:
    """Every letter was mailed once; every incident that was told was told once, and its end once."""
    house.collect_mails()
    letters = house.rows("select user_name, letter, state from alert_outbox where channel = 'mail'")
    written = Counter(
        (f"{row['user_name']}@example.com", row["letter"]["subject"], row["letter"]["text"]) for row in letters
    )
    mailed = Counter((mail["to"][0], mail["subject"], mail["text"]) for mail in house.mails.values())
    wrong = [f"never mailed to {to}: {subject}" for to, subject, _ in written - mailed]
    wrong += [f"mailed once more to {to}: {subject}" for to, subject, _ in mailed - written]
    wrong += [f"a letter is {row['state']}" for row in letters if row["state"] != "sent"]
    receivers = sorted({row["user_name"] for row in letters})
    told = Counter(
        (row["user_name"], part["key"], part["event"]) for row in letters for part in row["letter"]["alerts"]
    )
    incidents = house.rows("select scope, opened_at, closed_at, part_of from incidents order by id")
    known = {key for _, key, event in told if event == "opened"}
    for row in incidents:
        name, lasted = (
            f"incident of {row['scope']} at {row['opened_at']}",
            (row["closed_at"] or UNTIL) - row["opened_at"],
        )
        if row["closed_at"] is None:
            wrong.append(f"{name} is still open")
        elif f"service:{row['scope']}" not in known and row["part_of"] is None and lasted >= UNTOLD:
            wrong.append(f"{name} was never told, it lasted {lasted}")
    # One alert of a service may be over and come back; each of its beginnings that was told is told to be over.
    ends = {
        row["key"]: row["closed_at"] is not None
        for row in house.rows("select key, closed_at from alerts where told > 0 order by id")
    }
    often = Counter(f"service:{row['scope']}" for row in incidents)
    for to, key in product(receivers, ends):
        begun, over = told[to, key, "opened"], told[to, key, "resolved"] + told[to, key, "unjudged"]
        if begun - over != int(not ends[key]):
            wrong.append(
                f"{key} is {'over' if ends[key] else 'open'}; {to} was told {begun} times of it and {over} of its end"
            )
        if key in often and begun > often[key]:
            wrong.append(f"{key}: {to} was told {begun} times of {often[key]} incidents")
    numbers = (f"{len(house.mails)} mails of {len(letters)} letters to {len(receivers)} people, {len(incidents)} incidents"
               f" of {len(often)} services in {len(known)} alerts")  # fmt: skip
    return Line("no alert lost or repeated", numbers, tuple(wrong))


def leaks(house: House, before: Mapping[str, Size], came: Sequence[tuple[str, float]]) -> Line:
    """Nobody holds more than before, once what the last visits needed has been given back. `came`: visits and when."""

    def grown() -> list[str]:
        recent = Counter(web for web, at in came if time.monotonic() - at < SESSION_KEPT_S)
        return _grown(house.sizes(), before, recent)

    wait_for(lambda: not grown(), GIVEN_BACK_S)
    after, wrong = house.sizes(), grown()
    row = house.rows(
        "select count(*) as n from pg_stat_activity where application_name = 'salina-monitor'"
        " and state <> 'idle' and state_change < now() - interval '10 s'"
    )[0]
    stuck = [f"{row['n']} connections to the store are stuck"] if row["n"] else []
    sizes = ", ".join(
        f"{name} {before[name].threads}→{now.threads} threads {before[name].files}→{now.files} files"
        f" {before[name].connections}→{now.connections} connections"
        for name, now in after.items()
    )
    return Line("nothing leaked", sizes, (*wrong, *stuck))


def _grown(after: Mapping[str, Size], before: Mapping[str, Size], recent: Mapping[str, int]) -> list[str]:
    return [
        f"{name} holds {now.threads} threads, {now.connections} connections and {now.what}; before {was.what}"
        for name, now in after.items()
        if (was := before[name])
        and (
            now.threads > was.threads + MORE_THREADS
            or now.files > was.files + MORE_FILES + SESSION_FILES * recent.get(name, 0)
            or now.connections > POOL
        )
    ]


def end(house: House) -> Line:
    """Everything ends in time when it is asked to, and leaves nobody behind."""
    took = {name: process.end() for name, process in house.processes.items()}
    house.services.stop()
    wrong = [f"{name} did not end" for name, seconds in took.items() if seconds == float("inf")]
    wrong += [f"left over: {process[:150]}" for process in house.left_over()]
    return Line(
        "nobody left over",
        ", ".join(f"{name} ended in {seconds:.1f} s" for name, seconds in took.items()),
        tuple(wrong),
    )
