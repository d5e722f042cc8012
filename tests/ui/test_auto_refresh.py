"""Refreshing by itself: asks for a sync, stands still while somebody looks into a row, is no sign of life."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest


def script() -> None:
    """A page with the clockwork around a monitor that counts."""
    import time
    from types import SimpleNamespace

    import streamlit as st

    from salina_monitor.ui import auto_refresh
    from salina_monitor.ui import live as tab

    asked = st.session_state.setdefault("asked", [])
    mirror = SimpleNamespace(request=lambda: asked.append("mirror"))
    auto_refresh.viewer_or_none = lambda: "ada"  # type: ignore[assignment]
    tab.refresh = lambda monitor, live, force=True: asked.append("all")  # type: ignore[assignment]
    live = SimpleNamespace(syncing=False, selected=st.session_state.get("selected"))
    st.session_state["_auto_seen"] = time.monotonic() - 100
    if st.session_state.get("go") and not st.session_state.get("gone"):
        st.session_state["gone"] = True
        auto_refresh._tick(SimpleNamespace(mirror=mirror), live)  # type: ignore[arg-type]
    st.text(str(asked))


def run(**state: Any) -> tuple[list[str], AppTest]:
    app = AppTest.from_function(script, default_timeout=20)
    for name, value in {"go": True, **state}.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app.session_state["asked"], app


@pytest.fixture(autouse=True)
def _restore(monkeypatch: pytest.MonkeyPatch) -> None:
    from salina_monitor.ui import auto_refresh, live

    monkeypatch.setattr(auto_refresh, "viewer_or_none", auto_refresh.viewer_or_none)
    monkeypatch.setattr(live, "refresh", live.refresh)


def test_off_it_asks_nothing() -> None:
    assert run(auto_refresh=0)[0] == []
    assert run()[0] == []


def test_on_it_refreshes_everything() -> None:
    assert run(auto_refresh=15)[0] == ["all"]


@pytest.mark.parametrize("state", [{"selected": "R1"}, {"job_error_R1": True}])
def test_while_somebody_looks_into_a_row_only_the_mirror_reads_on(state: dict[str, Any]) -> None:
    asked, app = run(auto_refresh=15, **state)
    assert asked == ["mirror"]
    assert "_by_itself" not in app.session_state


def test_a_value_that_is_no_choice_is_off() -> None:
    assert run(auto_refresh=3)[0] == []
