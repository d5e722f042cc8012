"""The pages in Chromium, against a sandbox process: cold and warm loads, each part of the System page, and clicks.

The same loads of a static Streamlit page of this shape tell what the platform takes on this machine at this hour.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Playwright, StorageState, sync_playwright

from tests.bench.results import Options, Result, Row, of_rows
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.driver import sign_in
from tests.e2e.processes import free_port, running_server
from tests.support.folders import open_folder

LOADS = CLICKS = 20
# Times are taken in the page itself: a test driver's polling would add to them.
WATCH = """window.seen = {};
setInterval(() => { for (const [name, selector] of Object.entries({
    known: '.st-key-verdict', health: '.st-key-health_inngest', cards: '.st-key-card_failed [data-testid=stMetricValue]',
    table: '.st-key-jobs canvas', last: '.st-key-page button' }))
  if (!window.seen[name] && document.querySelector(selector)) window.seen[name] = performance.now() }, 5)"""
CLICK = """([place, label, before]) => new Promise(done => {
  const button = [...document.querySelectorAll(place + ' button')].find(b => b.innerText.trim() == label)
  const caption = () => [...document.querySelectorAll('[data-testid=stCaptionContainer]')]
    .find(c => /newest first/.test(c.innerText))?.innerText
  const started = performance.now()
  const look = () => (caption() && caption() != before) ? done(performance.now() - started) : requestAnimationFrame(look)
  button.click(); requestAnimationFrame(look) })"""


def run(_options: Options) -> Result:
    with (
        open_folder("salina-bench-", on_disk=True) as folder,
        running_server(folder, "sandbox") as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server.url}/admin/system")
        sign_in(page, "owner", "sandbox")
        page.locator(".st-key-jobs").wait_for()
        time.sleep(20)  # the first fill is another number
        page.add_init_script(WATCH)
        warm = [_load(page) for _ in range(LOADS)]
        cold = [_cold(driver, f"{server.url}/admin/system", page.context.storage_state()) for _ in range(LOADS)]
        filters = [_click(page, "status", ("Failed", "Completed", "All")[turn % 3]) for turn in range(CLICKS)]
        turns = [_click(page, "page", ("2", "1")[turn % 2]) for turn in range(CLICKS)]
        _click(page, "status", "Failed")
        job = page.locator("[class*=st-key-job_error_]").first.get_attribute("class") or ""
        address = f"{server.url}/admin/job?id={job.rpartition('st-key-job_error_')[2].split()[0]}"
        pages = {
            "job page": [_open(page, address, ".st-key-job_related") for _ in range(LOADS)],
            "failures page": [_open(page, f"{server.url}/admin/failures", "[class*=st-key-failure_]")
                              for _ in range(LOADS)],
        }  # fmt: skip
        browser.close()
    floor_warm, floor_cold = _floor()
    return of_rows([
        *_parts("warm page", warm, {"known": "<= 600", "last": "<= 1200"}),
        *_parts("cold browser", cold, {"known": "<= 1500", "last": "<= 2500"}),
        *_parts("static page, warm", floor_warm, {}),
        *_parts("static page, cold browser", floor_cold, {}),
        *((f"{name}: last element, median ms", statistics.median(took), "<= 1500") for name, took in pages.items()),
        ("filter click to table, median ms", statistics.median(filters), "<= 110"),
        ("filter click to table, p95 ms", statistics.quantiles(filters, n=20)[-1], "<= 250"),
        ("page change, median ms", statistics.median(turns), "<= 110"),
        ("page change, p95 ms", statistics.quantiles(turns, n=20)[-1], "<= 250"),
    ])  # fmt: skip


def _floor() -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Warm and cold loads of the static page."""
    port = free_port()
    script = Path(__file__).with_name("static_page.py")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true",
               f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none",
               "--browser.gatherUsageStats=false"]  # fmt: skip
    server = subprocess.Popen(command, cwd=script.parent, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            _until_served(page, url)
            warm = [_load(page) for _ in range(LOADS)]
            browser.close()
            return warm, [_cold(driver, url, None) for _ in range(LOADS)]
    finally:
        server.terminate()
        server.wait(10)


def _until_served(page: Page, url: str) -> None:
    for _ in range(60):
        try:
            page.goto(url)
        except PlaywrightError:
            time.sleep(0.5)
        else:
            _seen(page)
            return
    raise TimeoutError(url)


PARTS = {
    "known": "known truth (verdict)",
    "cards": "cards of jobs",
    "health": "cards of health",
    "last": "last element",
}


def _parts(name: str, loads: list[dict[str, float]], targets: dict[str, str]) -> list[Row]:
    """When each part of the page stood, from the start of the load."""
    seen = [load | {"last": max(load.values())} for load in loads]
    return [
        (f"{name}: {words}, median ms", statistics.median(load[part] for load in seen), targets.get(part, ""))
        for part, words in PARTS.items()
    ]


def _cold(driver: Playwright, url: str, signed_in: StorageState | None) -> dict[str, float]:
    """A load in a browser that was started for it and has nothing but its cookie."""
    browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    page = browser.new_context(viewport={"width": 1440, "height": 900}, storage_state=signed_in).new_page()
    page.add_init_script(WATCH)
    page.goto(url, wait_until="commit")
    seen = _seen(page)
    browser.close()
    return seen


def _load(page: Page) -> dict[str, float]:
    page.reload(wait_until="commit")
    return _seen(page)


def _seen(page: Page) -> dict[str, float]:
    """When the parts stood, once all do."""
    page.locator(".st-key-page button").first.wait_for()
    page.locator(".st-key-jobs canvas").first.wait_for()
    time.sleep(2.5)
    seen: dict[str, float] = page.evaluate("window.seen")
    return seen


def _open(page: Page, address: str, last: str) -> float:
    """Milliseconds from the start of a load until the page's last part is there, as the page itself sees it."""
    page.goto(address, wait_until="commit")
    page.wait_for_function("selector => document.querySelector(selector)", arg=last, polling="raf")
    took = float(page.evaluate("performance.now()"))
    time.sleep(1.0)
    return took


def _click(page: Page, place: str, label: str) -> float:
    before: Any = page.get_by_text("newest first").first.inner_text()
    took = float(page.evaluate(CLICK, [f".st-key-{place}", label, before]))
    time.sleep(0.8)
    return took
