"""It watches when nobody looks: a trouble from its first minute to its end, as somebody meets it in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from salina_monitor.sandbox import SandboxControl, control_url
from tests.e2e.driver import settle, sign_in, wait_idle
from tests.e2e.processes import ServerProcess, running_server
from tests.support.folders import open_folder

OPENED, OVER = "S3 is down", "Over: S3 is down"


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[ServerProcess]:
    """One whose day no other test has broken."""
    with open_folder("salina-e2e-") as folder, running_server(folder, "sandbox") as started:
        yield started


def seen(page: Page, what: Callable[[], bool], limit_s: float, words: str) -> None:
    """Load the page anew until it is so. Nothing on it is pressed, for that would check the services."""
    began = time.monotonic()
    while True:
        wait_idle(page)
        if what():
            return
        assert time.monotonic() - began < limit_s, f"{words} within {limit_s} s: {page.locator('body').inner_text()}"
        page.wait_for_timeout(1_500)
        page.reload()
        page.locator(".st-key-refresh").wait_for()


def test_a_trouble_is_seen_told_once_and_explained_and_so_is_its_end(own_sandbox: ServerProcess, page: Page) -> None:
    control = SandboxControl(control_url(own_sandbox.env))

    def told(title: str) -> int:
        """How many mails that the played Resend took say this."""
        return sum(title in mail.text.splitlines() for mail in control.mails())

    page.goto(f"{own_sandbox.url}/admin/health")
    sign_in(page, "owner", "sandbox")
    s3 = page.locator(".st-key-uptime_s3")
    seen(page, lambda: s3.get_by_text("Healthy").count() == 1, 60, "S3 is checked")
    incident = page.locator("[class*=st-key-incident_]").filter(has_text="S3 down")
    expect(incident).to_have_count(0)

    panel = page.context.new_page()
    panel.goto(f"{own_sandbox.url}/admin/system")
    broken = panel.locator(".st-key-fault_s3 button", has_text="Error")
    for _ in range(6):  # while history is being read a repaint may close what was just opened
        if not broken.is_visible():
            panel.locator(".st-key-sandbox_panel summary").click()
        try:
            broken.click(timeout=5_000)
            break
        except PlaywrightTimeoutError:
            continue
    seen(page, lambda: incident.count() == 1, 60, "the incident opens")
    badge = incident.locator(".stMarkdownBadge")
    expect(badge).to_contain_text("Open")
    seen(page, lambda: told(OPENED) > 0, 90, "it is mailed")

    linked = re.compile(r"[1-9]\d* of them with an error that points to S3")
    seen(page, lambda: incident.get_by_text(linked).count() == 1, 120, "failed jobs are linked to it")
    incident.get_by_role("link", name=re.compile(r"Show \d+ failed job")).click()
    page.wait_for_url("**status=failed*")
    settle(page)
    expect(page.locator(".st-key-jobs")).to_be_visible()
    page.goto(f"{own_sandbox.url}/admin/failures")
    reason = re.compile(r"failed while S3 is unhealthy, since .* the error points to S3")
    expect(page.get_by_text(reason).first).to_be_visible(timeout=20_000)
    assert (told(OPENED), told(OVER)) == (1, 0), "once, however long it goes on"

    panel.locator(".st-key-heal_all button").click()
    page.goto(f"{own_sandbox.url}/admin/health")
    seen(page, lambda: badge.filter(has_text="Over").count() == 1, 120, "the incident closes")
    seen(page, lambda: told(OVER) > 0, 60, "its end is mailed")
    assert (told(OPENED), told(OVER)) == (1, 1)

    panel.locator(".st-key-mails_again button").click()
    subjects = panel.locator(".st-key-sandbox_mails [data-testid=stText]").filter(has_text=OPENED)
    expect(subjects).to_have_count(2)
