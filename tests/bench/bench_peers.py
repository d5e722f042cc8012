"""Side by side in one run: ours, rq-dashboard, Flower, and plain SQL as the limit, with 100,000 jobs each.

Server time is what each one's own page asks of its server (ours asks in its process; Flower and rq-dashboard over
HTTP). In Chromium ours is clicked, Flower's table is drawn anew without the wait it has for typing, and rq-dashboard's
list is loaded, since each of its lists is an address. Pages have 20 rows, Flower's 15 in the browser.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

from salina_monitor.accounts import Accounts
from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import JobFilters, JobStatus, Role, TimeRange
from salina_monitor.queries import JobSource, get_job_summary, get_recent_jobs
from salina_monitor.store import Store
from tests.bench.recording import milliseconds
from tests.bench.results import Options, Result, Row, number, table
from tests.bench.rivals import Missing, Rivals, flower_question, rivals
from tests.bench.stores import filled_store
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.driver import sign_in
from tests.e2e.processes import running_server
from tests.support.folders import open_folder

JOBS, ROUNDS, LOADS = 100_000, 20, 6
QUESTIONS = ("open the list", "filter failed", "page 2", "page 100", "search error text", "counts")
OURS, SQL, RQ, FLOWER = "ours", "plain SQL", "rq-dashboard", "Flower"
Times = dict[tuple[str, str], float]
PASSWORD = "correct horse battery"  # noqa: S105 - of a store that is thrown away
_ALL = JobFilters(range=TimeRange.MONTH)
_FAILED = JobFilters(status=JobStatus.FAILED, range=TimeRange.MONTH)
_WORDS = JobFilters(text="slowdown", range=TimeRange.MONTH)


def run(options: Options) -> Result:
    with open_folder("salina-bench-", on_disk=True) as folder, filled_store(JOBS, options) as (store, settings, _):
        server = {**_ours(store, JobSource(store, JobTypes.of(settings))), **_plain(store)}
        told = ""
        browser: Times = {}
        with sync_playwright() as driver:
            chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            browser |= _our_page(chromium.new_page(viewport={"width": 1440, "height": 900}), store, settings, folder)
            try:
                with rivals(JOBS, folder) as others:
                    told = others.versions
                    server |= _others(others)
                    browser |= _rq_pages(chromium.new_page(), others.rq)
                    browser |= _flower_pages(chromium.new_page(), others.flower)
            except Missing as missing:
                told = f"not compared with rq-dashboard and Flower: {missing}"
            chromium.close()
    return Result((f"{JOBS:,} jobs each; {told}.", "", *_table(server, browser)), _judged(server, browser))


def _judged(server: Times, browser: Times) -> tuple[Row, ...]:
    rows: list[Row] = []
    for question in QUESTIONS:
        others = [server[rival, question] for rival in (RQ, FLOWER) if (rival, question) in server]
        if others:
            name = f"{question}, server time against the quicker rival, ratio"
            rows.append((name, server[OURS, question] / min(others), "<= 1"))
    if (FLOWER, "filter failed") in browser:
        ratio = browser[OURS, "filter failed"] / browser[FLOWER, "filter failed"]
        rows.append(("filter failed in Chromium against Flower, ratio", ratio, "<= 1"))
    return tuple(rows)


def _table(server: Times, browser: Times) -> tuple[str, ...]:
    head = (
        "what", *(f"{who}, server ms" for who in (SQL, OURS, RQ, FLOWER)), "rq-dashboard / ours", "Flower / ours",
        *(f"{who}, Chromium ms" for who in (OURS, RQ, FLOWER)), "rq-dashboard / ours", "Flower / ours",
    )  # fmt: skip

    def row(question: str) -> tuple[str, ...]:
        def cell(times: Times, who: str) -> str:
            return number(times[who, question]) if (who, question) in times else "–"

        def ratio(times: Times, who: str) -> str:
            if (who, question) not in times or (OURS, question) not in times:
                return "–"
            return f"{times[who, question] / times[OURS, question]:.1f}×"

        return (
            question, *(cell(server, who) for who in (SQL, OURS, RQ, FLOWER)), ratio(server, RQ), ratio(server, FLOWER),
            *(cell(browser, who) for who in (OURS, RQ, FLOWER)), ratio(browser, RQ), ratio(browser, FLOWER),
        )  # fmt: skip

    return table(head, [row(question) for question in QUESTIONS])


def _median(ask: Callable[[], object], rounds: int = ROUNDS) -> float:
    ask()
    return statistics.median(milliseconds(ask) for _ in range(rounds))


def _ours(store: Store, source: JobSource) -> Times:
    asked: Mapping[str, Callable[[], object]] = {
        "open the list": lambda: get_recent_jobs(_ALL, source=source),
        "filter failed": lambda: get_recent_jobs(_FAILED, source=source),
        "page 2": lambda: get_recent_jobs(_ALL, 2, source=source),
        "page 100": lambda: get_recent_jobs(_ALL, 100, source=source),
        "search error text": lambda: get_recent_jobs(_WORDS, source=source),
        "counts": lambda: get_job_summary(source=source),
    }
    return {(OURS, question): _median(ask) for question, ask in asked.items()}


def _plain(store: Store) -> Times:
    columns = (
        "select id, function_id, status, queued_at, nullif(ended_at, 'infinity'), error_name, error_message from runs"
    )
    order = "order by queued_at desc, id desc limit 20"
    asked = {
        "open the list": f"{columns} {order}",
        "filter failed": f"{columns} where status = 'failed' {order}",
        "page 2": f"{columns} {order} offset 20",
        "page 100": f"{columns} {order} offset 1980",
        "search error text": f"{columns} where search @@ '''slowdown'':*'::tsquery {order}",
        "counts": "select status, count(*) from runs where ended_at >= '2026-11-23 12:00Z' group by 1",
    }
    found = {}
    with store.connection() as conn:
        for question, text in asked.items():
            found[SQL, question] = _median(lambda text=text: conn.execute(text.encode()).fetchall())  # type: ignore[misc]
    return found


def _others(others: Rivals) -> Times:
    found: Times = {}
    with httpx.Client(timeout=30) as http:

        def get(url: str, **query: Any) -> Callable[[], object]:
            return lambda: http.get(url, **query).raise_for_status().content

        jobs = f"{others.rq}/0/data/jobs/default"
        asked = {
            "open the list": get(f"{jobs}/finished/20/dsc/1.json"),
            "filter failed": get(f"{jobs}/failed/20/dsc/1.json"),
            "page 2": get(f"{jobs}/finished/20/dsc/2.json"),
            "page 100": get(f"{jobs}/finished/20/dsc/100.json"),
            "counts": get(f"{others.rq}/0/data/queues.json"),
        }
        found |= {(RQ, question): _median(ask) for question, ask in asked.items()}
        tasks = f"{others.flower}/tasks/datatable"
        asked = {
            "open the list": get(tasks, params=flower_question()),
            "filter failed": get(tasks, params=flower_question(search="state:FAILURE")),
            "page 2": get(tasks, params=flower_question(20)),
            "page 100": get(tasks, params=flower_question(1980)),
            "search error text": get(tasks, params=flower_question(search="slowdown")),
            "counts": get(f"{others.flower}/workers", params={"json": "1"}),
        }
        return found | {(FLOWER, question): _median(ask) for question, ask in asked.items()}


def _loaded(page: Page, url: str, ready: str) -> float:
    """Median milliseconds from the start of a load until `ready` is true, as the page itself sees it."""
    took = []
    for _ in range(LOADS):
        page.goto(url, wait_until="commit")
        page.wait_for_function(ready, polling="raf", timeout=30_000)
        took.append(float(page.evaluate("performance.now()")))
        time.sleep(0.5)
    return statistics.median(took[1:])


_OUR_CLICK = """([key, label]) => new Promise(done => {
  const caption = () => [...document.querySelectorAll('[data-testid=stCaptionContainer]')]
    .find(c => /newest first/.test(c.innerText))?.innerText
  const before = caption(), started = performance.now()
  const look = () => (caption() && caption() != before) ? done(performance.now() - started) : requestAnimationFrame(look)
  ;[...document.querySelectorAll(`.st-key-${key} button`)].find(b => b.innerText.trim() == label).click()
  requestAnimationFrame(look) })"""


def _our_page(page: Page, store: Store, settings: Any, folder: Any) -> Times:
    accounts = Accounts.over(store, settings)
    if not any(user.name == "bench" for user in accounts.users.list()):
        accounts.users.add("bench", Role.OWNER, PASSWORD)
    env = {"MONITOR_DATA_DIR": str(settings.data_dir), "MONITOR_COLLECT": "0"}
    ready = "() => document.querySelector('.st-key-jobs canvas') && /newest first/.test(document.body.innerText)"
    with running_server(folder, "serve", **env) as server:
        list_of = f"{server.url}/admin/system?range=30d"
        page.goto(list_of)
        sign_in(page, "bench", PASSWORD)
        found = {(OURS, "open the list"): _loaded(page, list_of, ready)}
        found[OURS, "page 100"] = _loaded(page, f"{list_of}&page=100", ready)
        found[OURS, "search error text"] = _loaded(page, f"{list_of}&q=slowdown", ready)
        page.goto(list_of)
        page.wait_for_function(ready)
        time.sleep(3)
        for question, clicks in {
            "filter failed": (("status", "Failed"), ("status", "All")),
            "page 2": (("page", "2"), ("page", "1")),
        }.items():
            took = []
            for _ in range(LOADS):
                for place, click in enumerate(clicks):
                    ms = float(page.evaluate(_OUR_CLICK, list(click)))
                    took += [ms] if place == 0 else []
                    time.sleep(0.8)
            found[OURS, question] = statistics.median(took)
        return found


def _rq_pages(page: Page, url: str) -> Times:
    jobs = f"{url}/0/view/jobs/default"
    ready = "() => document.querySelectorAll('tr[data-role=job]').length > 3"
    places = {"open the list": "finished/20/dsc/1", "filter failed": "failed/20/dsc/1", "page 2": "finished/20/dsc/2",
              "page 100": "finished/20/dsc/100"}  # fmt: skip
    return {(RQ, question): _loaded(page, f"{jobs}/{place}", ready) for question, place in places.items()}


_FLOWER_DRAW = """([search, page]) => new Promise(done => {
  const table = $('#tasks-table').DataTable(), started = performance.now()
  $('#tasks-table').one('draw.dt', () => requestAnimationFrame(() => done(performance.now() - started)))
  table.search(search).page(page).draw(search ? true : 'page') })"""


def _flower_pages(page: Page, url: str) -> Times:
    ready = "() => document.querySelectorAll('#tasks-table tbody tr td:nth-child(2)').length > 3"
    found = {(FLOWER, "open the list"): _loaded(page, f"{url}/tasks", ready)}
    changes = {
        "filter failed": ["state:FAILURE", 0],
        "page 2": ["", 1],
        "page 100": ["", 99],
        "search error text": ["slowdown", 0],
    }
    for question, change in changes.items():
        took = []
        for _ in range(LOADS):
            page.evaluate(_FLOWER_DRAW, ["", 0])
            took.append(float(page.evaluate(_FLOWER_DRAW, change)))
        found[FLOWER, question] = statistics.median(took)
    return found
