"""The secret behind session tokens: from the settings, or made once in the data folder."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from salina_monitor.accounts.errors import SessionKeyError
from salina_monitor.settings import Settings
from salina_monitor.store.files import make_folder, read_text, write_private

FILE_NAME = "session.key"


def session_key(settings: Settings) -> bytes:
    """`MONITOR_SESSION_KEY`, else the key in the data folder, made with mode 0600 if there is none.

    Raises SessionKeyError when setting or file hold no key, StoreError when the folder cannot be used.
    """
    problem = settings.problem("MONITOR_SESSION_KEY")
    if problem:
        raise SessionKeyError(problem.message)
    if settings.monitor_session_key:
        return str(settings.monitor_session_key).encode()
    path = settings.data_dir / FILE_NAME
    text = read_text(path)
    if text is None:
        make_folder(settings.data_dir)
        write_private(path, secrets.token_hex(32), replace=False)  # the first of several processes wins
        text = read_text(path) or ""
    key = text.strip().encode()
    if len(key) < 32:
        raise SessionKeyError(f"{path} is not a session key; delete the file, a new one is made at the next start.")
    return key


def derive(key: bytes, purpose: str) -> str:
    """A key of its own for one purpose, as 64 hexadecimal digits; it says nothing about `key`."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()
