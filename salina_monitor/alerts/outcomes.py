"""What can come of sending, as a closed list of our own words: no text of a vendor gets into the store or the page."""

from __future__ import annotations

from dataclasses import dataclass

from salina_monitor.wire import WireError

NOT_SENT = {
    "not_configured": "Set {missing} to send this.",
    "bad_setting": "{detail}",
    "timeout": "{who} did not answer in time; whether it was taken is not known.",
    "dns": "The name of {who} cannot be resolved.",
    "refused": "No connection to {who}: refused, or no route.",
    "reset": "{who} broke the connection off; whether it was taken is not known.",
    "tls_cert": "The certificate of {who} is not accepted.",
    "tls": "No TLS connection to {who} comes about.",
    "protocol": "{who} does not answer in proper HTTP.",
    "too_large": "{who} answered with far more than expected.",
    "redirect": "{who} redirects elsewhere (HTTP {http}); write the final address into {setting}.",
    "bad_key": "Resend refuses the key (HTTP {http}): put another one into RESEND_API_KEY.",
    "bad_sender": "Resend refuses the sender or receiver (HTTP {http}): its domain has to be verified there, see"
    " MONITOR_MAIL_FROM.",
    "rate_limited": "{who} limits requests just now (HTTP 429).",
    "quota_exceeded": "The sending quota at Resend is used up; mails wait until it renews.",
    "busy": "Resend is still at the last try (HTTP 409).",
    "rejected": "{who} does not take it (HTTP {http}); look at {setting}.",
    "vendor_error": "{who} failed with an error of its own (HTTP {http}).",
    "bad_body": "{who} answered, but not as expected; whether it was taken is not known.",
    "no_receiver": "Nobody is there to get it any more.",
    "sending_bug": "Sending failed on an error of the monitor; see its log.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went. `sent`, or a `code` of the list and its sentence; `retry_after_s`: not to be tried before."""

    sent: bool
    code: str
    said: str
    retry_after_s: float = 0.0


def taken(who: str, status: int) -> Outcome:
    """It was accepted."""
    return Outcome(True, "ok", f"{who} took it (HTTP {status}).")


def not_sent(code: str, who: str, *, retry_after_s: float = 0.0, **facts: object) -> Outcome:
    """It was not, or nobody knows."""
    said = NOT_SENT[code].format_map({"who": who, "http": "?", "setting": "", "detail": "", "missing": "", **facts})
    return Outcome(False, code, said, retry_after_s)


def of_wire(error: WireError, who: str) -> Outcome:
    """No complete answer; kinds of the wire are codes of the list."""
    return not_sent(error.kind, who)
