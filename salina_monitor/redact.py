"""The last line against leaks: masks every configured secret in texts and log records.

The first line is that no message contains one: our own words, `raise … from None`, keys checked at load.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from salina_monitor.settings import Settings

MASK = "•••"
# They log full URLs and headers at INFO or DEBUG.
_TALKATIVE = ("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer")


class Redactor:
    """Callable `str → str` that masks each secret as it is, percent-encoded and escaped as in a `repr` or JSON."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
        # Longest first: a secret inside another one must not leave the rest of the longer one readable.
        longest_first = sorted(spellings, key=lambda s: (-len(s), s))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def _spellings(secret: str) -> set[str]:
    encoded = {quote(secret, safe=safe) for safe in ("", "/", "/:@!$&'()*+,;=~")} | {quote_plus(secret)}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), e) for e in encoded}
    escaped = {repr(secret)[1:-1], secret.replace("\\", "\\\\").replace('"', '\\"')}
    return {secret} | encoded | lower | escaped


class RedactingFilter(logging.Filter):
    """Replaces the record's text by its masked text; tracebacks are formatted here and masked too."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            # Arguments that do not fit the template: logging would print both unmasked to stderr.
            text = f"{record.msg} (arguments left out)"
        record.msg, record.args = self._redactor(text), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._redactor(record.exc_text)
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self._redactor(record.stack_info)
        return True


def install_log_redaction(settings: Settings) -> None:
    """Mask the settings' secrets in everything that the root handlers write; call again after a change.

    Handlers added to the root later need a call of their own. Talkative libraries are set to WARNING.
    """
    installed = RedactingFilter(Redactor(settings.secrets()))
    for handler in logging.getLogger().handlers:
        for old in [f for f in handler.filters if isinstance(f, RedactingFilter)]:
            handler.removeFilter(old)
        handler.addFilter(installed)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
