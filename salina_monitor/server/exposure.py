"""Whether a monitor may be shown to people elsewhere: only over TLS, and with a key that cannot be guessed."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from urllib.parse import urlsplit

from salina_monitor.settings import Settings

_LEAST_DIFFERENT = 10
_WORDS = ("changeme", "change-me", "secret", "password", "example", "default", "salina", "12345678", "abcdefgh")


def exposure(settings: Settings) -> str:
    """Why `serve` must not start with these settings, and what to do; "" when it may."""
    reached_by = _reached_by(settings)
    if not reached_by:
        return ""
    if not settings.monitor_public_url.startswith("https://") and not settings.monitor_allow_http:
        return (
            f"{reached_by} makes the monitor reachable from elsewhere, and without TLS everybody on the way could read"
            " passwords and sessions. Put a proxy with TLS before it and set MONITOR_PUBLIC_URL to its https address;"
            " or, in a network you trust that much, set MONITOR_ALLOW_HTTP=1."
        )
    weakness = weakness_of(settings.monitor_session_key)
    if weakness:
        return (
            f"MONITOR_SESSION_KEY {weakness}, and with it sessions could be forged. Set 32 or more random characters,"
            ' e.g. of: python -c "import secrets; print(secrets.token_hex(32))"; or leave it empty: one is made.'
        )
    return ""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_public(settings: Settings) -> bool:
    """Whether people elsewhere get here by an address that was set."""
    public = urlsplit(settings.monitor_public_url).hostname
    return bool(public) and not is_loopback(str(public))


def weakness_of(key: str) -> str:
    """What makes a key guessable, as the rest of a sentence; "" for a good one, and for none."""
    if not key:
        return ""
    lowered = key.lower()
    if len(set(key)) < _LEAST_DIFFERENT:
        return f"has fewer than {_LEAST_DIFFERENT} different characters"
    if key in (key + key)[1:-1]:
        return "repeats itself"
    word = next((word for word in _WORDS if word in lowered), "")
    if word:
        return f"contains “{word}”"
    steps = [ord(b) - ord(a) for a, b in pairwise(key)]
    if sum(step in (0, 1, -1) for step in steps) > len(steps) / 2:
        return "is mostly a sequence"
    return ""


def _reached_by(settings: Settings) -> str:
    """The setting through which people elsewhere get here; "" when nobody does."""
    if not is_loopback(settings.monitor_host):
        return f"MONITOR_HOST={settings.monitor_host}"
    return "MONITOR_PUBLIC_URL" if is_public(settings) else ""
