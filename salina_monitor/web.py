"""The script Streamlit runs, once a session and click: sign-in, or the pages of the role that is signed in.

Every state registers the same addresses, bound to what that state shows, so that a deep link with its filters
survives the sign-in, and no address shows anything that the others would not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.navigation.page import Page

from salina_monitor import runtime
from salina_monitor.accounts import AccountError, Session
from salina_monitor.navigation import ACCOUNT, PAGES, PageRule, pages_of, paths
from salina_monitor.store import StoreError
from salina_monitor.ui import account, no_store, refusal, session, sign_in, style
from salina_monitor.ui.once import one_run
from salina_monitor.ui.turn import in_turn

log = logging.getLogger(__name__)
ICON = Path(__file__).parent / "ui" / "static" / "icon.png"


def _main() -> None:
    try:
        current = session.current_session()
    except (StoreError, AccountError) as error:
        log.warning("nobody can be recognised: %s", error)
        _run_everywhere(no_store.render)
        return
    session.note_socket(current)
    if current is None:
        _run_everywhere(sign_in.render)
    elif current.user.must_change:
        _run_everywhere(account.render_forced_change, current)
    elif not pages_of(current.user):
        _run_everywhere(refusal.render, current, own=account.render)
    else:
        _run_pages(current)


def _run_everywhere(
    render: Callable[[], None], current: Session | None = None, *, own: Callable[[], None] | None = None
) -> None:
    """One thing at every address; `own` at that of the account."""
    _frame(current, layout="centered")
    pages = [st.Page(render, title="Salina Monitor", default=True)]
    for path in paths():
        shown = own if own and path == ACCOUNT else render
        pages.append(st.Page(shown, title="Salina Monitor", url_path=path))
    _run(st.navigation(pages, position="hidden"))


def _run_pages(current: Session) -> None:
    _frame(current, layout="wide")
    mine = pages_of(current.user)
    pages = [_page(rule) for rule in mine]
    # What the role lacks answers like what does not exist, and is not in the navigation.
    pages += [
        st.Page(refusal.of_page(rule), title="Salina Monitor", url_path=rule.path, visibility="hidden")
        for rule in PAGES
        if rule not in mine
    ]
    own = st.Page(account.render, title="Account", icon=":material/account_circle:", url_path=ACCOUNT)
    # A default page loses its own address, so the default is a page that only leads on.
    home = st.Page(_leading_to(pages[0]), title="Salina Monitor", default=True, visibility="hidden")
    _run(st.navigation([*pages, own, home], position="top"))


def _page(rule: PageRule) -> Page:
    seen: Literal["visible", "hidden"] = "visible" if rule.listed else "hidden"
    return st.Page(rule.script, title=rule.title, icon=rule.icon, url_path=rule.path, visibility=seen)


def _run(page: Page) -> None:
    try:
        page.run()
    except (StoreError, AccountError) as error:
        log.warning("a page lost the store: %s", error)
        no_store.render()


def _leading_to(page: Page) -> Callable[[], None]:
    def home() -> None:
        st.switch_page(page, query_params=st.query_params.to_dict())

    return home


def _frame(current: Session | None, *, layout: Literal["centered", "wide"]) -> None:
    st.set_page_config("Salina Monitor", str(ICON), layout, initial_sidebar_state="collapsed")
    style.apply()
    if current is not None:
        session.cookie_pixel(current)
    if runtime.settings().sandbox:
        with st.container(key="sandbox_badge"):
            st.badge("Sandbox · made-up data", icon=":material/science:", color="violet")


try:
    with in_turn(), one_run():
        _main()
finally:
    st.session_state.pop(session.BY_ITSELF, None)
