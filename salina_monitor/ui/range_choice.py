"""A row of time ranges, in step with the address of its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from salina_monitor.ui.address import Address
from salina_monitor.ui.filters import Parameters


@dataclass
class _Chosen:
    """What one tab's page shows. The widget begins with `seed`, and is a new one when the address chose (`epoch`)."""

    span: str
    seed: str
    epoch: int = 0
    address: Address = field(default_factory=Address)


def range_choice(page: str, ranges: Mapping[str, str], usual: str) -> str:
    """Paint the row; the value that is chosen. `ranges`: the words for each; `usual` is what no address names."""
    chosen: _Chosen = st.session_state.setdefault(f"_{page}_range", _Chosen(usual, usual))
    if (given := chosen.address.arrived()) is not None:
        read = Parameters(given, ("range",))
        chosen.span = read.one_of("range", list(ranges)) or usual
        chosen.epoch += 1
        for note in read.dropped:
            st.text(f"Ignored in the address: {note}.")
    key = f"{page}_range_{chosen.epoch}"
    if key not in st.session_state:  # another page was looked at meanwhile, or the address chose
        chosen.seed = chosen.span
    with st.container(key="range"):
        span = st.segmented_control(
            "Time range", list(ranges), default=chosen.seed, key=key, required=True,
            format_func=ranges.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
    chosen.span = str(span)
    chosen.address.write({} if chosen.span == usual else {"range": chosen.span})
    return chosen.span
