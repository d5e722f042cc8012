"""The System page in Chromium, against a sandbox process: warm load and filter clicks."""

from __future__ import annotations

import statistics
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.driver import sign_in
from tests.e2e.processes import running_server
from tests.support.folders import open_folder

Row = tuple[str, float, str]
LOADS, CLICKS = 10, 30
# Times are taken in the page itself: a test driver's polling would add to them.
WATCH = """window.seen = {};
setInterval(() => { for (const [name, selector] of Object.entries({
    known: '.st-key-verdict', health: '.st-key-health_inngest', cards: '.st-key-card_failed [data-testid=stMetricValue]',
    table: '.st-key-jobs canvas', last: '.st-key-page button' }))
  if (!window.seen[name] && document.querySelector(selector)) window.seen[name] = performance.now() }, 5)"""
CLICK = """([label, before]) => new Promise(done => {
  const button = [...document.querySelectorAll('.st-key-status button')].find(b => b.innerText.trim() == label)
  const caption = () => [...document.querySelectorAll('[data-testid=stCaptionContainer]')]
    .find(c => /newest first/.test(c.innerText))?.innerText
  const started = performance.now()
  const look = () => (caption() && caption() != before) ? done(performance.now() - started) : requestAnimationFrame(look)
  button.click(); requestAnimationFrame(look) })"""


def run() -> list[Row]:
    """Rows (name, milliseconds, target)."""
    with (
        open_folder("salina-bench-") as folder,
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
        loads = [_load(page) for _ in range(LOADS)]
        clicks = [_click(page, ("Failed", "Completed", "All")[turn % 3]) for turn in range(CLICKS)]
        browser.close()
    return [
        ("warm page: known truth (verdict), median ms", statistics.median(x["known"] for x in loads), "<= 600"),
        ("warm page: cards, median ms", statistics.median(x["cards"] for x in loads), "<= 1200"),
        ("warm page: last element, median ms", statistics.median(max(x.values()) for x in loads), "<= 1200"),
        ("filter click to table, median ms", statistics.median(clicks), "<= 250"),
        ("filter click to table, p95 ms", statistics.quantiles(clicks, n=20)[-1], "<= 250"),
    ]


def _load(page: Page) -> dict[str, float]:
    page.reload(wait_until="commit")
    page.locator(".st-key-page button").first.wait_for()
    page.locator(".st-key-jobs canvas").first.wait_for()
    time.sleep(2.5)
    seen: dict[str, float] = page.evaluate("window.seen")
    return seen


def _click(page: Page, label: str) -> float:
    before: Any = page.get_by_text("newest first").first.inner_text()
    took = float(page.evaluate(CLICK, [label, before]))
    time.sleep(0.8)
    return took
