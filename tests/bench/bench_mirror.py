"""The mirror: requests of a steady refresh, the first fill of 100,000 runs, a day's absence, 50 runs a second.

The steady refresh is measured against the sandbox's Inngest, which plays runs as the real one does; the rest against
fast_inngest.py, since the sandbox cannot deliver that many. Both answer the real client over HTTP.
"""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from salina_monitor.inngest import InngestClient
from salina_monitor.mirror import Mirror, verify
from salina_monitor.mirror.ahead import Ahead
from salina_monitor.mirror.backlog import read_backlog_page
from salina_monitor.mirror.sync import sync_functions, sync_live
from salina_monitor.sandbox import sandbox_settings, start_services
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.bench.fast_inngest import TOOK_MS, fast_inngest
from tests.bench.results import Options, Result, Row, of_rows
from tests.support.folders import open_folder

PAST, DAYS = 100_000, 7.0
ARRIVING, WATCHED_S, EVERY_S = 50, 60, 5
CLOUD_RATE, OWN_RATE = 5, 50


def run(_options: Options) -> Result:
    with open_folder("salina-bench-", on_disk=True) as folder:
        return of_rows([*_steady(folder / "steady"), *_much(folder / "much")])


def _steady(data: Path) -> list[Row]:
    with start_services(data):
        settings = sandbox_settings({"MONITOR_DATA_DIR": str(data)})
        with Store.open(settings) as store, InngestClient(settings) as client:
            mirror = Mirror(store, client, settings)
            mirror.sync_now()
            most, slowest = 0, 0.0
            for _ in range(5):
                time.sleep(2)
                before, started = client.requests, time.perf_counter()
                with mirror.context.leased():
                    sync_live(mirror.context)
                most = max(most, client.requests - before)
                slowest = max(slowest, (time.perf_counter() - started) * 1000)
            state = mirror.state()
            assert state.as_of.server_at is not None
            found = verify(mirror.context, state.as_of.server_at - timedelta(days=1))
            return [
                ("requests of a steady refresh, most of five", most, "<= 4"),
                ("steady refresh, slowest of five, ms", slowest, "<= 5000"),
                (f"divergences of {found.compared:,} runs", len(found.divergences), "<= 0"),
            ]


def _much(data: Path) -> list[Row]:
    with fast_inngest(PAST, DAYS) as url:
        env = {"MONITOR_DATA_DIR": str(data), "MONITOR_HISTORY_DAYS": str(round(DAYS)), "INNGEST_API_URL": url,
               "INNGEST_SIGNING_KEY": "signkey-test-" + "0" * 64, "INNGEST_RATE": str(OWN_RATE)}  # fmt: skip
        settings = Settings.load(env)
        with Store.open(settings) as store, InngestClient(settings) as client:
            mirror = Mirror(store, client, settings)
            day = 86_400_000
            _control(url, offset_ms=-day)
            rows = _first_fill(mirror, client, PAST - PAST // round(DAYS))
            _control(url, offset_ms=0)
            return [*rows, *_absence(mirror, client), *_arriving(mirror, client, url)]


def _first_fill(mirror: Mirror, client: InngestClient, expected: int) -> list[Row]:
    ctx = mirror.context
    started, cpu = time.perf_counter(), time.process_time()
    ahead = Ahead()
    with ctx.leased():
        sync_live(ctx)
        sync_functions(ctx)
        while read_backlog_page(ctx, ahead):
            pass
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    requests, own = client.requests, took - client.waited_s
    assert abs(_runs(mirror.store) - expected) < expected * 0.01, "not measured: the fill is not complete"
    at_cloud = requests / CLOUD_RATE
    return [
        (f"first fill of {_runs(mirror.store):,} runs and their events at {OWN_RATE} requests/s, s", took, ""),
        ("first fill: requests", requests, ""),
        (f"first fill at {OWN_RATE} requests/s: time waiting for API or rate, %", 100 * client.waited_s / took, ">= 90"),
        ("first fill: our own time a request (store included), ms", 1000 * own / requests, ""),
        ("first fill: of it on our processor, ms", 1000 * cpu / requests, ""),
        (f"first fill at Inngest Cloud's {CLOUD_RATE} requests/s: time waiting, % (from the same numbers)",
         100 * (1 - own / max(at_cloud, took)), ">= 90"),
    ]  # fmt: skip


def _absence(mirror: Mirror, client: InngestClient) -> list[Row]:
    ctx, before, requests = mirror.context, _runs(mirror.store), client.requests
    started = time.perf_counter()
    with ctx.leased():
        sync_live(ctx)
    live, live_requests = time.perf_counter() - started, client.requests - requests
    new = _runs(mirror.store) - before
    ahead = Ahead()
    with ctx.leased():
        while read_backlog_page(ctx, ahead):
            pass
    whole = time.perf_counter() - started
    return [
        (f"after a day's absence ({new:,} runs): until the page is fresh, s", live, ""),
        ("after a day's absence: requests until then", live_requests, ""),
        ("after a day's absence: until all tenants are known, s", whole, ""),
    ]


def _arriving(mirror: Mirror, client: InngestClient, url: str) -> list[Row]:
    """A page is looked at and refreshed every few seconds while runs arrive."""
    _control(url, rate=ARRIVING)
    time.sleep(TOOK_MS / 1000 + 1)
    began = time.monotonic()
    lags, times, requests, first, cpu = [], [], [], client.requests, time.process_time()
    while time.monotonic() - began < WATCHED_S:
        before, started = client.requests, time.perf_counter()
        mirror.refresh()
        times.append((time.perf_counter() - started) * 1000)
        requests.append(client.requests - before)
        lags.append((_control(url)["now"] - _newest_end_ms(mirror.store)) / 1000)
        time.sleep(max(0.0, EVERY_S - (time.perf_counter() - started)))
    watched, cpu = time.monotonic() - began, time.process_time() - cpu
    all_requests = client.requests - first
    _control(url, rate=0)
    time.sleep(TOOK_MS / 1000 + 1)
    mirror.refresh()
    mirror.close()
    missing = verify(mirror.context, datetime.now(UTC) - timedelta(minutes=10))
    name = f"{ARRIVING} runs/s, refreshed every {EVERY_S} s"
    return [
        (f"{name}: refresh, median ms", statistics.median(times), "<= 5000"),
        (f"{name}: refresh, slowest ms", max(times), "<= 5000"),
        (f"{name}: age of the newest ended run after a refresh, slowest s", max(lags), "<= 5"),
        (f"{name}: requests of a refresh, median", statistics.median(requests), ""),
        (f"{name}: requests/s in all, traces and history too", all_requests / watched, f"<= {OWN_RATE}"),
        (f"{name}: share of one processor (without the store), %", 100 * cpu / watched, ""),
        (f"{name}: divergences of {missing.compared:,} runs afterwards", len(missing.divergences), "<= 0"),
    ]


def _control(url: str, **change: float) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in change.items())
    with urllib.request.urlopen(f"{url}/control?{query}", timeout=5) as answer:  # noqa: S310 - our own, on loopback
        said: dict[str, Any] = json.load(answer)
    return said


def _runs(store: Store) -> int:
    with store.connection() as conn:
        row = conn.execute("select count(*) as n from runs").fetchone()
    assert row is not None
    return int(row["n"])


def _newest_end_ms(store: Store) -> float:
    with store.connection() as conn:
        row = conn.execute("select max(ended_at) as at from runs where ended_at < 'infinity'").fetchone()
    assert row is not None
    at: datetime = row["at"]
    return at.timestamp() * 1000
