"""What a person does in the browser, as functions."""

from __future__ import annotations

import re

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SETTLED = """idle => document.querySelector(idle)
    && !/reading from Inngest|Reading the history of jobs/.test(document.body.innerText)"""
TITLE = "System Monitoring"
REFUSAL = "System monitoring is for owners and admins"


def wait_idle(page: Page) -> None:
    """Until the script has run to its end and the page shows it."""
    page.wait_for_selector(IDLE, timeout=20_000)


def downloaded(page: Page, button: str) -> str:
    """The text of the file behind a button. One repainted at the moment of the click is pressed again, as people do."""
    for patience_ms in (10_000, 30_000):
        try:
            with page.expect_download(timeout=patience_ms) as download:
                page.locator(button).click()
        except PlaywrightTimeoutError:
            wait_idle(page)
        else:
            return download.value.path().read_text("utf-8")
    raise AssertionError(f"{button} gave no file")


def fill_sign_in(page: Page, user: str, password: str) -> None:
    """Send the sign-in form of the page that is open."""
    page.get_by_label("Name", exact=True).fill(user)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, user: str, password: str) -> None:
    """Sign in on the page that is open, and wait until the form has gone and the browser has its cookie."""
    with page.expect_response(lambda answer: "/admin/session/" in answer.url) as cookie:
        fill_sign_in(page, user, password)
    assert cookie.value.status == 200
    page.get_by_role("button", name="Sign in").wait_for(state="detached")
    wait_idle(page)


def sign_out(page: Page) -> None:
    """Click the sign-out button and wait for the form."""
    page.locator(".st-key-signout button").click()
    page.get_by_role("button", name="Sign in").wait_for()


def session_cookie(page: Page) -> dict[str, object]:
    """The one session cookie of the browser."""
    found = [dict(cookie) for cookie in page.context.cookies() if cookie["name"].startswith("salina_")]
    assert len(found) == 1, found
    return found[0]


def settle(page: Page) -> None:
    """Until the first reading is done: the list or its empty state is there, nothing is being read."""
    page.locator(".st-key-jobs, .st-key-jobs_empty").first.wait_for(timeout=30_000)
    # All at one moment: where one of the two lines takes the other's place, there may be neither for a blink.
    page.wait_for_function(SETTLED, arg=IDLE, polling=100, timeout=90_000)


def total(page: Page) -> int:
    """N of "1–20 of N jobs"."""
    text = page.get_by_text("newest first").first.inner_text()
    found = re.search(r" of ([\d,]+)", text)
    assert found, text
    return int(found[1].replace(",", ""))


def rows(page: Page) -> list[list[str]]:
    """The table as a screen reader has it."""
    grid = page.locator(".st-key-jobs canvas table tbody tr")
    grid.first.wait_for(state="attached", timeout=15_000)
    found: list[list[str]] = grid.evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText))"
    )
    return found
