"""The edges of a running server: what strangers can hold, take and reach; in Chromium and over bare HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import product

import httpx
import pytest
from playwright.sync_api import Page, expect
from psycopg import sql

from salina_monitor.accounts import users_of
from salina_monitor.accounts.first_owner import ensure_sandbox_users
from salina_monitor.activity import ActivityFilters
from salina_monitor.models import Role, User
from salina_monitor.navigation import PAGES, paths
from salina_monitor.policy import allows
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.e2e.driver import REFUSAL, TITLE, session_cookie, sign_in, wait_idle
from tests.e2e.processes import PASSWORDS, ServerProcess, accounts_of, running_server
from tests.support.canaries import canaries, canary_env, heard
from tests.support.folders import open_folder

IMPATIENT = "from salina_monitor import sockets\nsockets._process.limits = sockets.SocketLimits(anonymous_s=8)"


def started(first: str = "") -> Iterator[ServerProcess]:
    """A server with one user a role, and secrets in every setting."""
    # Nobody watches by themselves: what changes in the store is what a test did.
    quiet = {**canary_env(), "MONITOR_COLLECT": "0"}
    with open_folder("salina-e2e-") as folder, running_server(folder, first=first, **quiet) as running:
        with accounts_of(running) as accounts:
            for role in Role:
                accounts.users.add(role.value, role, PASSWORDS[role.value])
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    yield from started()


@pytest.fixture(scope="module")
def impatient() -> Iterator[ServerProcess]:
    """One that hangs up on strangers after eight seconds."""
    yield from started(IMPATIENT)


def test_who_signs_in_in_a_strangers_socket_keeps_it(impatient: ServerProcess, page: Page) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{impatient.url}/admin/system")
    sign_in(page, "owner", PASSWORDS["owner"])
    page.wait_for_timeout(11_000)
    assert len(sockets) == 1, "the socket was closed although its user is signed in"
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_a_strangers_page_left_open_is_hung_up_on_and_still_works(impatient: ServerProcess, page: Page) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{impatient.url}/admin/system?status=failed")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.wait_for_timeout(11_000)
    assert len(sockets) >= 2, "a stranger's socket stays open for ever"
    wait_idle(page)
    sign_in(page, "owner", PASSWORDS["owner"])
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_no_socket_frame_and_no_page_holds_a_secret(server: ServerProcess, page: Page) -> None:
    """Secrets on screen and on the wire: CVE-2022-27949."""
    frames: list[bytes] = []

    def keep(payload: str | bytes) -> None:
        frames.append(payload.encode() if isinstance(payload, str) else payload)

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "owner", PASSWORDS["owner"])
    page.wait_for_timeout(6_000)  # every service refuses, and says so on its card
    for path in paths():
        page.goto(f"{server.url}/admin/{path}")
        wait_idle(page)
        assert heard(page.content()) == []
    assert len(frames) > 10
    assert heard(b"".join(frames).decode("utf-8", "ignore")) == []
    assert heard(server.log()) == []
    assert canaries()


def test_a_download_is_for_whoever_may_export(server: ServerProcess, page: Page) -> None:
    """A file whose address is its only lock: anybody who sees the address in a log has the file."""
    page.goto(f"{server.url}/admin/activity")
    sign_in(page, "admin", PASSWORDS["admin"])
    page.locator(".st-key-activity_csv button").wait_for()
    with page.expect_response(lambda answer: "/media/" in answer.url and ".csv" in answer.url) as taken:
        page.locator(".st-key-activity_csv button").click()
    url = taken.value.url
    cookie = session_cookie(page)
    jar = {str(cookie["name"]): str(cookie["value"])}
    with httpx.Client(trust_env=False) as client:
        assert client.get(url).status_code == 403
        assert client.get(url, headers={"Cookie": "; ".join(f"{k}=forged" for k in jar)}).status_code == 403
        answer = client.get(url, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        with accounts_of(server) as accounts:
            accounts.users.set_role("admin", Role.AUTHOR)
            refused = client.get(url, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())})
            accounts.users.set_role("admin", Role.ADMIN)
        assert refused.status_code == 403


def fingerprint(server: ServerProcess) -> dict[str, str]:
    """Every table's content, without what time alone changes."""
    kept = {}
    with Store.open(Settings.load(server.env), application_name="tests") as store, store.connection() as conn:
        tables = [
            row["name"] for row in conn.execute("select tablename as name from pg_tables where schemaname = 'public'")
        ]
        for table in tables:
            query = sql.SQL("select t::text as row from {} t order by 1").format(sql.Identifier(table))
            if table == "sessions":
                query = sql.SQL("select token_hash::text, user_name, address from sessions order by 1")
            if table == "mirror_state":
                continue  # reading Inngest goes on whoever looks
            rows = conn.execute(query).fetchall()
            kept[table] = hashlib.sha256(str(rows).encode()).hexdigest()
    return kept


def test_no_address_changes_anything(server: ServerProcess, page: Page) -> None:
    """State changed by opening a link: a queue board that re-queued thousands of jobs on GET is the example."""
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "owner", PASSWORDS["owner"])
    cookie = session_cookie(page)
    before = fingerprint(server)
    tries = ("action=rerun", "action=cancel&id=1", "signout=1", "csv=1", "disable=admin", "role=owner&user=author")
    targets = [f"/admin/{path}" for path in paths()] + ["/", "/admin/", "/healthz", "/readyz", "/admin/session/x"]
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for target, query in product(targets, tries):
            for headers in ({}, {"Cookie": f"{cookie['name']}={cookie['value']}"}):
                assert client.get(f"{target}?{query}", headers=headers).status_code in (200, 307, 403)
    for path in paths():
        page.goto(f"{server.url}/admin/{path}?{tries[1]}&{tries[2]}&{tries[4]}")
        wait_idle(page)
    after = fingerprint(server)
    assert {name for name in after if after[name] != before.get(name)} == set()


def test_a_page_finds_its_server_at_the_first_address_it_asks(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/admin/system?status=failed")
    sign_in(page, "owner", PASSWORDS["owner"])
    answers: list[tuple[int, str]] = []
    page.on("response", lambda answer: answers.append((answer.status, answer.url.removeprefix(server.url))))
    page.reload()
    wait_idle(page)
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    assert [answer for answer in answers if answer[0] >= 400] == []
    assert {path for _, path in answers if "_stcore" in path} <= {"/admin/_stcore/health", "/admin/_stcore/host-config"}
    late = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    parts = page.evaluate("performance.getEntriesByName(location.origin + document.querySelector("
                          "'link[href*=\"/DataFrame.\"]').getAttribute('href').replace('./', '/admin/'))"
                          ".map(entry => entry.startTime)")  # fmt: skip
    assert parts, "the table's code was not fetched with the page"
    assert parts[0] < late


def test_every_answer_carries_the_headers(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        shell = client.get("/admin/system")
        script = next(part.split('"')[0] for part in shell.text.split('src="') if part.startswith("./static/js/"))
        wanted = {
            "/admin/system": 200, "/admin/job?id=1": 200, f"/admin/{script[2:]}": 200, "/healthz": 200, "/readyz": 200,
            "/": 307, "/admin/session/x": 403, "/admin/_stcore/health": 200, "/admin/_stcore/metrics": 404,
            "/admin/media/x.csv": 403, "/nothing": 404,
        }  # fmt: skip
        for path, status in wanted.items():
            answer = client.get(path)
            assert answer.status_code == status, path
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
            kept = path.startswith("/admin/static/")
            assert ("no-store" in headers.get("cache-control", "")) is not kept, path
            assert "server" not in headers
        assert client.post("/admin/system").status_code == 405


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_every_page_for_every_role(role: str, server: ServerProcess, new_page: Callable[[], Page]) -> None:
    """The matrix once more where it counts: in the browser."""
    page = new_page()
    page.goto(f"{server.url}/admin/account")
    sign_in(page, role, PASSWORDS[role])
    user = User(role, Role(role))
    addresses = [(rule.address, rule.right) for rule in PAGES]
    addresses += [(f"/admin/{path}", PAGES[0].right) for path in ("", "system?status=failed", "job?id=1")]
    for address, right in addresses:
        page.goto(server.url + address)
        page.locator(".st-key-signout button").or_(page.get_by_text("does not allow")).first.wait_for()
        wait_idle(page)
        refused = page.get_by_text(REFUSAL).count()
        assert bool(refused) is not allows(user, right), address
        if right is PAGES[0].right:
            assert bool(refused) is (role in ("finance", "editor", "author")), "said here once more, not by the policy"
        if refused:
            expect(page.get_by_role("heading", name=TITLE)).to_have_count(0)
            expect(page.locator("[class*=st-key-card_], [class*=st-key-health_], .st-key-jobs")).to_have_count(0)
            expect(page.locator(".st-key-signout button")).to_be_visible()
    page.goto(f"{server.url}/admin/account")  # everybody has a password and sessions of their own
    expect(page.get_by_text(f"Signed in as {role}")).to_be_visible()
    links = page.locator('[data-testid="stTopNavLink"]').all_inner_texts()
    assert [text.split("\n")[-1] for text in links] == (
        ["System", "Failures", "Health", "Activity", "Account"] if role in ("owner", "admin") else []
    )


def test_a_page_open_on_a_second_screen_obeys_a_demotion_at_its_next_click(
    server: ServerProcess, new_page: Callable[[], Page]
) -> None:
    """A session that keeps yesterday's role: CVE-2023-44400."""
    pages = [new_page(), new_page()]
    for page in pages:
        page.goto(f"{server.url}/admin/system")
        sign_in(page, "admin", PASSWORDS["admin"])
        page.locator(".st-key-refresh button").wait_for()
        wait_idle(page)
    with accounts_of(server) as accounts:
        accounts.users.set_role("admin", Role.EDITOR)
        try:
            for page in pages:
                page.locator(".st-key-refresh button").click()
                expect(page.get_by_text(REFUSAL)).to_be_visible()
                expect(page.locator("[class*=st-key-card_], [class*=st-key-health_]")).to_have_count(0)
        finally:
            accounts.users.set_role("admin", Role.ADMIN)


def test_a_forwarded_address_is_believed_of_declared_proxies_only(server: ServerProcess, page: Page) -> None:
    page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.9"})
    page.goto(f"{server.url}/admin/system")
    sign_in(page, "finance", PASSWORDS["finance"])
    with accounts_of(server) as accounts:
        (newest, *_) = accounts.activity.rows(ActivityFilters(who="finance"))
        addresses = {one.address for one in accounts.sessions.open("finance")}
    assert newest.address != "203.0.113.9"
    assert "203.0.113.9" not in addresses


def test_a_declared_proxy_tells_the_address(page: Page) -> None:
    with open_folder("salina-e2e-") as folder, running_server(folder, MONITOR_TRUSTED_PROXIES="127.0.0.1") as server:
        with accounts_of(server) as accounts:
            accounts.users.add("owner", Role.OWNER, PASSWORDS["owner"])
        page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.9"})
        page.goto(f"{server.url}/admin/system")
        sign_in(page, "owner", PASSWORDS["owner"])
        with accounts_of(server) as accounts:
            assert [one.address for one in accounts.sessions.open("owner")] == ["203.0.113.9"]


def test_a_store_of_the_sandbox_is_not_served() -> None:
    """Well-known passwords on a real monitor: the default-credentials class."""
    with open_folder("salina-e2e-") as folder:
        settings = Settings.load({"MONITOR_DATA_DIR": str(folder / "data"), "MONITOR_BCRYPT_COST": "4"})
        with Store.open(settings) as store:
            ensure_sandbox_users(users_of(store, Settings.load({}, sandbox=True)))
        with (
            pytest.raises(AssertionError, match="everybody knows the password of admin, author"),
            running_server(folder),
        ):
            pass
        with Store.open(settings) as store:
            users = users_of(store, settings)
            for name in users.sandbox_names():
                users.reset_password(name, "a password of their own")
        with running_server(folder) as server:
            assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200
