"""`make pictures`: the README's screenshots, taken from a sandbox."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from salina_monitor.models import Service
from salina_monitor.sandbox import SandboxControl, control_url
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.driver import sign_in
from tests.e2e.processes import ServerProcess, running_server
from tests.support.folders import open_folder

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SHOTS = (
    ("system-light", 1280, 1180, "light"),
    ("system-dark", 1280, 1180, "dark"),
    ("system-phone", 390, 1250, "light"),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        open_folder("salina-pictures-") as folder,
        running_server(folder, "sandbox") as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        _shoot(browser, server, "sign-in-light", 900, 820, "light", signed_in=False)
        control = SandboxControl(control_url(server.env))
        control.set(Service.RESEND, "slow")
        time.sleep(20)  # the first fill is over by then
        for name, width, height, scheme in SHOTS:
            _shoot(browser, server, name, width, height, scheme)
        browser.close()


def _shoot(
    browser: Browser, server: ServerProcess, name: str, width: int, height: int, scheme: str, *, signed_in: bool = True
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height}, timezone_id="Europe/Paris", color_scheme="dark" if scheme == "dark" else "light"
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"{server.url}/admin/system?status=failed")
    if signed_in:
        sign_in(page, "owner", "sandbox")
        page.locator(".st-key-jobs canvas").first.wait_for()
    else:
        page.get_by_role("button", name="Sign in").wait_for()
    time.sleep(6)
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
