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
from salina_monitor.store import StoreError
from salina_monitor.ui import account, no_store, refusal, session, sign_in, style

log = logging.getLogger(__name__)
ICON = Path(__file__).parent / "ui" / "static" / "icon.png"
PAGES = Path(__file__).parents[1] / "pages"


def _main() -> None:
    try:
        current = session.current_session()
    except (StoreError, AccountError) as error:
        log.warning("nobody can be recognised: %s", error)
        _run_everywhere(no_store.render)
        return
    if current is None:
        _run_everywhere(sign_in.render)
    elif current.user.must_change:
        _run_everywhere(account.render_forced_change, current)
    elif not current.user.role.may_view_system:
        _run_everywhere(refusal.render, current)
    else:
        _run_pages(current)


def _run_everywhere(render: Callable[[], None], current: Session | None = None) -> None:
    _frame(current, layout="centered")
    pages = [st.Page(render, title="Salina Monitor", default=True)]
    pages += [st.Page(render, title="Salina Monitor", url_path=path) for path in ("system", "job", "account")]
    _run(st.navigation(pages, position="hidden"))


def _run_pages(current: Session) -> None:
    _frame(current, layout="wide")
    system = st.Page(PAGES / "system.py", title="System", icon=":material/dns:", url_path="system")
    job = st.Page(PAGES / "job.py", title="Job", url_path="job", visibility="hidden")
    own = st.Page(account.render, title="Account", icon=":material/account_circle:", url_path="account")
    # A default page loses its own address, so the default is a page that only leads on.
    home = st.Page(_leading_to(system), title="Salina Monitor", default=True, visibility="hidden")
    _run(st.navigation([system, job, own, home], position="top"))


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


_main()
