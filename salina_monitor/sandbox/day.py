"""A publisher's day: what comes in, when, and what becomes of it.

`played_day(seed, now)` gives a simulation that has lived three days until `now`, about 2,000 runs in the last 24 hours
and fewer before, and goes on living as it is advanced. While somebody looks a run comes in every 2 to 4 seconds,
otherwise about one every 70 seconds, so that a sandbox left alone overnight still holds a day of the same size. On a
page left open the day fills up to some thousand runs, then they come more slowly. After a week runs are forgotten.
"""

from __future__ import annotations

from salina_monitor.sandbox.catalogue import (
    BATCH,
    CHANNEL,
    CLEANUP,
    DAYTIME,
    DIRECTORY,
    NOTIFY,
    ONIX,
    PDF,
    PDF_FAILURE,
    RATES,
    ROYALTIES,
    ROYALTY_FEED,
    TENANT_WEIGHTS,
    TENANTS,
    Played,
)
from salina_monitor.sandbox.mishaps import Kind
from salina_monitor.sandbox.moments import DAY, HOUR, MINUTE, MS, SECOND, seconds
from salina_monitor.sandbox.payloads import payload
from salina_monitor.sandbox.runs import Fate, PlayedRun
from salina_monitor.sandbox.simulation import Simulation

_NIGHT = 2 * HOUR + 5 * MINUTE
_BY_HOUR = (8, 6, 5, 5, 6, 10, 22, 45, 80, 100, 105, 98, 70, 92, 104, 98, 82, 60, 40, 30, 25, 20, 15, 10)
_RUNS_A_DAY = (900, 1050, 1150)
_WATCHED_FOR = 2 * MINUTE
_FULL_DAY, _SLOWER_S = 4_500, 50.0
_KEPT = 7 * DAY


class Day:
    """Feeds a simulation with the traffic of the publisher."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._rng = simulation.rng
        self._watched_until = 0
        self._round = 0
        simulation.when_completed[BATCH.id] = self._fan_out
        simulation.when_completed[PDF.id] = self._tell_author
        simulation.when_failed[PDF.id] = self._handle_failure

    def script(self, now: int) -> None:
        """Put three days until `now` and the nightly work of a week after it on the simulation's calendar."""
        for days_ago, count in zip((3, 2, 1), _RUNS_A_DAY, strict=True):
            self._daytime(now - days_ago * DAY, count)
        self._timetable((now - 3 * DAY) // DAY * DAY, after=now - 3 * DAY)
        self._outage("s3", now - 5 * HOUR, 17 * MINUTE, BATCH, 2)
        self._outage("clerk", now - 9 * HOUR, 12 * MINUTE, DIRECTORY, 6)
        self._outage("resend", now - 31 * HOUR, 25 * MINUTE, NOTIFY, 22)
        self._mishaps(now)
        self._just_now(now)

    def watched(self, now: int) -> None:
        """Somebody looks: from now on runs come in every few seconds."""
        was_watched = now < self._watched_until
        self._watched_until = now + _WATCHED_FOR
        if not was_watched:
            self._expect_next(now, seconds(self._rng.uniform(0.5, 2)))

    def _expect_next(self, now: int, gap: int) -> None:
        self._round += 1
        expected = self._round

        def come(moment: int) -> None:
            if expected != self._round:
                return  # somebody began to look meanwhile: another arrival took the place of this one
            function = self._rng.choices(DAYTIME, [f.weight for f in DAYTIME])[0]
            self.arrive(moment, function)
            self._expect_next(moment, seconds(self._gap_s(moment)))

        self.simulation.at(now + gap, come)

    def _gap_s(self, moment: int) -> float:
        if moment >= self._watched_until:
            return self._rng.expovariate(1 / 70)
        return self._rng.uniform(2, 4) if self.simulation.queued_since(moment - DAY) < _FULL_DAY else _SLOWER_S

    def arrive(self, moment: int, function: Played, tenant: str | None = None, fate: Fate | None = None) -> PlayedRun:
        """One event for `function` and the run it triggers."""
        if tenant is None and not function.cron:
            tenant = self._rng.choices(TENANTS, TENANT_WEIGHTS)[0]
        event = self.simulation.receive(moment, function, tenant, payload(function, self._rng))
        lag = self._rng.randrange(3, 40) * MS
        run = self.simulation.queue(moment + lag, function, event, tenant, fate or self._fate(function))
        if function is BATCH:
            self.simulation.at(moment + seconds(self._rng.uniform(2, 9)), lambda now: self._invoke(run, now))
        return run

    def _daytime(self, start: int, count: int) -> None:
        weights = [_BY_HOUR[(start // HOUR + hour) % 24] for hour in range(24)]
        for hour in self._rng.choices(range(24), weights, k=count):
            moment = start + hour * HOUR + self._rng.randrange(HOUR)
            function = self._rng.choices(DAYTIME, [f.weight for f in DAYTIME])[0]
            self._later(moment, function)

    def _later(self, moment: int, function: Played, tenant: str | None = None, fate: Fate | None = None) -> None:
        self.simulation.at(moment, lambda now: void(self.arrive(now, function, tenant, fate)))

    def _timetable(self, midnight: int, after: int) -> None:
        """What runs by the clock on the day that begins at `midnight`, and so on for every day that comes."""
        work: list[tuple[int, Played, str | None]] = [(midnight + hour * HOUR, RATES, None) for hour in range(24)]
        work.append((midnight + 3 * HOUR, CLEANUP, None))
        work += [(midnight + _NIGHT + n * 200 * MS, BATCH, tenant) for n, tenant in enumerate(TENANTS)]
        for moment, function, tenant in work:
            if moment > after:
                self._later(moment, function, tenant, Fate())
        self.simulation.forget(midnight - _KEPT)
        self.simulation.at(midnight + DAY, lambda now: self._timetable(midnight + DAY, after))

    def _outage(self, service: str, start: int, lasts: int, hit: Played, times: int) -> None:
        """A service is down for a while, just when `hit` comes in several times."""

        def change(state: str) -> None:
            self.simulation.set_faults({**self.simulation.faults, service: state})

        self.simulation.at(start, lambda now: change("error"))
        self.simulation.at(start + lasts, lambda now: change("ok"))
        for _ in range(times):
            self._later(start + self._rng.randrange(lasts // 2), hit, fate=Fate())

    def _mishaps(self, now: int) -> None:
        planned = [
            (Kind.TEMPLATE, PDF, 4, 6), (Kind.HOSTILE, PDF, 4, 3), (Kind.HUGE, ONIX, 4, 2), (Kind.REFUSED, BATCH, 1, 3),
            (Kind.LEDGER, CHANNEL, 4, 5), (Kind.LEDGER, PDF, 2, 9),
        ]  # fmt: skip
        for kind, function, failing, times in planned:
            for _ in range(times):
                moment = now - self._rng.randrange(20 * MINUTE, 22 * HOUR)
                self._later(moment, function, fate=Fate(kind, failing))
                self._later(moment - self._rng.randrange(22 * HOUR, 48 * HOUR), function, fate=Fate(kind, failing))
        for started in (35 * MINUTE, 2 * HOUR, 4 * HOUR):
            self._later(now - started, ROYALTY_FEED, fate=Fate(sleeps=started + self._rng.randrange(HOUR, 3 * HOUR)))
        for ago in (1, 4, 7, 13, 19):
            moment = now - ago * HOUR + self._rng.randrange(30 * MINUTE)
            self._later(moment, BATCH, fate=Fate(cancelled_after=seconds(self._rng.uniform(3, 20))))

    def _just_now(self, now: int) -> None:
        """What makes the first look lively: a queue that drains, runs between two attempts, a batch at work."""
        for n in range(5):
            self._later(now - (14 - 2 * n) * SECOND, (CHANNEL, PDF)[n % 2], fate=Fate(Kind.LEDGER, 3))
        self._later(now - 8 * SECOND, BATCH, TENANTS[1], Fate())
        self.simulation.at(now - 6 * SECOND, lambda moment: self._burst(moment, TENANTS[0], 36))

    def _fan_out(self, batch: PlayedRun, moment: int) -> None:
        self.simulation.at(
            moment + 50 * MS, lambda now: self._burst(now, batch.tenant or TENANTS[0], self._rng.randrange(26, 46))
        )

    def _burst(self, moment: int, tenant: str, size: int) -> None:
        """A batch sends its events in one call: all are received and queued within the same millisecond."""
        instant = moment // MS * MS + MS
        events = [
            self.simulation.receive(instant + n * 1700, PDF, tenant, payload(PDF, self._rng)) for n in range(size)
        ]
        for n, event in enumerate(events):
            self.simulation.queue(instant + 600_000 + n * 900, PDF, event, tenant, self._fate(PDF))

    def _invoke(self, batch: PlayedRun, moment: int) -> None:
        if batch.is_ended:
            return
        event = self.simulation.receive(moment, ROYALTIES, batch.tenant, {"period": "2026-Q3"})
        self.simulation.queue(moment + MS, ROYALTIES, event, batch.tenant)

    def _tell_author(self, run: PlayedRun, moment: int) -> None:
        if self._rng.random() < 0.12:
            self._later(moment + seconds(self._rng.uniform(0.3, 3)), NOTIFY, run.tenant)

    def _handle_failure(self, run: PlayedRun, moment: int) -> None:
        told = {"function_id": f"salina-erp-{run.function.id}", "run_id": run.id, "event": {"data": run.event.data}}
        event = self.simulation.receive(moment, PDF_FAILURE, None, told)
        self.simulation.queue(moment + 9 * MS, PDF_FAILURE, event, None)

    def _fate(self, function: Played) -> Fate:
        chance = self._rng.random()
        if chance < 0.006:
            return Fate(cancelled_after=seconds(self._rng.uniform(0.5, 15)))
        if function.retries and chance < 0.026:
            return Fate(Kind.LEDGER, self._rng.choice((1, 1, 2, 3)))
        if function in (PDF, ONIX) and chance < 0.032:
            return Fate(Kind.TEMPLATE if function is PDF else Kind.HUGE, 4)
        return Fate()


def void(_: object) -> None:
    """Drop a result where a happening may give none."""


def played_day(seed: int, now: int) -> Day:
    """A simulation of the publisher's last three days, advanced to `now`, ready to go on."""
    simulation = Simulation(seed, now - 3 * DAY)
    day = Day(simulation)
    day.script(now)
    simulation.advance(now)
    day.watched(now)
    return day
