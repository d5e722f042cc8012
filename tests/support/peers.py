"""Settings that point the five checks at stand-ins on loopback, every value a canary that may appear nowhere."""

from __future__ import annotations

from salina_monitor.settings import Settings

CANARY = "canary-7f3a"
SECRETS = {
    "CLERK_SECRET_KEY": f"sk_live_{CANARY}",
    "AWS_ACCESS_KEY_ID": f"AKIA{CANARY}",
    "AWS_SECRET_ACCESS_KEY": f"aws/{CANARY}+secret",
    "AWS_SESSION_TOKEN": f"token-{CANARY}",
    "RESEND_API_KEY": f"re_{CANARY}",
    "INNGEST_SIGNING_KEY": f"signkey-prod-{CANARY}",
}
URLS = {
    "clerk": "CLERK_API_URL",
    "s3": "AWS_ENDPOINT_URL_S3",
    "resend": "RESEND_API_URL",
    "inngest": "INNGEST_API_URL",
}
BUCKET = {"AWS_S3_BUCKET": "statements", "AWS_REGION": "eu-west-3"}


def settings_at(url: str, **env: str) -> Settings:
    """All four HTTP services at `url`; `env` adds or replaces ("" unsets)."""
    return Settings.load({**SECRETS, **BUCKET, **dict.fromkeys(URLS.values(), url), **env})


GOOD = {
    "clerk": (200, {"object": "total_count", "total_count": 3}, {}),
    "s3": (200, b"", {"x-amz-request-id": "1", "x-amz-bucket-region": "eu-west-3"}),
    "resend": (200, {"object": "list", "has_more": False, "data": []}, {}),
    "inngest": (200, {"data": {"status": "ok"}, "metadata": {"fetchedAt": "2026-11-23T17:50:27Z"}}, {}),
}
"""A good answer of each HTTP service: status, body, headers."""
