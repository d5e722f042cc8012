"""The Activity page through AppTest: log, people, sessions; and the sessions on the account page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.accounts import Accounts
from salina_monitor.activity import ActivityFilters, Entry, Kind, Origin, Outcome
from salina_monitor.models import Role, TimeRange
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui.activity_log import facts
from salina_monitor.ui.activity_view import LOG, SESSIONS, parameters_of, view_of
from salina_monitor.ui.filters import stamp
from salina_monitor.ui.session import TOKEN
from tests.ui.stage import opened

GOOD = "correct horse battery"
NASTY = "<img src=x onerror=alert(1)> ![x](http://evil.example/p.png) [a](javascript:alert(1)) :red[no] $x$"
ALL = ActivityFilters(range=TimeRange.ALL)


@pytest.fixture
def accounts(store: Store, settings_for: Callable[..., Settings]) -> Iterator[Accounts]:
    settings = settings_for(MONITOR_BCRYPT_COST="4")
    runtime.configure(settings, store=store)
    found = runtime.get().accounts
    found.users.add("boss", Role.OWNER, GOOD)
    found.users.add("ada", Role.ADMIN, GOOD)
    yield found
    runtime.configure(settings)


def page(accounts: Accounts, name: str = "boss", **query: str) -> AppTest:
    return opened("activity", accounts.sessions.start(name, address="192.0.2.1", agent="Browser"), **query)


def texts(app: AppTest) -> str:
    assert not app.exception
    kinds = ("text", "caption", "markdown", "code", "error", "title")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def test_it_lists_what_happened_newest_first(accounts: Accounts) -> None:
    app = page(accounts)
    (table,) = app.dataframe
    assert list(table.value["What"]) == ["Sign in", "User added", "User added"]
    assert list(table.value["Who"]) == ["boss", "command line", "command line"]
    assert "1–3 of 3 rows · newest first" in texts(app)


def test_filters_come_from_the_address_and_go_there(accounts: Accounts) -> None:
    accounts.activity.add(Entry(Kind.EXPORT, Origin("ada"), "jobs"))
    app = page(accounts, who="ada", kind="export", range="24h")
    assert "1–1 of 1 row" in texts(app)
    app.selectbox[0].set_value("-").run()
    app.selectbox[1].set_value("user_added").run()
    assert "1–2 of 2 rows" in texts(app)
    assert {name: app.query_params[name] for name in app.query_params} == {"kind": "user_added", "range": "24h"}


def test_nothing_found_says_what_to_do(accounts: Accounts) -> None:
    assert "choose a longer range" in texts(page(accounts, who="ada"))


def test_parameters_that_cannot_be_used_are_named(accounts: Accounts) -> None:
    said = texts(page(accounts, kind="burn", page="99999", who="x" * 65, bogus="1"))
    for part in ("kind “burn” is none of", "page “99999” is not a number", "who is longer than", "“bogus” is not"):
        assert part in said


def test_more_than_a_page_can_be_turned(accounts: Accounts) -> None:
    for number in range(120):
        accounts.activity.add(Entry(Kind.EXPORT, Origin("ada"), f"n{number}"))
    app = page(accounts, who="ada", page="3")
    (table,) = app.dataframe
    assert list(table.value["To"]) == [f"n{number}" for number in reversed(range(20))]
    assert "101–120 of 120 rows" in texts(app)


def test_foreign_text_stays_text(accounts: Accounts) -> None:
    """Markdown and HTML in a log line: CVE-2024-2435."""
    accounts.activity.add(Entry(Kind.EXPORT, Origin("ada", NASTY, NASTY), NASTY, Outcome.DONE, {NASTY: NASTY}))
    app = page(accounts, who="ada", kind="export")
    spoken = texts(app)
    assert "evil.example" not in spoken
    assert "<img" not in spoken
    assert NASTY[:64] in str(app.dataframe[0].value["From"].iloc[0])


def test_an_admin_sees_the_log_and_manages_nobody(accounts: Accounts) -> None:
    app = page(accounts, "ada", section="people")
    assert len(app.dataframe) == 1
    assert "What" in app.dataframe[0].value
    assert not app.get("button_group")
    assert not [button for button in app.button if button.key != "signout"]


def people(accounts: Accounts, row: int | None = None) -> AppTest:
    app = page(accounts, section="people")
    if row is not None:
        key = stamp([user.name for user in accounts.users.list()])
        app.session_state[f"people_table_{key}"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
        app.run()
    return app


def test_an_owner_adds_a_user_and_sees_the_password_once(accounts: Accounts) -> None:
    app = people(accounts)
    app.text_input(key="new_name").set_value("Eve")
    app.selectbox(key="new_role").set_value("admin")
    app.text_input(key="new_tenant").set_value("northwind-press")
    app.text_input(key="new_why").set_value("joins us")
    next(button for button in app.button if button.label == "Add").click().run()
    assert "eve is added" in texts(app)
    (shown,) = app.code
    password = str(shown.value)
    attempt = accounts.sign_in.attempt("eve", password, address="x", agent="")
    assert attempt.token
    found = next(user for user in accounts.users.list() if user.name == "eve")
    assert (found.role, found.tenant, found.must_change) == (Role.ADMIN, "northwind-press", True)
    app.run()
    assert password not in texts(app)


def test_a_name_that_cannot_be_used_is_refused_in_words(accounts: Accounts) -> None:
    app = people(accounts)
    app.text_input(key="new_name").set_value("no blanks please")
    next(button for button in app.button if button.label == "Add").click().run()
    assert "A user name is 1 to 64 letters" in texts(app)
    assert len(accounts.users.list()) == 2


def test_an_owner_changes_role_and_tenant_of_the_chosen_user(accounts: Accounts) -> None:
    app = people(accounts, row=0)
    assert "ada · admin · may sign in" in texts(app)
    app.text_input(key="tenant_ada").set_value("northwind-press")
    app.text_input(key="why_ada").set_value("only theirs")
    next(button for button in app.button if button.label == "Save").click().run()
    assert "ada is saved: admin, tenant northwind-press only." in texts(app)
    changed = accounts.activity.rows(ALL)[0]
    assert (changed.kind, changed.target, changed.why) == ("tenant_changed", "ada", "only theirs")


def test_shutting_out_ends_the_sessions_at_once(accounts: Accounts) -> None:
    theirs = accounts.sessions.start("ada", address="x", agent="")
    app = people(accounts, row=0)
    app.button(key="person_disable").click().run()
    assert "ada is shut out" in texts(app)
    assert accounts.sessions.find(theirs or "") is None


def test_a_reset_password_is_shown_once_and_works(accounts: Accounts) -> None:
    app = people(accounts, row=0)
    app.button(key="person_reset").click().run()
    (shown,) = app.code
    assert accounts.sign_in.attempt("ada", str(shown.value), address="x", agent="").token


def test_the_last_owner_cannot_lock_everybody_out(accounts: Accounts) -> None:
    app = people(accounts, row=1)
    app.button(key="person_disable").click().run()
    assert "last owner" in texts(app)
    assert not any(user.disabled for user in accounts.users.list())


def test_a_demoted_owner_changes_nobody_with_a_page_still_open(accounts: Accounts) -> None:
    """Stale rights in an open tab: CVE-2023-44400."""
    app = people(accounts, row=0)
    accounts.users.add("second", Role.OWNER, GOOD)
    accounts.users.set_role("boss", Role.ADMIN)
    app.button(key="person_disable").click().run()
    assert not any(user.disabled for user in accounts.users.list())
    refused = accounts.activity.rows(ALL)[0]
    assert (refused.who, refused.kind) == ("boss", "access_refused")


def test_owners_end_anybodys_session(accounts: Accounts) -> None:
    theirs = accounts.sessions.start("ada", address="192.0.2.9", agent="Their browser")
    app = page(accounts, section="sessions")
    said = texts(app)
    assert "ada · from 192.0.2.9" in said
    assert "Their browser" in said
    (one,) = accounts.sessions.open("ada")
    app.button(key=f"end_session_{one.id}").click().run()
    assert "The session has ended." in texts(app)
    assert accounts.sessions.find(theirs or "") is None


def test_everybody_sees_and_ends_their_own_sessions(accounts: Accounts) -> None:
    other = accounts.sessions.start("ada", address="192.0.2.9", agent="Old phone")

    def script() -> None:
        from salina_monitor.ui import account

        account.render()

    app = AppTest.from_function(script, default_timeout=20)
    app.session_state[TOKEN] = accounts.sessions.start("ada", address="192.0.2.1", agent="Browser")
    app.run()
    assert "Old phone" in texts(app)
    assert "this one" in texts(app)
    app.button(key="end_others").click().run()
    assert "1 session ended." in texts(app)
    assert accounts.sessions.find(other or "") is None
    assert "Old phone" not in texts(app)


def test_a_view_and_its_address_mean_the_same() -> None:
    for given in ({}, {"section": ["sessions"]}, {"who": ["ada"], "kind": ["export"], "range": ["all"], "page": ["7"]}):
        view = view_of(given)
        assert not view.dropped
        assert {name: [value] for name, value in parameters_of(view).items()} == given
    assert view_of({}).section == LOG
    assert view_of({"section": ["sessions"]}).section == SESSIONS


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        ({}, ""),
        ({"before": "admin", "after": "owner"}, "admin → owner"),
        ({"before": None, "after": "acme"}, "none → acme"),
        ({"jobs": 12, "range": "24h", "tenant": None}, "jobs 12 · range 24h"),
    ],
)
def test_the_facts_of_a_row_fit_into_a_line(detail: dict[str, object], line: str) -> None:
    assert facts(detail) == line  # type: ignore[arg-type]
