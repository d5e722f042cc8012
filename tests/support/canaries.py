"""A canary in every setting that is a secret, and every spelling in which it could sing."""

from __future__ import annotations

import json
from urllib.parse import quote

from salina_monitor.settings import SETTINGS

_FORMS = {
    "DATABASE_URL": "postgresql://erp:{}@127.0.0.1:1/erp",
    "CLERK_SECRET_KEY": "sk_live_{}",
    "INNGEST_SIGNING_KEY": "signkey-prod-{}",
    "INNGEST_API_KEY": "sk-inn-api-{}",
    "RESEND_API_KEY": "re_{}",
    "MONITOR_WEBHOOK_URL": "https://127.0.0.1:1/hooks/{}",
    "MONITOR_SESSION_KEY": "{}-qwertzuiop-0123456789",
}


def canaries() -> dict[str, str]:
    """Secret setting → a text that stands nowhere else. The monitor's own database is real and has its own password."""
    names = [setting.name for setting in SETTINGS if setting.secret and setting.name != "MONITOR_DATABASE_URL"]
    return {name: f"c4nary{number:02d}Of{name.title().replace('_', '')}" for number, name in enumerate(names)}


def canary_env() -> dict[str, str]:
    """Settings that hold them; every service is at a port of this machine where nobody listens."""
    env = {name: _FORMS.get(name, "{}").format(canary) for name, canary in canaries().items()}
    nobody = "http://127.0.0.1:1"
    urls = ("CLERK_API_URL", "RESEND_API_URL", "INNGEST_API_URL", "AWS_ENDPOINT_URL_S3")
    return {**env, **dict.fromkeys(urls, nobody), "AWS_REGION": "eu-west-1", "AWS_S3_BUCKET": "statements"}


def song() -> str:
    """A text as a careless vendor would echo it: every value plain, percent-encoded and in JSON."""
    values = [*canary_env().values()]
    secret = [value for value in values if "c4nary" in value]
    return "\n".join([*secret, *(quote(value, safe="") for value in secret), json.dumps(secret), repr(secret)])


def heard(text: str) -> list[str]:
    """The canaries that sing in a text; none should."""
    return [name for name, canary in canaries().items() if canary.lower() in text.lower()]
