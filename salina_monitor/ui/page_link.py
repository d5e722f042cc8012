"""Links between our pages: real addresses, to open in another tab or to keep, which a plain click opens in this one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from salina_monitor.navigation import ACCOUNT, BASE, PAGES


def page_link(label: str, address: str, *, icon: str | None = None) -> None:
    """`address` is one of ours, e.g. `/admin/system?status=failed`, of a page that the reader may open."""
    parts = urlsplit(address)
    path = parts.path.removeprefix(f"{BASE}/")
    # Streamlit wants the page named as the navigation named it: by its script, the account by what it runs.
    if path == ACCOUNT:
        page = st.Page(_account, title=label, url_path=path)
    else:
        page = st.Page(next(rule.script for rule in PAGES if rule.path == path), title=label, url_path=path)
    st.page_link(page, label=label, icon=icon, query_params=parse_qsl(parts.query, keep_blank_values=True))


def _account() -> None:
    raise AssertionError("the navigation's own page runs")
