"""Every address × every state of a visitor, taken from the navigation that really runs.

A page that somebody adds without a rule fails here: pages open by default were the hole of CVE-2022-30034.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.accounts import Accounts
from salina_monitor.activity import ActivityFilters
from salina_monitor.models import Role, TimeRange, User
from salina_monitor.navigation import ACCOUNT, PAGES, PageRule, paths
from salina_monitor.policy import allows
from salina_monitor.server import ROOT, SCRIPT
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui import session
from salina_monitor.ui.session import TOKEN

GOOD = "correct horse battery"
VISITORS: dict[str, User | None] = {
    "nobody": None,
    **{role.value: User(role.value, role) for role in Role},
    "limited": User("limited", Role.ADMIN, tenant="northwind-press"),
    "lent": User("lent", Role.OWNER, must_change=True),
}


@pytest.fixture
def accounts(store: Store, settings_for: Callable[..., Settings]) -> Iterator[Accounts]:
    settings = settings_for(MONITOR_BCRYPT_COST="4")
    runtime.configure(settings, store=store)
    yield runtime.get().accounts
    monitors.close()
    runtime.configure(settings)


def token_of(accounts: Accounts, user: User | None) -> str | None:
    if user is None:
        return None
    accounts.users.add(user.name, user.role, GOOD, must_change=user.must_change, tenant=user.tenant)
    return accounts.sessions.start(user.name, address="local", agent="")


def opened(path: Any, token: str | None) -> AppTest:
    app = AppTest.from_file(str(path), default_timeout=20)
    if token:
        app.session_state[TOKEN] = token
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> list[str]:
    return [str(element.value) for kind in ("text", "title", "markdown", "caption") for element in app.get(kind)]


def test_every_page_script_has_one_rule() -> None:
    assert sorted((ROOT / "pages").glob("*.py")) == sorted(rule.script for rule in PAGES)


@pytest.mark.parametrize("name", VISITORS)
def test_the_navigation_holds_what_the_visitor_may_open_and_nothing_else(
    accounts: Accounts, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    real = st.navigation

    def navigation(pages: Any, **more: Any) -> Any:
        seen[:] = pages
        return real(pages, **more)

    monkeypatch.setattr(st, "navigation", navigation)
    user = VISITORS[name]
    opened(SCRIPT, token_of(accounts, user))
    by_path = {page.url_path: page for page in seen if not page._default}
    assert set(by_path) == set(paths()), "the same addresses for everybody: what is missing would tell"
    for rule in PAGES:
        may, page = allows(user, rule.right), by_path[rule.path]
        is_script = page._page == rule.script
        assert is_script is may, f"{name} at {rule.address}"
        if allows(user, PAGES[0].right):
            assert (page._visibility == "visible") is (may and rule.listed), f"{name} in the navigation: {rule.path}"


@pytest.mark.parametrize("name", VISITORS)
@pytest.mark.parametrize("rule", PAGES, ids=lambda rule: rule.path)
def test_a_page_script_run_directly_guards_itself(accounts: Accounts, rule: PageRule, name: str) -> None:
    """`pages/` beside a Streamlit script is served before any sign-in (streamlit.md, trap 1): each page stands alone."""
    user = VISITORS[name]
    app = opened(rule.script, token_of(accounts, user))
    if allows(user, rule.right):
        assert not {session.ENDED, session.REFUSAL, session.NOT_ALLOWED} & set(said(app))
        return
    expected = session.ENDED if user is None else session.REFUSAL
    if user is not None and allows(user, PAGES[0].right):
        expected = session.NOT_ALLOWED
    assert said(app) == [expected]
    assert not app.button


@pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
def test_a_refusal_is_written_down_once_a_tab(accounts: Accounts, role: Role) -> None:
    app = opened(SCRIPT, token_of(accounts, VISITORS[role.value]))
    app.run()
    app.run()
    rows = [row for row in accounts.activity.rows(ActivityFilters(range=TimeRange.ALL)) if row.kind == "access_refused"]
    assert [(row.who, row.detail["right"]) for row in rows] == [(role.value, "view_system")]


def test_the_account_page_is_everybodys(accounts: Accounts) -> None:
    assert ACCOUNT in paths()
    assert ACCOUNT not in {rule.path for rule in PAGES}
