"""A page's address and what the page shows, in step.

Every run brings along the address that the browser had when it asked. A browser that is a moment behind still brings
the one before the last click: that must not be taken for somebody who went back, or their filter is gone again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import streamlit as st

from salina_monitor.ui.session import BY_ITSELF

Parameters = dict[str, list[str]]
BEHIND_S = 3.0
"""So long the page's own clock may bring an address that was replaced."""
CLICK_BEHIND_S = 0.5
"""So long a click may; nobody goes back sooner."""


@dataclass
class Address:
    """The address of one tab's page."""

    _shown: Parameters | None = None
    _replaced: list[tuple[Parameters, float]] = field(default_factory=list)

    def arrived(self) -> Parameters | None:
        """The parameters of an address that this tab did not write itself: a deep link, back and forward; else None."""
        given = {name: st.query_params.get_all(name) for name in st.query_params}
        behind_s = BEHIND_S if st.session_state.get(BY_ITSELF) else CLICK_BEHIND_S
        oldest = time.monotonic() - behind_s
        if given == self._shown or any(given == one and at > oldest for one, at in self._replaced):
            return None
        self._shown, self._replaced = given, []
        return given

    def write(self, wanted: dict[str, str]) -> None:
        """Put what is shown into the address."""
        written = {name: [value] for name, value in wanted.items()}
        if written == self._shown:
            return
        now = time.monotonic()
        self._replaced = [(one, at) for one, at in self._replaced if at > now - BEHIND_S and one != written]
        if self._shown is not None:
            self._replaced.append((self._shown, now))
        self._shown = written
        st.query_params.from_dict(wanted)
