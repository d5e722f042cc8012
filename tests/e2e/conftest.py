"""Chromium and a real server for the browser tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from salina_monitor.accounts import Accounts
from salina_monitor.models import Role
from tests.e2e.processes import PASSWORDS, ServerProcess, accounts_of, running_server
from tests.support.folders import open_folder

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
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
    if not CHROMIUM.exists():
        sentence = f"{CHROMIUM} is missing; install it with: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield started
    started.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """A page of a browser profile of its own, each time it is called."""
    with ExitStack() as stack:

        def make() -> Page:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="Europe/Paris")
            stack.callback(context.close)
            return context.new_page()

        yield make


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server for the tests of one file, with one user a role (passwords: `PASSWORDS`)."""
    with open_folder("salina-e2e-") as folder, running_server(folder) as started:
        with accounts_of(started) as accounts:
            for role in Role:
                accounts.users.add(role.value, role, PASSWORDS[role.value])
        yield started


@pytest.fixture
def accounts(server: ServerProcess) -> Iterator[Accounts]:
    with accounts_of(server) as opened:
        yield opened
