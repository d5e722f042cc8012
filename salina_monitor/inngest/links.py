"""Links for people into Inngest's own pages. None where no safe target can be derived.

Two kinds of pages: Cloud's (`…/env/{env}/apps|runs|functions|events/…`) and a self-hosted server's (`/runs`,
`/run?runID=…`, `/event?eventID=…`). Which one is told by the dashboard address if there is one, else by the API's.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urlsplit

from salina_monitor.settings import Settings

CLOUD = "https://app.inngest.com"
DEFAULT_ENV = "development"
_ENV_PART = re.compile(r"\A(.*?/env/[^/]+)(?:/.*)?\Z")
# Pages of the self-hosted server that people copy the address from.
_PAGES = re.compile(r"/(?:runs?|apps|functions|events?)(?:/.*)?\Z")
_ULID = re.compile(r"\A[0-9A-Z]{26}\Z")


def dashboard_url(settings: Settings) -> str | None:
    """Where *Open in Inngest* leads: `INNGEST_DASHBOARD_URL`, else the app on Cloud or the server's run list."""
    if given := settings.inngest_dashboard_url:
        return _safe(given)
    if settings.inngest_is_cloud:
        return f"{_cloud_env(settings)}/apps/{quote(settings.inngest_app_id, safe='')}"
    return _safe(f"{settings.inngest_api_url}/runs")


def run_url(settings: Settings, run_id: str) -> str | None:
    """The page of one run."""
    if (env := _env_base(settings)) is not None:
        return _safe(f"{env}/runs/{quote(run_id, safe='')}")
    return _safe(f"{_self_hosted_base(settings)}/run?runID={quote(run_id, safe='')}")


def function_url(settings: Settings, slug: str) -> str | None:
    """The page of one function; the self-hosted server has none."""
    env = _env_base(settings)
    return None if env is None else _safe(f"{env}/functions/{quote(slug, safe='')}")


def event_url(settings: Settings, event_id: str | None) -> str | None:
    """The page of one event by its internal id, as runs name it. Both kinds take nothing but a ULID there."""
    if event_id is None or not _ULID.match(event_id):
        return None
    if (env := _env_base(settings)) is not None:
        return _safe(f"{env}/events/{event_id}")
    return _safe(f"{_self_hosted_base(settings)}/event?eventID={event_id}")


def _env_base(settings: Settings) -> str | None:
    """`https://…/env/{env}` for pages of Cloud's kind, None for a self-hosted server's."""
    given = settings.inngest_dashboard_url
    if given and (match := _ENV_PART.match(given)):
        return match[1]
    if not settings.inngest_is_cloud:
        return None
    return _cloud_env(settings)


def _cloud_env(settings: Settings) -> str:
    return f"{CLOUD}/env/{quote(settings.inngest_env or DEFAULT_ENV, safe='')}"


def _self_hosted_base(settings: Settings) -> str:
    given = settings.inngest_dashboard_url
    return _PAGES.sub("", given) if given else settings.inngest_api_url


def _safe(url: str) -> str | None:
    """`url` if it is https, or http on loopback.

    A self-hosted server on plain http elsewhere gets no link, not even when `INNGEST_DASHBOARD_URL` names it:
    its pages need no key, so the link would carry customer data over an open line. Its https front does.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return url
    return url if parts.scheme == "http" and _is_loopback(host) else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name
