"""Text from jobs, vendors, browsers and addresses is shown as text, in real Chromium, on every page.

What it prevents: stored and reflected XSS and Markdown injection (CVE-2024-2435, CVE-2024-32887), open
redirects, `javascript:` links, pixels that tell a stranger who reads what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from salina_monitor.accounts import Accounts
from salina_monitor.activity import Activity, ActivityFilters, Entry, Kind, Origin
from salina_monitor.mirror import Mirror
from salina_monitor.models import JobError, JobStatus, Role, TimeRange
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from tests.e2e.driver import downloaded, sign_in, wait_idle
from tests.e2e.processes import PASSWORDS, ServerProcess, accounts_of, running_server
from tests.support.fake_client import FakeClient, run
from tests.support.folders import open_folder
from tests.support.hostile import CORPUS, EVIL

LINKED_HOSTS = {"app.inngest.com"}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server whose jobs, users and activity are nothing but attacks."""
    with open_folder("salina-e2e-") as folder, running_server(folder, INNGEST_ENV="production") as started:
        settings = Settings.load(started.env)
        with Store.open(settings, application_name="tests") as store:
            _hostile_jobs(store, settings)
            accounts = Accounts.over(store, settings)
            accounts.users.add("owner", Role.OWNER, PASSWORDS["owner"])
            _hostile_activity(accounts.activity)
            for text in CORPUS:
                accounts.sessions.start("owner", address=_storable(text), agent=_storable(text))
        yield started


def _hostile_jobs(store: Store, settings: Settings) -> None:
    client = FakeClient(now=datetime.now(UTC))
    for number, text in enumerate(CORPUS):
        kind = _storable(text)
        job = run(number, JobStatus.FAILED, queued=client.now - timedelta(minutes=5), took_s=30, function=kind)
        error = JobError(kind[:100], kind, f"Traceback\n  {kind}")
        client.put(replace(job, function_name=kind, error=error, cron_schedule=kind), tenant=kind)
    mirror = Mirror(store, client, settings)  # type: ignore[arg-type]
    mirror.sync_now()
    mirror.close()


def _hostile_activity(activity: Activity) -> None:
    for text in CORPUS:
        activity.add(Entry(Kind.EXPORT, Origin(text, text, text), text, detail={_storable(text): _storable(text)}))


def _storable(text: str) -> str:
    return text.replace("\0", "")


class Watch:
    """Everything a page did that it must not do."""

    def __init__(self, page: Page, own: str) -> None:
        self.page, self.own, self.wrong = page, urlsplit(own).netloc, list[str]()
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: self.wrong.append(f"popup {popup.url}"))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.own:
            self.wrong.append(url)

    def look(self) -> None:
        """The page as it is now: nothing ran, nothing of the attacks became an element."""
        self.page.wait_for_timeout(300)
        wait_idle(self.page)
        assert self.wrong == []
        assert self.page.evaluate("window.pwned") is None
        found = self.page.evaluate(
            """() => [...document.querySelectorAll('script, iframe, object, embed, base, [href], [src], [srcdoc]')]
                .map(e => [e.tagName, e.getAttribute('href') || e.getAttribute('src') || e.textContent.slice(0, 80)])"""
        )
        for tag, address in found:
            assert tag not in ("IFRAME", "OBJECT", "EMBED"), address
            assert EVIL not in urlsplit(address).netloc, (tag, address)
            assert not address.strip().lower().startswith(("javascript:", "data:text")), (tag, address)
            parts = urlsplit(address)
            assert parts.netloc in {"", self.own, *LINKED_HOSTS}, (tag, address)


@pytest.fixture(scope="module")
def signed_in(server: ServerProcess, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, user_agent=CORPUS[1])
    page = context.new_page()
    page.goto(f"{server.url}/admin/system")
    page.get_by_label("Name", exact=True).wait_for()
    sign_in(page, "owner", PASSWORDS["owner"])
    yield page
    context.close()


def settle(page: Page) -> None:
    page.get_by_text("jobs · newest first").or_(page.get_by_text("No job matches")).first.wait_for()
    wait_idle(page)


def test_jobs_made_of_attacks_are_shown_as_text(signed_in: Page, server: ServerProcess) -> None:
    watch = Watch(signed_in, server.url)
    signed_in.goto(f"{server.url}/admin/system?status=failed&range=all")
    settle(signed_in)
    expanders = signed_in.locator("[class*=st-key-job_error_]")
    assert expanders.count() == len(CORPUS)
    expanders.locator("summary").evaluate_all("all => all.forEach(one => one.click())")
    expect(expanders.locator("details[open]")).to_have_count(len(CORPUS))
    signed_in.locator("[data-testid=stCode]", has_text="window.pwned").first.wait_for()
    watch.look()


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_an_attack_in_every_parameter_is_shown_as_text(text: str, signed_in: Page, server: ServerProcess) -> None:
    watch, value = Watch(signed_in, server.url), quote(text, safe="")
    names = ("status", "type", "tenant", "q", "range", "page", value)
    signed_in.goto(f"{server.url}/admin/system?" + "&".join(f"{name}={value}" for name in names))
    settle(signed_in)
    watch.look()


@pytest.mark.parametrize("text", CORPUS[:10], ids=range(10))
def test_an_attack_as_a_job_id_is_shown_as_text(text: str, signed_in: Page, server: ServerProcess) -> None:
    watch = Watch(signed_in, server.url)
    signed_in.goto(f"{server.url}/admin/job?id={quote(text, safe='')}")
    signed_in.get_by_text("All jobs").first.wait_for()
    watch.look()


def test_the_job_page_of_an_attack_is_text(signed_in: Page, server: ServerProcess) -> None:
    watch = Watch(signed_in, server.url)
    for number in range(len(CORPUS)):
        signed_in.goto(f"{server.url}/admin/job?id=R{number:025d}")
        signed_in.locator(".st-key-job").wait_for()
        watch.look()


def test_failures_made_of_attacks_are_shown_as_text(signed_in: Page, server: ServerProcess) -> None:
    watch = Watch(signed_in, server.url)
    signed_in.goto(f"{server.url}/admin/failures?range={quote(CORPUS[1], safe='')}&{quote(CORPUS[4], safe='')}=1")
    signed_in.locator("[class*=st-key-failure_]").first.wait_for()
    expect(signed_in.locator("[class*=st-key-md_]")).to_have_count(len(CORPUS))
    signed_in.locator("[class*=st-key-md_] button").first.click()
    signed_in.get_by_text("tenants hit").first.wait_for()
    watch.look()


@pytest.mark.parametrize("section", ["log", "sessions"])
def test_activity_made_of_attacks_is_shown_as_text(section: str, signed_in: Page, server: ServerProcess) -> None:
    watch = Watch(signed_in, server.url)
    value = "&".join(f"{name}={quote(CORPUS[1], safe='')}" for name in ("who", "kind", "range", "page"))
    signed_in.goto(f"{server.url}/admin/activity?section={section}&{value}")
    signed_in.get_by_text("Who signed in, was refused").wait_for()
    watch.look()
    signed_in.goto(f"{server.url}/admin/activity?section={section}")
    signed_in.get_by_text("Who signed in, was refused").wait_for()
    watch.look()


def test_the_exported_list_holds_no_formula(signed_in: Page, server: ServerProcess) -> None:
    signed_in.goto(f"{server.url}/admin/system?range=all")
    settle(signed_in)
    text = downloaded(signed_in, ".st-key-csv button")
    assert "'=HYPERLINK" in text
    assert ',"=HYPERLINK' not in text
    assert ",=HYPERLINK" not in text


def test_every_export_has_a_row(server: ServerProcess) -> None:
    with accounts_of(server) as accounts:
        exports = [
            row
            for row in accounts.activity.rows(ActivityFilters(range=TimeRange.ALL))
            if row.kind == "export" and row.who == "owner"
        ]
    assert exports
    assert exports[0].detail["jobs"] == len(CORPUS)
