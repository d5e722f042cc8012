"""The one redactor: for what jobs carry, what vendors answer, and what is logged.

    Redactor(secrets)        callable on text; `.value()` on anything made of JSON
    install_log_redaction()  the same on every log record

Three nets, one behind the other: the configured secrets in every spelling, fields whose name says that they
hold a secret, and shapes that are recognisable wherever they stand. The nets come after the real protection:
no message of our own contains a secret in the first place.
"""

from salina_monitor.redact.logs import RedactingFilter, install_log_redaction
from salina_monitor.redact.redactor import Redactor
from salina_monitor.redact.shapes import MASK

__all__ = ["MASK", "RedactingFilter", "Redactor", "install_log_redaction"]
