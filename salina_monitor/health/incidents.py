"""When bad checks become an incident and good ones end it. The counting is pure; `advance` keeps it in the store.

How far it has counted is committed together with what came of it, so a restart anywhere neither repeats nor forgets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from salina_monitor.health.history import REACH
from salina_monitor.health.lease import LEASE_S, SQL
from salina_monitor.models import HealthStatus, Service

NETWORK = "network"
"""The scope of an incident of all services at once: most likely the monitor's own network."""
TOGETHER = timedelta(minutes=2)
"""Services that turn bad within this of each other, and the time between two checks, turned bad together."""
LEAST_SERVICES = 3
"""Of fewer services, all at once is a coincidence."""
AT_ONCE = 1_000
JUST_FOUND = timedelta(seconds=15)
"""A result is judged this long after it was found at the latest."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""So far ahead may be the clock of another process that asks."""
TAKEOVER = timedelta(seconds=LEASE_S)
"""So much later than usual comes a result when another process had to take over."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """What is counted of one service: bad or good results in a row, and whether it is in trouble."""

    service: str
    last_at: datetime
    bad: int = 0
    good: int = 0
    bad_since: datetime | None = None
    is_bad: bool = False

    @property
    def suspected(self) -> bool:
        """It may be in trouble: the next result is worth having soon. That it is over takes its time."""
        return self.bad > 0 and not self.is_bad


def out_of_sight(watched: Watched, at: datetime, reach: timedelta) -> bool:
    """Whether at that moment nothing is known of the service any more: the last result speaks for `reach`."""
    return at - watched.last_at > reach + TAKEOVER


def step(
    watched: Watched, at: datetime, status: str, *, bad_limit: int, good_limit: int, reach: timedelta
) -> Watched:  # fmt: skip
    """Count one result; after time in which nobody watched, anew. One not newer than the last changes nothing."""
    if at <= watched.last_at:
        return watched
    if out_of_sight(watched, at, reach):
        watched = _anew(watched)
    if status == HealthStatus.HEALTHY.value:
        good = watched.good + 1
        still = watched.is_bad and good < good_limit
        since = watched.bad_since if still else None
        return replace(watched, last_at=at, bad=0, good=good, is_bad=still, bad_since=since)
    since = watched.bad_since or at
    bad = watched.bad + 1
    return replace(watched, last_at=at, bad=bad, good=0, bad_since=since, is_bad=watched.is_bad or bad >= bad_limit)


def _anew(watched: Watched) -> Watched:
    return replace(watched, bad=0, good=0, bad_since=None, is_bad=False)


def advance(
    conn: Connection[Row], services: Collection[Service], now: datetime, *, bad_limit: int, good_limit: int,
    reach_s: Mapping[Service, float],
) -> tuple[Watched, ...]:  # fmt: skip
    """Judge everything found since the last time, in the caller's transaction; how each service stands then.

    `services` are those that may be configured. An incident of another one ends, and so does that of a service of
    which there was no result for longer than `reach_s`: nobody knows any more.
    """
    known = {row["service"]: Watched(**row) for row in conn.execute(SQL["watch_read"])}
    were_bad = {name for name, one in known.items() if one.is_bad}
    lost: dict[str, datetime] = {}
    for service in Service:
        reach = timedelta(seconds=reach_s[service])
        # Before the first time there is nothing to count from: a day's old trouble is no news.
        watched = known.get(service.value) or Watched(service.value, now - timedelta(minutes=10))
        if watched.last_at > now + CLOCKS_DIFFER:  # the clock was set back: waiting for it to come there would be blind
            watched = replace(watched, last_at=now - JUST_FOUND)
        values = {"service": service.value, "at": watched.last_at, "until": now + CLOCKS_DIFFER, "limit": AT_ONCE}
        rows = conn.execute(SQL["results_after"], values).fetchall() if service in services else []
        for row in rows:
            if watched.is_bad and out_of_sight(watched, row["at"], reach):
                lost[service.value] = _lose(conn, watched, reach, now)
                watched = _anew(watched)
            before, watched = (
                watched,
                step(watched, row["at"], row["status"], bad_limit=bad_limit, good_limit=good_limit, reach=reach),
            )
            if watched.is_bad and row["status"] != HealthStatus.HEALTHY.value:
                since = watched.bad_since if not before.is_bad else row["at"]
                _open(conn, service.value, since, row)
            elif before.is_bad and not watched.is_bad:
                conn.execute(SQL["close_incident"], {"scope": service.value, "at": row["at"], "unwatched": False})
        if watched.is_bad and (service not in services or out_of_sight(watched, now, reach)):
            lost[service.value] = _lose(conn, watched, reach, now)
            watched = _anew(watched)
        if rows or service.value in known:
            known[service.value] = watched
            values = {name: getattr(watched, name) for name in Watched.__dataclass_fields__}
            conn.execute(SQL["watch_save"], {**values, "holds_until": watched.last_at + reach})
    if were_bad and were_bad <= lost.keys():  # nobody can say of any that it came back
        _close_network(conn, max(lost.values()), unwatched=True)
    _network(conn, list(known.values()), now, reach_s)
    return tuple(known.values())


def _lose(conn: Connection[Row], watched: Watched, reach: timedelta, now: datetime) -> datetime:
    """End an incident with the last that was seen of it."""
    at = min(now, watched.last_at if watched.good else watched.last_at + reach)
    conn.execute(SQL["close_incident"], {"scope": watched.service, "at": at, "unwatched": True})
    return at


def _open(conn: Connection[Row], scope: str, at: datetime | None, row: Row) -> int:
    values = {"scope": scope, "at": at, "worst": row["status"], "code": row["code"], "message": row["message"]}
    found = conn.execute(SQL["open_incident"], values).fetchone()
    assert found is not None
    return int(found["id"])


def _network(
    conn: Connection[Row], watched: Sequence[Watched], now: datetime, reach_s: Mapping[Service, float]
) -> None:
    """All at once is one incident of the network, for as long as none of them comes back.

    Services of which nothing recent is known do not count. One that was in trouble before does not speak against it,
    and keeps its own incident.
    """
    recent = [one for one in watched if now - one.last_at <= timedelta(seconds=reach_s[Service(one.service)])]
    begun = {one.service: one.bad_since for one in recent if one.is_bad and one.bad_since is not None}
    if begun and len(begun) == len(recent):
        # Each turned bad somewhere between two checks: with the last one began what is judged here.
        last = max(at - timedelta(seconds=reach_s[Service(name)] / REACH) for name, at in begun.items())
        together = [at for at in begun.values() if at >= last - TOGETHER]
        if len(together) >= LEAST_SERVICES:
            row = {"status": HealthStatus.UNHEALTHY.value, "code": NETWORK,
                   "message": "No service answers: most likely this machine's own network."}  # fmt: skip
            number = _open(conn, NETWORK, min(together), row)
            conn.execute(SQL["join_network"], {"id": number, "since": min(together)})
    elif any(not one.is_bad and one.bad == 0 for one in recent):
        _close_network(conn, now, unwatched=False)


def _close_network(conn: Connection[Row], at: datetime, *, unwatched: bool) -> None:
    if conn.execute(SQL["close_incident"], {"scope": NETWORK, "at": at, "unwatched": unwatched}).fetchone():
        conn.execute(SQL["leave_network"])
