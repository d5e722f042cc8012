"""Two web processes on one store behind nginx: people, guessing, the log, the mirror and the collector stay one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from salina_monitor.accounts import Accounts
from salina_monitor.activity import ActivityFilters
from salina_monitor.health import read_collector
from salina_monitor.models import Role
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.e2e.driver import TITLE, fill_sign_in, sign_in, wait_idle
from tests.e2e.processes import ServerProcess, free_port, running_server
from tests.support.folders import open_folder
from tests.support.waiting import wait_until

KEY = "the-same-on-all-replicas-and-long-enough"
PASSWORD = "correct horse battery"
# A test says by its user agent where it goes; in life people stay where they were by `ip_hash`.
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    map $http_user_agent $which {{ default 127.0.0.1:{first}; ~second 127.0.0.1:{second}; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://$which;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header X-Forwarded-For $http_x_test_address;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


class Pair:
    """Both processes and the proxy before them."""

    def __init__(self, url: str, first: ServerProcess, second: ServerProcess, store: Store, accounts: Accounts) -> None:
        self.url, self.first, self.second, self.store, self.accounts = url, first, second, store, accounts


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        sentence = "nginx is missing; install it with: apt-get install nginx-light"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(open_folder("salina-e2e-"))) for _ in range(3)]
        env = {"MONITOR_SESSION_KEY": KEY, "MONITOR_TRUSTED_PROXIES": "127.0.0.1"}
        first = stack.enter_context(running_server(folders[0], **env))
        settings = Settings.load({**first.env, "MONITOR_BCRYPT_COST": "4"})
        store = stack.enter_context(Store.open(settings, application_name="tests"))
        assert store.server is not None
        second = stack.enter_context(running_server(folders[1], MONITOR_DATABASE_URL=store.server.dsn(), **env))
        accounts = Accounts.over(store, settings)
        for role in (Role.OWNER, Role.ADMIN):
            accounts.users.add(role.value, role, PASSWORD)
        port = free_port()
        conf = folders[2] / "nginx.conf"
        ports = {"first": first.env["MONITOR_PORT"], "second": second.env["MONITOR_PORT"]}
        conf.write_text(NGINX.format(folder=folders[2], port=port, **ports))
        proxy = subprocess.Popen([nginx, "-c", str(conf), "-p", str(folders[2])])
        stack.callback(proxy.wait, 10)
        stack.callback(proxy.terminate)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: httpx.get(f"{url}/healthz", trust_env=False).is_success, 40, (httpx.TransportError,))
        yield Pair(url, first, second, store, accounts)


@pytest.fixture
def visit(pair: Pair, browser: Browser) -> Iterator[Callable[..., Page]]:
    """A page of a browser profile that the proxy sends to the first process, or to the second one."""
    with ExitStack() as stack:

        def open_(which: str, path: str = "/admin/system", state: object = None) -> Page:
            context = browser.new_context(user_agent=f"test {which}", storage_state=state)  # type: ignore[arg-type]
            stack.callback(context.close)
            page = context.new_page()
            page.goto(f"{pair.url}{path}")
            return page

        yield open_


def test_who_signed_in_at_one_is_in_at_the_other_and_out_of_both(pair: Pair, visit: Callable[..., Page]) -> None:
    first = visit("first")
    sign_in(first, "owner", PASSWORD)
    state = first.context.storage_state()
    second = visit("second", state=state)
    expect(second.get_by_text(TITLE)).to_be_visible()
    wait_idle(second)
    second.locator(".st-key-signout button").click()
    second.get_by_role("button", name="Sign in").wait_for()
    first.locator(".st-key-refresh button").click()
    first.get_by_role("button", name="Sign in").wait_for()


def test_guesses_are_counted_together(pair: Pair, visit: Callable[..., Page]) -> None:
    pages = {which: visit(which) for which in ("first", "second")}
    told = set()
    for turn in range(12):
        which = ("first", "second")[turn % 2]
        fill_sign_in(pages[which], "admin", f"wrong-{turn}")
        wait_idle(pages[which])
        if pages[which].get_by_text("try again in", exact=False).count():  # in a slow run it may end before the next
            told.add(which)
    assert told == {"first", "second"}, "slowed down at both, though each alone saw half of it"


def test_what_people_did_at_either_is_in_one_log(pair: Pair, visit: Callable[..., Page]) -> None:
    def sign_ins() -> int:
        return sum(
            (row.who, row.kind) == ("owner", "sign_in") for row in pair.accounts.activity.rows(ActivityFilters())
        )

    before = sign_ins()
    for which in ("first", "second"):
        sign_in(visit(which), "owner", PASSWORD)
    assert sign_ins() == before + 2


def test_one_of_them_watches_and_the_other_takes_over(pair: Pair) -> None:
    wait_until(lambda: read_collector(pair.store).held, 40)
    place = read_collector(pair.store).place
    watcher = next(p for p in (pair.first, pair.second) if place.endswith(f"process {p.process.pid}"))
    assert watcher.process.poll() is None
    for server in (pair.first, pair.second):
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200
