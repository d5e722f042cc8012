"""How software writes a secret down: encoded for an address, escaped for JSON, code or HTML, in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_PERCENT = re.compile(r"%[0-9A-F]{2}")


def spellings_of(secret: str) -> set[str]:
    """The secret itself and how it looks percent-encoded (twice too), escaped (twice too), in HTML and in base64."""
    return {secret, *_encoded(secret), *_escaped(secret), *_in_html(secret), *_in_base64(secret)}


def _encoded(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="replace")
    once = {quote(raw, safe=safe) for safe in ("", "/", "/:@!$&'()*+,;=~")} | {quote_plus(raw)}
    for encoded in once | {quote(one, safe="") for one in once}:
        yield encoded
        yield _PERCENT.sub(lambda match: match[0].lower(), encoded)


def _escaped(secret: str) -> Iterator[str]:
    """As in a `repr`, in bytes, in JSON and in JSON within JSON, slashes escaped or not."""
    quotes = secret.replace("\\", "\\\\")
    once = {
        repr(secret)[1:-1],
        repr(secret.encode(errors="replace"))[2:-1],
        quotes.replace('"', '\\"'),
        quotes.replace("'", "\\'"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
    once |= {one.replace("/", "\\/") for one in once}
    yield from once
    for one in once:
        yield json.dumps(one, ensure_ascii=False)[1:-1]


def _in_html(secret: str) -> Iterator[str]:
    yield html.escape(secret, quote=False)
    escaped = html.escape(secret)
    yield escaped
    yield escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield escaped.replace("&#x27;", "&#39;")


def _in_base64(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="replace")
    for encoded in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        yield encoded.rstrip("=")  # the padding tells nothing
