"""What a person does in the browser, as functions."""

from __future__ import annotations

from playwright.sync_api import Page

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
TITLE = "System Monitoring"
REFUSAL = "System monitoring is for owners and admins"


def wait_idle(page: Page) -> None:
    """Until the script has run to its end and the page shows it."""
    page.wait_for_selector(IDLE, timeout=20_000)


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
