"""The entry script through AppTest: every state of a visitor, without a browser.

A test signs somebody in with a real session of the registry, put where the sign-in page puts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import runtime
from salina_monitor.accounts import Accounts
from salina_monitor.models import Role
from salina_monitor.server import SCRIPT
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui import session
from salina_monitor.ui.session import NO_STORE, REFUSAL, TOKEN

SettingsFor = Callable[..., Settings]
GOOD = "correct horse battery"


@pytest.fixture
def settings(settings_for: SettingsFor) -> Settings:
    return settings_for(MONITOR_BCRYPT_COST="4")


@pytest.fixture
def accounts(store: Store, settings: Settings) -> Iterator[Accounts]:
    runtime.configure(settings, store=store)
    yield runtime.get().accounts
    runtime.configure(settings)  # forget the store, which its own fixture closes


def visit(token: str | None = None) -> AppTest:
    app = AppTest.from_file(str(SCRIPT), default_timeout=20)
    if token:
        app.session_state[TOKEN] = token
    return app


def signed_in(accounts: Accounts, role: Role) -> str:
    accounts.users.add(role.value, role, GOOD)
    token = accounts.sessions.start(role.value, address="local", agent="")
    assert token
    return token


def texts(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in (*app.text, *app.title, *app.error)]


def fill(app: AppTest, name: str, password: str) -> AppTest:
    app.text_input[0].set_value(name)
    app.text_input[1].set_value(password)
    return app.button[0].click().run()


def test_a_stranger_sees_the_form_and_nothing_else(accounts: Accounts) -> None:
    app = visit().run()
    assert texts(app) == ["Salina Monitor"]
    assert [field.label for field in app.text_input] == ["Name", "Password"]
    assert [button.label for button in app.button] == ["Sign in"]


@pytest.mark.parametrize(
    ("name", "password"), [("owner", "wrong"), ("nobody", GOOD), ("owner", ""), ("", GOOD), ("", "")]
)
def test_every_failure_reads_the_same_and_opens_nothing(accounts: Accounts, name: str, password: str) -> None:
    accounts.users.add("owner", Role.OWNER, GOOD)
    app = fill(visit().run(), name, password)
    assert texts(app) == ["Salina Monitor", "Name or password is not right."]
    assert TOKEN not in app.session_state
    assert not app.session_state["authentication_status"]


def test_the_right_password_opens_a_session_of_the_registry(accounts: Accounts) -> None:
    accounts.users.add("editor", Role.EDITOR, GOOD)
    app = fill(visit().run(), "Editor ", GOOD)
    assert REFUSAL in texts(app)
    found = accounts.sessions.find(app.session_state[TOKEN])
    assert found
    assert found.user.name == "editor"


def test_the_vendors_memory_of_a_sign_in_counts_for_nothing(accounts: Accounts) -> None:
    app = visit()
    for name, value in {"authentication_status": True, "username": "owner", "roles": ["owner"]}.items():
        app.session_state[name] = value
    assert texts(app.run()) == ["Salina Monitor"]
    assert [button.label for button in app.button] == ["Sign in"]


@pytest.mark.parametrize("role", [Role.FINANCE, Role.EDITOR, Role.AUTHOR])
def test_other_roles_get_a_plain_refusal_and_sign_out(accounts: Accounts, role: Role) -> None:
    app = visit(signed_in(accounts, role)).run()
    assert texts(app) == [REFUSAL, "Salina Monitor"]
    assert [button.key for button in app.button] == ["signout"]
    assert not app.metric
    assert not app.dataframe


def test_signing_out_ends_the_session_and_forgets_what_the_tab_knew(accounts: Accounts) -> None:
    token = signed_in(accounts, Role.FINANCE)
    app = visit(token)
    app.session_state["q"] = "a private search"
    app.run()
    app.button(key="signout").click().run()
    assert accounts.sessions.find(token) is None
    assert "q" not in app.session_state
    assert [button.label for button in app.button] == ["Sign in"]


def test_a_session_that_ended_elsewhere_shows_the_form_at_the_next_run(accounts: Accounts) -> None:
    token = signed_in(accounts, Role.FINANCE)
    app = visit(token).run()
    accounts.sessions.end(token)
    assert [button.label for button in app.run().button] == ["Sign in"]


def test_after_a_reset_there_is_only_the_choice_of_an_own_password(accounts: Accounts) -> None:
    accounts.users.add("boss", Role.OWNER, GOOD)
    accounts.users.reset_password("boss", "one-time-password")
    token = accounts.sessions.start("boss", address="local", agent="")
    app = visit(token).run()
    assert "Choose your own password" in texts(app)
    for new, again, answer in (
        ("an own password", "another one....", "The two new passwords differ."),
        ("short", "short", "The password is too short; use at least 12 characters."),
        ("one-time-password", "one-time-password", "The new password is the present one; choose another."),
    ):
        change_password(app, "one-time-password", new, again)
        assert answer in texts(app)
    change_password(app, "wrong password", "an own password", "an own password")
    assert "Name or password is not right." not in texts(app)
    assert "The present password is not right." in texts(app)
    found = accounts.sessions.find(token or "")
    assert found
    assert found.user.must_change


def change_password(app: AppTest, present: str, new: str, again: str) -> None:
    for key, value in {"present": present, "new": new, "again": again}.items():
        app.text_input(key=key).set_value(value)
    app.button[0].click().run()


def test_without_a_store_nobody_is_told_more_than_to_ask(settings_for: SettingsFor) -> None:
    settings = settings_for(MONITOR_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/x", MONITOR_SESSION_KEY="k" * 32)
    runtime.configure(settings)
    app = visit("a token").run()
    assert NO_STORE in texts(app)
    assert not app.text_input
    assert "127.0.0.1" not in str(texts(app))


def test_the_sandbox_says_so_and_lists_its_sign_ins(store: Store, settings_for: SettingsFor) -> None:
    settings = settings_for(sandbox=True)
    runtime.configure(settings, store=store)
    app = visit().run()
    assert any("Sandbox" in element.value for element in app.markdown)
    listing = "\n".join(texts(app))
    assert all(role.value in listing for role in Role)
    assert "sandbox" in listing
    runtime.configure(settings)


def guarded_script() -> None:
    import streamlit as st

    from salina_monitor.ui import session

    @session.guarded
    def act() -> None:
        st.session_state["acted"] = True

    st.button("Act", key="act", on_click=act)
    viewer = session.viewer_or_none()
    st.text(viewer.name if viewer else "nobody")


@pytest.mark.parametrize(("role", "acted"), [(Role.OWNER, True), (Role.ADMIN, True), (Role.EDITOR, False)])
def test_a_guarded_click_acts_only_for_those_who_may(accounts: Accounts, role: Role, acted: bool) -> None:
    app = AppTest.from_function(guarded_script, default_timeout=20)
    app.session_state[TOKEN] = signed_in(accounts, role)
    app.run()
    app.button(key="act").click().run()
    assert ("acted" in app.session_state) is acted


def test_a_guarded_click_looks_the_role_up_at_that_moment(accounts: Accounts) -> None:
    app = AppTest.from_function(guarded_script, default_timeout=20)
    app.session_state[TOKEN] = signed_in(accounts, Role.ADMIN)
    assert "admin" in texts(app.run())
    accounts.users.set_role("admin", Role.AUTHOR)
    app.button(key="act").click().run()
    assert "acted" not in app.session_state
    assert texts(app) == [REFUSAL, "nobody"]


def test_a_guarded_click_does_nothing_while_the_store_is_away(
    monkeypatch: pytest.MonkeyPatch, settings_for: SettingsFor
) -> None:
    runtime.configure(settings_for(MONITOR_DATABASE_URL="postgresql://127.0.0.1:1/x", MONITOR_SESSION_KEY="k" * 32))
    app = AppTest.from_function(guarded_script, default_timeout=20)
    app.session_state[TOKEN] = "a token"
    app.run()
    app.button(key="act").click().run()
    assert "acted" not in app.session_state
    assert texts(app) == [NO_STORE, "nobody"]


def test_the_refusal_is_the_sentence_that_people_were_promised() -> None:
    assert session.REFUSAL == "System monitoring is for owners and admins"
