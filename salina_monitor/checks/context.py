"""Names of each service's settings and hosts, for messages and for finding out whether it is configured at all."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.dsn import parse_dsn
from salina_monitor.models import Service
from salina_monitor.settings import Settings

_KEY = {
    Service.DATABASE: "DATABASE_URL",
    Service.CLERK: "CLERK_SECRET_KEY",
    Service.S3: "AWS_ACCESS_KEY_ID",
    Service.RESEND: "RESEND_API_KEY",
    Service.INNGEST: "INNGEST_SIGNING_KEY",
}
_URL = {
    Service.DATABASE: "DATABASE_URL",
    Service.CLERK: "CLERK_API_URL",
    Service.S3: "AWS_ENDPOINT_URL_S3",
    Service.RESEND: "RESEND_API_URL",
    Service.INNGEST: "INNGEST_API_URL",
}
_LOOK = {
    Service.DATABASE: "the server's load and log",
    Service.CLERK: "status.clerk.com",
    Service.S3: "health.aws.amazon.com",
    Service.RESEND: "resend-status.com",
    Service.INNGEST: "status.inngest.com",
}


def placeholders(service: Service, settings: Settings) -> Mapping[str, str]:
    """What every message of the service may say, whatever was found."""
    setting, look = _KEY[service], _LOOK[service]
    if service is Service.INNGEST:
        setting = (
            "INNGEST_SIGNING_KEY" if settings.inngest_signing_key or not settings.inngest_api_key else "INNGEST_API_KEY"
        )
        look = look if settings.inngest_is_cloud else "the Inngest server's log"
    if service is Service.S3 and settings.aws_endpoint_url_s3:
        look = "the store's log"
    url_setting = _URL[service] if service is not Service.S3 or settings.aws_endpoint_url_s3 else "AWS_REGION"
    return {
        "label": service.label,
        "host": host(service, settings),
        "setting": setting,
        "url_setting": url_setting,
        "look": look,
    }


def host(service: Service, settings: Settings) -> str:
    """Whom the check asks, as host or host:port; never a user, path or password."""
    if service is Service.DATABASE:
        return _database_host(settings.database_url)
    if service is Service.S3 and not settings.aws_endpoint_url_s3:
        return f"s3.{settings.aws_region}.amazonaws.com" if settings.aws_region else "s3.amazonaws.com"
    url = urlsplit(getattr(settings, _URL[service].lower()))
    name = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or "the host"
    return f"{name}:{url.port}" if url.port else name


def _database_host(dsn: str) -> str:
    try:
        parts = parse_dsn(dsn) if dsn else {}
    except ValueError:  # reported as bad_setting, which names no host
        parts = {}
    name = parts.get("host") or parts.get("hostaddr") or "the local server"
    return f"{name}:{parts['port']}" if parts.get("port") and not name.startswith("/") else name


def unusable(settings: Settings, required: tuple[str, ...], others: tuple[str, ...] = ()) -> Finding | None:
    """The configuration error that makes asking pointless: a malformed value, else a required one that is unset."""
    if problem := settings.problem(*required, *others):
        return found("bad_setting", None, problem=problem.message)
    missing = [name for name in required if not getattr(settings, name.lower())]
    return found("not_configured", None, missing=" and ".join(missing)) if missing else None
