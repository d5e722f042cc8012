from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from salina_monitor.accounts.errors import SessionKeyError
from salina_monitor.accounts.session_key import derive, session_key
from salina_monitor.settings import Settings
from salina_monitor.store import StoreError


def load(folder: Path, **env: str) -> Settings:
    return Settings.load({"MONITOR_DATA_DIR": str(folder), **env})


def test_it_takes_the_key_from_the_settings_and_makes_no_file(tmp_path: Path) -> None:
    key = "k" * 32
    assert session_key(load(tmp_path / "data", MONITOR_SESSION_KEY=key)) == key.encode()
    assert not (tmp_path / "data").exists()


def test_it_makes_a_private_key_once_and_finds_it_again(tmp_path: Path) -> None:
    settings = load(tmp_path / "data")
    key = session_key(settings)
    assert len(key) == 64
    assert session_key(settings) == key
    assert stat.S_IMODE((tmp_path / "data" / "session.key").stat().st_mode) == 0o600


def test_many_starting_at_once_agree_on_one_key(tmp_path: Path) -> None:
    settings = load(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: session_key(settings), range(16)))
    assert len(keys) == 1


def test_it_refuses_a_key_that_is_too_short_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(SessionKeyError, match="MONITOR_SESSION_KEY") as refused:
        session_key(load(tmp_path, MONITOR_SESSION_KEY="hunter2hunter2"))
    assert "hunter2" not in str(refused.value)


def test_it_refuses_a_damaged_file_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "session.key").write_text("short")
    with pytest.raises(SessionKeyError, match="delete the file"):
        session_key(load(tmp_path))


def test_it_says_in_words_that_the_folder_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="MONITOR_DATA_DIR"):
        session_key(load(tmp_path / "file"))


def test_keys_for_different_purposes_have_nothing_in_common() -> None:
    assert derive(b"key", "one") != derive(b"key", "two")
    assert derive(b"key", "one") == derive(b"key", "one")
