"""A part of a page that can fail alone: it says so in its place, and everything around it stays."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec

import streamlit as st

from salina_monitor.store import StoreError
from salina_monitor.ui.text import plain

log = logging.getLogger(__name__)
P = ParamSpec("P")


@contextmanager
def section(name: str) -> Iterator[None]:
    """A block whose questions to the store may fail; `name` is what is missing then."""
    try:
        yield
    except StoreError as error:
        log.warning("%s could not be read: %s", name, error)
        with st.container(border=True, gap="xsmall"):
            st.badge("Not known now", icon=":material/help:", color="gray")
            plain(f"{name} could not be read from the monitor's database. {what_helps(error)}")


def what_helps(error: StoreError) -> str:
    """What somebody who asked too much, or asked while the store was away, can do."""
    if error.code == "store_timeout":
        return "It took too long: narrow the time range or the filters, then refresh."
    return "Press Refresh; if that does not help, ask its administrator."


def sectioned(name: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """The same for a function that paints one part."""

    def around(paint: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(paint)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
            with section(name):
                paint(*args, **kwargs)

        return wrapper

    return around
