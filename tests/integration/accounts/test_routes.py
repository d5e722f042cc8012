"""Our own HTTP paths, over a real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from salina_monitor import runtime
from salina_monitor.accounts import Accounts
from salina_monitor.models import Role
from salina_monitor.server import routes
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.support.asgi import Answer, call

SettingsFor = Callable[..., Settings]
IMAGE = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}


@pytest.fixture
def app() -> ASGIApp:
    return Starlette(routes=routes())


@pytest.fixture
def accounts(store: Store, settings_for: SettingsFor) -> Iterator[Accounts]:
    settings = settings_for(MONITOR_BCRYPT_COST="4", MONITOR_PUBLIC_URL="https://monitor.example")
    runtime.configure(settings, store=store)
    opened = runtime.get().accounts
    opened.users.add("ada", Role.OWNER, "correct horse battery")
    yield opened
    runtime.configure(settings)  # forget the store, which its own fixture closes


@pytest.fixture
def ticket(accounts: Accounts) -> str:
    token = accounts.sessions.start("ada", address="local", agent="")
    assert token
    return accounts.sessions.ticket(token)


def cookie_of(answer: Answer, accounts: Accounts) -> str:
    return SimpleCookie(answer.headers["set-cookie"])[accounts.cookie_name].value


def test_a_ticket_fetched_as_an_image_of_our_page_sets_the_cookie_once(
    app: ASGIApp, accounts: Accounts, ticket: str
) -> None:
    answer = call(app, f"/admin/session/{ticket}", IMAGE)
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/admin", "Secure", "Max-Age="):
        assert part in cookie
    session = accounts.sessions.find(cookie_of(answer, accounts))
    assert session
    assert session.user.name == "ada"
    again = call(app, f"/admin/session/{ticket}", IMAGE)
    assert again.status == 404
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize(
    "change",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Mode": "cors"},
        None,
    ],
)
def test_a_ticket_fetched_in_any_other_way_is_refused_and_still_good(
    app: ASGIApp, accounts: Accounts, ticket: str, change: dict[str, str] | None
) -> None:
    headers = {} if change is None else {**IMAGE, **change}
    refused = call(app, f"/admin/session/{ticket}", headers)
    assert refused.status == 403
    assert "set-cookie" not in refused.headers
    assert call(app, f"/admin/session/{ticket}", IMAGE).status == 200


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("ticket", ["x", "x" * 43, "x" * 5000, "%00", "ä"])
def test_an_unknown_ticket_sets_nothing(app: ASGIApp, ticket: str) -> None:
    answer = call(app, f"/admin/session/{ticket}", IMAGE)
    assert answer.status == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("accounts")
def test_a_ticket_cannot_be_posted(app: ASGIApp) -> None:
    assert call(app, "/admin/session/x", IMAGE, method="POST").status == 405


def test_without_tls_the_cookie_is_not_marked_secure_so_that_loopback_works(
    app: ASGIApp, store: Store, settings_for: SettingsFor
) -> None:
    settings = settings_for(MONITOR_BCRYPT_COST="4")
    runtime.configure(settings, store=store)
    accounts = runtime.get().accounts
    accounts.users.add("ada", Role.OWNER, "correct horse battery")
    token = accounts.sessions.start("ada", address="local", agent="")
    assert token
    answer = call(app, f"/admin/session/{accounts.sessions.ticket(token)}", IMAGE)
    assert "Secure" not in answer.headers["set-cookie"]
    runtime.configure(settings)


@pytest.mark.usefixtures("accounts")
def test_it_is_healthy_and_ready_and_leads_home(app: ASGIApp) -> None:
    assert call(app, "/healthz").text == '{"status":"ok"}'
    assert call(app, "/readyz").text == '{"status":"ok"}'
    home = call(app, "/")
    assert (home.status, home.headers["location"]) == (307, "/admin/system")


def test_it_is_healthy_but_not_ready_without_a_store_and_tells_strangers_no_more(
    app: ASGIApp, settings_for: SettingsFor
) -> None:
    settings = settings_for(MONITOR_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/x", MONITOR_SESSION_KEY="k" * 32)
    runtime.configure(settings)
    assert call(app, "/healthz").status == 200
    answer = call(app, "/readyz")
    assert (answer.status, answer.text) == (503, '{"status":"unavailable","why":"store"}')
    assert call(app, "/admin/session/x", IMAGE).status == 503
