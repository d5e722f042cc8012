"""From a red number to its cause and back, in a real browser: trends, causes, many jobs at once, by mouse and by keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.e2e.driver import total, wait_idle
from tests.e2e.processes import ServerProcess


def unfold(page: Page) -> None:
    page.locator(".st-key-trends summary").click()
    page.locator(".st-key-trends .mark-rect path").first.wait_for(state="attached")
    wait_idle(page)


def test_a_click_on_a_piece_of_a_bar_lists_the_jobs_it_counted(open_system: Callable[..., Page]) -> None:
    page = open_system()
    unfold(page)
    pieces = page.locator(".st-key-trends .mark-rect path")
    labels = pieces.evaluate_all("all => all.map(one => one.getAttribute('aria-label') || '')")
    spoken = {label: n for n, label in enumerate(labels) if "What: Failed" in label}
    label, place = max(spoken.items(), key=lambda item: int(re.sub(r"\D", "", item[0].rpartition("Jobs: ")[2])))
    pieces.nth(place).click(force=True)
    page.wait_for_url("**status=failed*")
    wait_idle(page)
    expect(page.get_by_text(re.compile(r"^(filter_alt)? ?Ended \d+ \w{3}")).first).to_be_visible()
    assert total(page) == int(re.sub(r"\D", "", label.rpartition("Jobs: ")[2]))


def test_a_click_on_a_bar_counts_while_the_page_is_brought_up_to_date(open_system: Callable[..., Page]) -> None:
    """The bars are made anew then, and the browser hears of the new address last: both could undo the click."""
    page = open_system()
    page.set_viewport_size({"width": 1440, "height": 1600})  # the bars are clicked where they are
    unfold(page)
    for wait_ms in (100, 350, 700):
        boxes = page.locator(".st-key-trends .mark-rect path").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().toJSON())"
        )
        box = max(boxes, key=lambda box: box["height"])
        page.locator(".st-key-refresh button").click()
        page.wait_for_timeout(wait_ms)
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_url("**from=*")
        page.wait_for_timeout(2_000)  # it must stay so, not only come
        wait_idle(page)
        assert "from=" in page.url
        page.locator(".st-key-clear_group button").click()
        page.wait_for_url(lambda url: "from=" not in url)
        wait_idle(page)
        page.locator(".st-key-status button", has_text="All").first.click()
        page.wait_for_url(lambda url: "status=" not in url)
        wait_idle(page)


def test_a_bar_is_reached_by_keys_alone(open_system: Callable[..., Page]) -> None:
    page = open_system("?type=pdf-generation")
    unfold(page)
    for _ in range(5):  # while jobs come in, the bars may be made anew between two keys
        page.locator(".st-key-trends [data-testid=stSelectbox] input").focus()
        page.keyboard.press("ArrowDown")
        try:
            page.get_by_role("option").first.wait_for(timeout=8_000)  # pressed twice, it would be the second bar
            # The key may have been taken twice on a slow machine: then it is the second that is chosen.
            offered = page.get_by_role("option").all_inner_texts()[:2]
            page.keyboard.press("Enter")
            page.wait_for_url("**from=*", timeout=8_000)
            break
        except TimeoutError:
            page.keyboard.press("Escape")
    wait_idle(page)
    assert "from=" in page.url
    assert "type=pdf-generation" in page.url
    assert total(page) in [int(re.sub(r"\D", "", one.rpartition(", ")[2])) for one in offered]


def test_charts_speak(open_system: Callable[..., Page]) -> None:
    page = open_system()
    unfold(page)
    said = page.locator(".st-key-trends [aria-label*='Jobs by hour and status']")
    expect(said.first).to_be_attached()
    assert re.search(
        r"[\d,]+ ended jobs in 24 parts: Completed [\d,]+, Failed", said.first.get_attribute("aria-label") or ""
    )


def test_the_next_step_leads_to_its_jobs_by_keys(open_system: Callable[..., Page]) -> None:
    page = open_system()
    step = page.locator(".st-key-verdict_open button")
    expect(page.get_by_text(re.compile("^Next: "))).to_be_visible()
    step.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?(.*&)?(status=failed|stuck=1)"))
    wait_idle(page)
    assert total(page) > 0


def test_a_cause_is_run_again_as_a_whole_and_the_page_shows_that_it_worked(
    sandbox: ServerProcess, open_system: Callable[..., Page]
) -> None:
    page = open_system()
    page.goto(f"{sandbox.url}/admin/failures")
    link = page.locator("a", has_text="Run again all…").first
    link.click()
    page.wait_for_url("**/admin/bulk?what=rerun&*")
    begin = page.locator(".st-key-bulk_begin button")
    begin.wait_for()
    page.reload()
    begin.wait_for()
    expect(page.get_by_text("Lately")).to_have_count(0)  # looking twice did nothing
    page.get_by_label("Why").fill("the bucket is back")
    page.keyboard.press("Tab")
    wait_idle(page)
    begin.click()
    page.wait_for_url("**/admin/bulk?id=*")
    expect(page.locator(".st-key-bulk").get_by_text("Finished")).to_be_visible(timeout=60_000)
    expect(page.locator(".st-key-bulk").get_by_text(re.compile(r"The new runs: .*completed"))).to_be_visible(
        timeout=60_000
    )
    page.goto(f"{sandbox.url}/admin/activity")
    expect(page.get_by_text("newest first").first).to_be_visible()


@pytest.mark.parametrize("path", ["failures", "bulk?what=rerun&status=failed", "job?id={id}"])
def test_other_pages_fit_a_phone(sandbox: ServerProcess, open_system: Callable[..., Page], path: str) -> None:
    page = open_system("?status=failed", viewport={"width": 390, "height": 844}, color_scheme="dark")
    found = re.search(r"job_error_(\w+)", page.locator("[class*=st-key-job_error_]").first.get_attribute("class") or "")
    assert found
    page.goto(f"{sandbox.url}/admin/{path.format(id=found[1])}")
    page.locator(".st-key-header, .st-key-job").first.wait_for()
    wait_idle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_trends_fit_a_phone(open_system: Callable[..., Page]) -> None:
    page = open_system(viewport={"width": 390, "height": 844})
    unfold(page)
    for name in ("By tenant", "30 days"):
        page.get_by_text(name, exact=True).click()
        page.wait_for_timeout(500)
        wait_idle(page)
    page.locator(".st-key-trends .mark-rect path").first.wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
