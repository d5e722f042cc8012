"""Log records without secrets."""

from __future__ import annotations

import logging

from salina_monitor.redact.redactor import Redactor
from salina_monitor.settings import Settings

# They log full URLs and headers at INFO or DEBUG.
_TALKATIVE = ("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer")


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
