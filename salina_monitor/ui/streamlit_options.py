"""Streamlit's own options, set in code, so that no other config file or variable can weaken them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streamlit import config

from salina_monitor.accounts.errors import SessionKeyError
from salina_monitor.accounts.session_key import derive, session_key
from salina_monitor.settings import Settings
from salina_monitor.store import StoreError


def apply(settings: Settings, file: Path) -> None:
    """Set every option of our config file, the cookie secret, and the allowed hosts once they are known.

    Streamlit would look for the file in the working folder and beside its script; ours lies beside the launcher.
    """
    for name, value in _flat(tomllib.loads(file.read_text("utf-8"))):
        config.set_option(name, value, str(file))
    with suppress(
        SessionKeyError, StoreError
    ):  # Streamlit keeps its random one; the error is said when the runtime opens
        config.set_option("server.cookieSecret", derive(session_key(settings), "streamlit cookie secret"))
    public = urlsplit(settings.monitor_public_url).hostname
    if public:
        config.set_option("server.allowedHosts", [public, "localhost", "127.0.0.1", "::1"])


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
