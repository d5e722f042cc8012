"""Signing in, seen by the people who do and by those who may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from salina_monitor.accounts import Accounts
from salina_monitor.models import Role
from tests.e2e.driver import REFUSAL, TITLE, fill_sign_in, session_cookie, sign_in, sign_out, wait_idle
from tests.e2e.processes import PASSWORDS, ServerProcess

DEEP = "/admin/system?status=failed&range=24h"


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_it_shows_the_system_page_to_owner_and_admin(role: str, page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/")
    sign_in(page, role, PASSWORDS[role])
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    assert page.url.startswith(f"{server.url}/admin/system")


def test_it_stays_signed_in_over_reload_and_deep_link_with_filters(page: Page, server: ServerProcess) -> None:
    page.goto(server.url + DEEP)
    sign_in(page, "owner", PASSWORDS["owner"])
    assert "status=failed" in page.url
    page.reload()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    other_tab = page.context.new_page()
    other_tab.goto(server.url + DEEP)
    expect(other_tab.get_by_role("heading", name=TITLE)).to_be_visible()
    assert "status=failed" in other_tab.url


def test_nothing_of_the_page_is_there_twice_while_it_is_painted_anew(page: Page, server: ServerProcess) -> None:
    page.add_init_script(
        "window.most = 0; new MutationObserver(() => { window.most = Math.max(window.most,"
        " document.querySelectorAll('.st-key-refresh button').length) }).observe(document, {childList: true, subtree: true})"
    )
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "owner", PASSWORDS["owner"])
    page.locator(".st-key-refresh button").first.wait_for()
    page.wait_for_timeout(4_000)  # by then it was painted again, without the image that fetches the cookie
    assert page.evaluate("window.most") == 1


def test_it_gives_the_browser_a_cookie_that_no_script_sees(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "admin", PASSWORDS["admin"])
    cookie = session_cookie(page)
    assert cookie["httpOnly"] is True
    assert cookie["sameSite"] == "Strict"
    assert cookie["path"] == "/admin"
    visible = page.evaluate("document.cookie")
    assert str(cookie["name"]) not in visible
    assert str(cookie["value"]) not in visible


def test_it_kills_a_copied_cookie_at_sign_out(page: Page, new_page: Callable[[], Page], server: ServerProcess) -> None:
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "owner", PASSWORDS["owner"])
    copy = session_cookie(page)
    thief = new_page()
    thief.context.add_cookies([copy])  # type: ignore[list-item]
    thief.goto(f"{server.url}/admin/system")
    expect(thief.get_by_role("heading", name=TITLE)).to_be_visible()
    sign_out(page)
    thief.reload()
    expect(thief.get_by_role("button", name="Sign in")).to_be_visible()
    expect(thief.get_by_role("heading", name=TITLE)).to_have_count(0)
    sign_in(page, "admin", PASSWORDS["admin"])
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_it_obeys_a_changed_role_at_the_next_run(page: Page, server: ServerProcess, accounts: Accounts) -> None:
    accounts.users.add("mover", Role.ADMIN, "mover-password-1")
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "mover", "mover-password-1")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    accounts.users.set_role("mover", Role.EDITOR)
    page.reload()
    expect(page.get_by_text(REFUSAL)).to_be_visible()
    accounts.users.set_disabled("mover", True)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_it_forces_an_own_password_after_a_reset(page: Page, server: ServerProcess, accounts: Accounts) -> None:
    accounts.users.add("forgetful", Role.OWNER, "forgotten-password")
    accounts.users.reset_password("forgetful", "one-time-password")
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "forgetful", "one-time-password")
    expect(page.get_by_text("Choose your own password")).to_be_visible()
    expect(page.get_by_role("heading", name=TITLE)).to_have_count(0)
    page.get_by_label("Present password").fill("one-time-password")
    page.get_by_label("New password", exact=True).fill("my own long password")
    page.get_by_label("New password again").fill("my own long password")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_it_says_how_long_to_wait_after_several_failures(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/admin/system")
    messages = []
    for _ in range(4):
        fill_sign_in(page, "nobody-at-all", "wrong-password-1")
        wait_idle(page)
        page.wait_for_timeout(300)
        messages.append(page.locator('[data-testid="stAlert"]').inner_text())
    assert "Name or password is not right." in messages[0]
    assert "try again in" in messages[3]


def test_it_asks_nothing_of_outside_hosts(page: Page, server: ServerProcess) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "owner", PASSWORDS["owner"])
    page.wait_for_timeout(500)
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    assert [text for text in complaints if "Content Security Policy" in text] == []
