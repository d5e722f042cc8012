"""What can go wrong with Inngest, one class per cause; sentences of our own, each with the next step.

Exception
└── InngestError(code, message, setting)
    ├── NotConfigured      no usable key, or a setting that cannot be used
    ├── BadKey             401, 403: the key is refused
    ├── NeedsSigningKey    an API key where only the signing key is accepted (events, next attempt)
    ├── TooOld             no `GET /v2/runs`: the server is older than v1.38
    ├── WrongBaseUrl       a web page, a redirect: something else answers at INNGEST_API_URL
    ├── Unreachable        name look-up, connection, TLS, timeout
    ├── RateLimited        429, or no slot within our own rate (`retry_after` seconds or None)
    ├── VendorDown         5xx: not available (502, 503, 504), or failed on the question
    ├── BadAnswer          not JSON, the wrong shape, too large, contradictory
    ├── NotFound           no such run, trace or app
    └── BadCursor          the place in a list is no longer known: start that list again

`code` is a stable key of `FAULTS`; `message` holds no secret and no text of the other side; `setting` is the
environment variable to look at, or None when no setting is at fault.
"""

from __future__ import annotations

from dataclasses import dataclass

MINIMUM_VERSION = "v1.38"


class InngestError(Exception):
    """Base of everything this package raises on purpose."""

    def __init__(self, code: str, message: str, setting: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.setting = setting


class NotConfigured(InngestError):
    pass


class BadKey(InngestError):
    pass


class NeedsSigningKey(InngestError):
    pass


class TooOld(InngestError):
    pass


class WrongBaseUrl(InngestError):
    pass


class Unreachable(InngestError):
    pass


class Refused(InngestError):
    """Inngest understood what was to be done and does not do it."""


class Unconfirmed(InngestError):
    """What was to be done may have been done: the answer never came."""


class RateLimited(InngestError):
    """`retry_after`: seconds until the next question makes sense, None when the other side did not say."""

    retry_after: float | None = None


class VendorDown(InngestError):
    pass


class BadAnswer(InngestError):
    pass


class NotFound(InngestError):
    pass


class BadCursor(InngestError):
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the closed table: class, sentence with the next step, setting to look at."""

    cls: type[InngestError]
    sentence: str
    setting: str | None


_KEY, _URL = "INNGEST_SIGNING_KEY", "INNGEST_API_URL"

FAULTS: dict[str, Fault] = {
    "not_configured": Fault(
        NotConfigured, "No Inngest key is configured. Set INNGEST_SIGNING_KEY (Inngest: Manage, Signing key).", _KEY
    ),
    "bad_setting": Fault(NotConfigured, "{detail}", None),
    "bad_key": Fault(
        BadKey, "Inngest refused the key. Check {setting} and that it belongs to the environment being watched.", _KEY
    ),
    "key_wanted": Fault(BadKey, "This Inngest server wants a key. Set INNGEST_SIGNING_KEY to its signing key.", _KEY),
    "forbidden": Fault(BadKey, "Inngest accepts the key but does not permit this question. Check {setting}.", _KEY),
    "needs_signing_key": Fault(
        NeedsSigningKey,
        "An API key does not open event data (tenants) and next attempts. Set INNGEST_SIGNING_KEY as well.",
        _KEY,
    ),
    "too_old": Fault(
        TooOld,
        f"This Inngest server cannot list runs. It needs Inngest {MINIMUM_VERSION} or newer: upgrade it, "
        "or check INNGEST_API_URL.",
        _URL,
    ),
    "wrong_base_url": Fault(
        WrongBaseUrl, "A web page or redirect answered instead of the Inngest API. Check INNGEST_API_URL.", _URL
    ),
    "timeout": Fault(
        Unreachable, "Inngest did not answer in time. Check the network and INNGEST_API_URL, then refresh.", _URL
    ),
    "dns": Fault(Unreachable, "The host in INNGEST_API_URL has no address. Check its spelling and the DNS.", _URL),
    "refused": Fault(
        Unreachable, "Nothing accepts connections at INNGEST_API_URL. Check host and port, and that it runs.", _URL
    ),
    "reset": Fault(
        Unreachable, "The connection to Inngest was cut before the answer was complete. Refresh; check proxies.", _URL
    ),
    "tls_cert": Fault(
        Unreachable, "The certificate at INNGEST_API_URL is not valid{detail}. Renew it or check the host name.", _URL
    ),
    "tls": Fault(
        Unreachable, "No TLS connection to INNGEST_API_URL could be made. Check https or http, and the port.", _URL
    ),
    "protocol": Fault(
        BadAnswer, "What answers at INNGEST_API_URL does not speak proper HTTP. Check host, port and proxies.", _URL
    ),
    "already_ended": Fault(Refused, "The job has ended already; there is nothing to cancel.", None),
    "already_cancelled": Fault(Refused, "The job is cancelled already.", None),
    "cannot_rerun": Fault(
        Refused, "Inngest cannot run a scheduled job again by itself; it comes with its next schedule.", None
    ),
    "unconfirmed": Fault(
        Unconfirmed, "Inngest did not confirm it, so it may have happened. Look at the job before trying again.", None
    ),
    "rate_limited": Fault(
        RateLimited, "Inngest asks to slow down{detail}. Lower INNGEST_RATE if this happens often.", "INNGEST_RATE"
    ),
    "rate_full": Fault(
        RateLimited, "More questions wait than INNGEST_RATE permits in the time given. Raise it if Inngest permits.",
        "INNGEST_RATE",
    ),
    "vendor_down": Fault(
        VendorDown, "Inngest is not available right now (HTTP {detail}): the fault is on its side. Refresh later.", None
    ),
    "vendor_error": Fault(
        VendorDown, "Inngest failed on this question (HTTP {detail}): the fault is on its side. Refresh later.", None
    ),
    "bad_answer": Fault(
        BadAnswer, "The answer at INNGEST_API_URL is not what the Inngest API gives: {detail}. Check the address.", _URL
    ),
    "too_large": Fault(
        BadAnswer, "The answer of Inngest is too large to be read. Check INNGEST_API_URL.", _URL
    ),
    "bad_request": Fault(
        BadAnswer, "Inngest refused the question (HTTP {detail}). This server's version may not fit this monitor.", _URL
    ),
    "not_found": Fault(
        NotFound, "Inngest knows no such {detail}. It may be past its retention or belong to another environment.", None
    ),
    "app_not_found": Fault(
        NotFound, "Inngest knows no app of that name in this environment. Check INNGEST_APP_ID.", "INNGEST_APP_ID"
    ),
    "bad_cursor": Fault(
        BadCursor, "Inngest no longer knows the place in the list. The list will be read from its start.", None
    ),
}  # fmt: skip


def fault(code: str, detail: str = "", *, setting: str | None = None, retry_after: float | None = None) -> InngestError:
    """The error for `code`. `detail` must be our own words; `setting` overrides the table's."""
    row = FAULTS[code]
    named = setting or row.setting
    error = row.cls(code, row.sentence.format(detail=detail, setting=named), named)
    if isinstance(error, RateLimited):
        error.retry_after = retry_after
    return error
