"""Which key goes with which question, and the headers that carry it."""

from __future__ import annotations

from dataclasses import dataclass

from salina_monitor.inngest.errors import InngestError, fault
from salina_monitor.settings import Settings

_SIGNING, _API = "INNGEST_SIGNING_KEY", "INNGEST_API_KEY"


@dataclass(frozen=True, slots=True)
class Credentials:
    """`setting` names where the key came from; None: asked without one."""

    setting: str | None
    headers: dict[str, str]


def credentials(settings: Settings, *, v1: bool) -> Credentials:
    """Key and headers for v1 or v2. Raises NotConfigured, NeedsSigningKey."""
    # A base URL, app or environment that cannot be used falls back to a default; asking there would send
    # the key to a stranger or show another app's jobs.
    if unusable := _unusable(settings, "INNGEST_API_URL", "INNGEST_APP_ID", "INNGEST_ENV"):
        raise unusable
    headers = {"Accept": "application/json", "User-Agent": "salina-monitor"}
    if settings.inngest_is_cloud and settings.inngest_env:
        headers["X-Inngest-Env"] = settings.inngest_env
    name, key = _key(settings, v1=v1)
    return Credentials(name, headers | {"Authorization": f"Bearer {key}"} if name else headers)


def can_read_events(settings: Settings) -> bool:
    """Whether v1 may be asked: with a signing key, or without any key at all where none is needed."""
    given = _given(settings)
    return not given or any(_is_signing_key(name, key) for name, key in given)


def _key(settings: Settings, *, v1: bool) -> tuple[str | None, str]:
    given = _given(settings)
    for name, key in given:
        if _is_signing_key(name, key):
            return name, key
    if given and v1:
        raise _unusable(settings, _SIGNING) or fault("needs_signing_key")
    if given:
        return given[0]
    if unusable := _unusable(settings, _SIGNING, _API):
        raise unusable
    if settings.inngest_is_cloud:
        raise fault("not_configured")
    return None, ""  # `inngest dev` needs no key


def _given(settings: Settings) -> list[tuple[str, str]]:
    pairs = ((_SIGNING, settings.inngest_signing_key), (_API, settings.inngest_api_key))
    return [(name, key) for name, key in pairs if key]


def _is_signing_key(name: str, key: str) -> bool:
    """People put a key into the other variable; its prefix tells. A key without one is what its variable says."""
    if key.startswith("sk-inn-"):
        return False
    return name == _SIGNING or key.startswith("signkey-")


def _unusable(settings: Settings, *names: str) -> InngestError | None:
    problem = settings.problem(*names)
    return fault("bad_setting", problem.message, setting=problem.name) if problem else None
