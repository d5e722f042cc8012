"""`serve` says no before it is open to others, and says what to do."""

from __future__ import annotations

import secrets

import pytest

from salina_monitor.server.exposure import exposure, is_loopback, weakness_of
from salina_monitor.settings import Settings

GOOD_KEY = "b7f1c09e5d24a8836f0be1c94d7a52e0"


def said(**env: str) -> str:
    return exposure(Settings.load(env))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    assert said(MONITOR_HOST=host) == ""
    assert said(MONITOR_HOST=host, MONITOR_PUBLIC_URL="http://localhost:8501") == ""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "monitor.internal", "192.0.2.1"])
def test_beyond_loopback_it_wants_tls(host: str) -> None:
    for public in ("", "http://monitor.example.com"):
        sentence = said(MONITOR_HOST=host, MONITOR_PUBLIC_URL=public)
        assert sentence.startswith(f"MONITOR_HOST={host} makes the monitor reachable")
        assert "MONITOR_PUBLIC_URL" in sentence
        assert "MONITOR_ALLOW_HTTP=1" in sentence
    assert said(MONITOR_HOST=host, MONITOR_PUBLIC_URL="https://monitor.example.com") == ""
    assert said(MONITOR_HOST=host, MONITOR_ALLOW_HTTP="1") == ""


def test_a_public_address_without_tls_is_refused_behind_a_proxy_too() -> None:
    assert "MONITOR_PUBLIC_URL makes" in said(MONITOR_PUBLIC_URL="http://monitor.example.com")
    assert said(MONITOR_PUBLIC_URL="http://monitor.example.com", MONITOR_ALLOW_HTTP="1") == ""


@pytest.mark.parametrize(
    "key",
    ["a" * 32, "ab" * 20, "0123456789abcdef" * 2, "changeme-b7f1c09e5d24a8836f0be1c9", "MySecretKeyForTheMonitor2026-xyz",
     "abcdefghijklmnopqrstuvwxyz012345", "this-is-the-default-key-of-a-monitor"],
)  # fmt: skip
def test_a_weak_key_is_refused_where_others_can_reach_it(key: str) -> None:
    sentence = said(MONITOR_HOST="0.0.0.0", MONITOR_PUBLIC_URL="https://m.example", MONITOR_SESSION_KEY=key)
    assert sentence.startswith("MONITOR_SESSION_KEY ")
    assert key not in sentence
    assert said(MONITOR_SESSION_KEY=key) == ""  # on loopback it is one's own affair


def test_random_keys_are_good_enough() -> None:
    assert weakness_of("") == ""
    assert weakness_of(GOOD_KEY) == ""
    assert not [key for key in (secrets.token_hex(32) for _ in range(2000)) if weakness_of(key)]
    assert not [key for key in (secrets.token_urlsafe(32) for _ in range(2000)) if weakness_of(key)]
