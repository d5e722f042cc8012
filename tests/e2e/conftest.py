"""Chromium and a real server for the browser tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from salina_monitor.accounts import Accounts
from salina_monitor.models import Role
from salina_monitor.sandbox import SandboxControl, control_url
from tests.e2e.driver import settle, sign_in
from tests.e2e.processes import PASSWORDS, ServerProcess, accounts_of, running_server
from tests.support.folders import open_folder

# The same engine twice, from Debian: without the windows of a browser it takes a third less of the processor.
HEADLESS_SHELL, CHROMIUM = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each page would be a process with scripts to compile anew, and none lives long enough for the optimizer to pay.
    "--process-per-site",
    "--js-flags=--no-opt",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    installed = [program for program in (HEADLESS_SHELL, CHROMIUM) if program.exists()]
    if not installed:
        sentence = f"Chromium is missing; install it with: apt-get install {HEADLESS_SHELL.name}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    started = playwright.chromium.launch(executable_path=str(installed[0]), args=FLAGS)
    yield started
    started.close()


class Profiles:
    """Browser profiles that are used again, without their cookies: a new one would load and compile all scripts anew."""

    USUAL: ClassVar[dict[str, Any]] = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "Europe/Paris"}

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}

    @contextmanager
    def one(self, cookies: Any = (), **options: Any) -> Iterator[BrowserContext]:
        """A profile with these cookies and options, nobody else's until the end."""
        options = {**self.USUAL, **options}
        free = self._free.setdefault(repr(sorted(options.items())), [])
        context = free.pop() if free else self._browser.new_context(**options)
        context.add_cookies(list(cookies))
        yield context
        for page in context.pages:
            page.close()
        context.clear_cookies()
        free.append(context)


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> Profiles:
    return Profiles(browser)


@pytest.fixture
def new_page(profiles: Profiles) -> Iterator[Callable[[], Page]]:
    """A page of a browser profile of its own, each time it is called."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(profiles.one()).new_page()


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server for the tests of one file, with one user a role (passwords: `PASSWORDS`)."""
    # Nobody watches by themselves: what changes in the store is what a test did.
    with open_folder("salina-e2e-") as folder, running_server(folder, MONITOR_COLLECT="0") as started:
        with accounts_of(started) as accounts:
            for role in Role:
                accounts.users.add(role.value, role, PASSWORDS[role.value])
        yield started


@pytest.fixture
def accounts(server: ServerProcess) -> Iterator[Accounts]:
    with accounts_of(server) as opened:
        yield opened


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ServerProcess]:
    with open_folder("salina-e2e-") as folder, running_server(folder, "sandbox") as started:
        yield started


@pytest.fixture
def control(sandbox: ServerProcess) -> Iterator[SandboxControl]:
    found = SandboxControl(control_url(sandbox.env))
    yield found
    found.heal_all()


@pytest.fixture(scope="module")
def cookies(sandbox: ServerProcess, browser: Browser) -> dict[str, Any]:
    """The browser state of a signed-in owner."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{sandbox.url}/admin/account")
    sign_in(page, "owner", "sandbox")
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def open_system(sandbox: ServerProcess, profiles: Profiles, cookies: Any) -> Iterator[Callable[..., Page]]:
    """Open a view as the owner, wait until the list is there and nothing moves any more."""
    with ExitStack() as stack:

        def open_(query: str = "", **options: Any) -> Page:
            page = stack.enter_context(profiles.one(cookies["cookies"], **options)).new_page()
            page.goto(f"{sandbox.url}/admin/system{query}")
            settle(page)
            return page

        yield open_
