# ruff: noqa: E501 - a table reads by rows
"""The one table of what a check can find: code, state, meaning, message. Code, tests and docs read it.

`python -m salina_monitor.checks` prints docs/health-checks.md; a test fails when the file differs.

Placeholders of messages: `{label}` the service, `{host}` whom we asked, `{setting}` its key or address,
`{url_setting}` the setting that names the host, `{look}` where to look next, `{seconds}` elapsed time,
and what the check itself found (`{said}`, `{detail}`, `{http}`, …, listed in `Outcome.facts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from salina_monitor.models import HealthStatus, Service

SLOW_ABOVE_MS: Final = 1000
"""A success above this is `slow`; exactly this long is still healthy."""

HEALTHY, DEGRADED, UNHEALTHY, NOT_CONFIGURED = (
    HealthStatus.HEALTHY,
    HealthStatus.DEGRADED,
    HealthStatus.UNHEALTHY,
    HealthStatus.NOT_CONFIGURED,
)
DATABASE, CLERK, S3, RESEND, INNGEST = Service
ALL = tuple(Service)
HTTP = (CLERK, RESEND, INNGEST)
ASKED_OVER_HTTP = (CLERK, S3, RESEND, INNGEST)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row: what a code means and says. `facts` are the placeholders that only the check can fill."""

    code: str
    status: HealthStatus
    services: tuple[Service, ...]
    meaning: str
    message: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found. `latency_ms` None: nothing was asked. `retry_after_s`: not to be asked again before."""

    code: str
    latency_ms: int | None
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    retry_after_s: float | None = None


def found(code: str, latency_ms: int | None, *, retry_after_s: float | None = None, **facts: object) -> Finding:
    """A finding; a success above `SLOW_ABOVE_MS` becomes `slow` here and nowhere else."""
    if code == "ok" and latency_ms is not None and latency_ms > SLOW_ABOVE_MS:
        code = "slow"
    return Finding(code, latency_ms, facts, retry_after_s)


def message_of(finding: Finding, context: Mapping[str, str]) -> str:
    """The message of a finding in the words of the table; `context` holds the service's own placeholders."""
    seconds = "" if finding.latency_ms is None else f"{finding.latency_ms / 1000:.1f}"
    return OUTCOMES[finding.code].message.format_map({**context, "seconds": seconds, **finding.facts})


# fmt: off
_ROWS: tuple[Outcome, ...] = (
    Outcome("ok", HEALTHY, ALL, "Answered as it should within a second.", "{said}", ("said",)),
    Outcome("slow", DEGRADED, ALL, "Answered as it should, but took more than 1.0 s.",
            "{said}, but only after {seconds} s. If it stays above 1 s, look at {look}.", ("said",)),
    Outcome("not_configured", NOT_CONFIGURED, ALL, "A setting that the check needs is unset; nothing was asked.",
            "Set {missing} to watch {label}.", ("missing",)),
    Outcome("bad_setting", UNHEALTHY, ALL, "A setting cannot be used; nothing was asked.", "{problem}", ("problem",)),
    Outcome("timeout", UNHEALTHY, ALL, "No complete answer within the 5 s a check may take.",
            "No answer from {host} within {seconds} s. Look at {look}; a firewall on the way looks the same."),
    Outcome("dns", UNHEALTHY, ALL, "The host name cannot be resolved, or the name server is silent.",
            "The name {host} cannot be resolved. Check {url_setting} and this machine's name server."),
    Outcome("refused", UNHEALTHY, ALL, "Nothing accepts connections there, or no route leads there.",
            "No connection to {host}: refused, or no route. Check that the service runs, {url_setting} and the firewall."),
    Outcome("reset", UNHEALTHY, ALL, "The connection was broken off before the answer was complete.",
            "{host} broke the connection off before answering. Check again; if it stays so, look at {look} and at proxies on the way."),
    Outcome("tls_cert", UNHEALTHY, ALL, "The certificate is not accepted; the message names its fault.",
            "The certificate of {host} is refused: {detail}. Check {url_setting}, have the certificate renewed, or check this machine's clock and certificate authorities.", ("detail",)),
    Outcome("tls", UNHEALTHY, ALL, "No TLS connection comes about, e.g. because the port speaks plain text.",
            "No TLS connection to {host} comes about. Check scheme and port in {url_setting}."),
    Outcome("protocol", UNHEALTHY, ASKED_OVER_HTTP, "What answered does not keep to HTTP, or a proxy refused.",
            "{host} does not answer in proper HTTP{detail}. Check {url_setting} and proxies on the way.", ("detail",)),
    Outcome("too_large", UNHEALTHY, HTTP, "The answer is far larger than the API's would be.",
            "{host} answered with far more than the {label} API would. Check {url_setting}."),
    Outcome("bad_body", UNHEALTHY, HTTP, "Answered with success, but not with what the API answers.",
            "{host} answered, but it is not the {label} API. Check {url_setting}; a proxy's sign-in page looks the same."),
    Outcome("redirect", UNHEALTHY, ASKED_OVER_HTTP, "Redirects (3xx): wrong base URL, or a proxy in between.",
            "{host} redirects elsewhere (HTTP {http}). Write the final address into {url_setting}, or look for a proxy in between.", ("http",)),
    Outcome("not_found", UNHEALTHY, HTTP, "The API's path does not exist there (404).",
            "{host} does not know the {label} API's address (HTTP 404). Check {url_setting}."),
    Outcome("unexpected", UNHEALTHY, ASKED_OVER_HTTP, "An HTTP status that the check has no word for.",
            "{host} answered HTTP {http}, which the {label} API does not do here. Check {url_setting}.", ("http",)),
    Outcome("vendor_down", UNHEALTHY, ASKED_OVER_HTTP, "The vendor is down or overloaded (502, 503, 504).",
            "{label} is down or overloaded (HTTP {http}). Nothing to change here; look at {look}.", ("http",)),
    Outcome("vendor_error", UNHEALTHY, ASKED_OVER_HTTP, "The vendor failed (another 5xx).",
            "{label} failed with an error of its own (HTTP {http}). Check again; if it stays so, look at {look}.", ("http",)),
    Outcome("bad_key", UNHEALTHY, HTTP, "The key is refused.",
            "{label} refuses the key. Make a new one there and put it into {setting}."),
    Outcome("forbidden", UNHEALTHY, HTTP, "The key is known but may not do this (403).",
            "{label} forbids this to the key in {setting} (HTTP 403). Check its permissions and any address restriction."),
    Outcome("rate_limited", DEGRADED, ASKED_OVER_HTTP, "Too many requests; not asked again before Retry-After.",
            "{label} limits requests just now; the ERP may feel it too. Next check {again}.", ("again",)),
    Outcome("quota_exceeded", DEGRADED, (RESEND,), "The daily or monthly sending quota is used up.",
            "The {period} sending quota is used up: mails will fail until it renews. Raise the plan or wait.", ("period",)),
    Outcome("needs_signing_key", UNHEALTHY, (INNGEST,), "An API key is set, but the server has only the v1 API.",
            "An API key works with the v2 API only, which {host} does not have. Set INNGEST_SIGNING_KEY."),
    Outcome("standby", DEGRADED, (DATABASE,), "The server is a standby: it answers but cannot be written to.",
            "{host} is a standby: reads work, writes fail. Point DATABASE_URL at the primary, or finish the failover."),
    Outcome("read_only", DEGRADED, (DATABASE,), "The primary's transactions are read-only.",
            "The database is read-only: every write of the ERP fails. Look at default_transaction_read_only and at free disk space."),
    Outcome("bad_password", UNHEALTHY, (DATABASE,), "User or password are refused.",
            "{host} refuses user or password. Check both in DATABASE_URL; special characters must be percent-encoded."),
    Outcome("no_database", UNHEALTHY, (DATABASE,), "The database does not exist.",
            "{host} has no database of that name. Check the name at the end of DATABASE_URL."),
    Outcome("no_role", UNHEALTHY, (DATABASE,), "The user does not exist or may not log in.",
            "{host} does not let that user log in. Check the user in DATABASE_URL and that the role exists with LOGIN."),
    Outcome("no_access", UNHEALTHY, (DATABASE,), "The server's access rules (pg_hba.conf, CONNECT) refuse us.",
            "{host} answers, but its access rules do not let us in. Check pg_hba.conf, sslmode and the CONNECT privilege."),
    Outcome("conns_full", UNHEALTHY, (DATABASE,), "All connection slots of the server, role or database are taken.",
            "All connections of {host} are taken: the ERP cannot open new ones either. End idle ones (pg_stat_activity), use a pool or raise the limit."),
    Outcome("starting", UNHEALTHY, (DATABASE,), "The server is starting, recovering or shutting down.",
            "{host} is starting, recovering or shutting down. Wait a minute; if it stays so, read the server's log."),
    Outcome("no_tls", UNHEALTHY, (DATABASE,), "DATABASE_URL wants TLS, the server does not offer it.",
            "{host} does not offer TLS, which DATABASE_URL asks for. Turn it on there, or change sslmode."),
    Outcome("not_postgres", UNHEALTHY, (DATABASE,), "Something else than PostgreSQL answers on that port.",
            "{host} answered, but not as PostgreSQL does. Check host and port in DATABASE_URL; a web server or proxy there looks the same."),
    Outcome("db_error", UNHEALTHY, (DATABASE,), "The server refused in a way the check has no word for.",
            "{host} answers, but refuses the connection or the query. Look into the server's log, which says why."),
    Outcome("no_bucket", UNHEALTHY, (S3,), "There is no bucket of that name (404).",
            "There is no bucket of the name in AWS_S3_BUCKET. Check the name, region and account."),
    Outcome("access_denied", UNHEALTHY, (S3,), "403 (or 400): key, secret, token, clock, permission or a foreign bucket; S3 does not say which.",
            "Access refused (HTTP {http}), and S3 does not say why. Check the keys, s3:ListBucket on the bucket, this machine's clock and whose bucket it is.", ("http",)),
    Outcome("wrong_region", UNHEALTHY, (S3,), "The bucket is in another region and the request was refused.",
            "The bucket is in {region}. Set AWS_REGION={region}.", ("region",)),
    Outcome("other_region", DEGRADED, (S3,), "The bucket answers, but from another region than AWS_REGION.",
            "The bucket answers from {region}. Set AWS_REGION={region}, or uploads take a detour.", ("region",)),
    Outcome("not_s3", UNHEALTHY, (S3,), "Answered or redirected, but not as S3 does.",
            "{host} answered, but it is not S3. Check AWS_ENDPOINT_URL_S3; a proxy in between looks the same."),
    Outcome("no_credentials", UNHEALTHY, (S3,), "No access key is set and the machine offers no role.",
            "No AWS keys found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (both), or give this machine a role."),
    Outcome("check_bug", UNHEALTHY, ALL, "The check itself failed: a bug of the monitor; the log names the place.",
            "The check itself failed; whether {label} works is not known. See the monitor's log and report it."),
)
# fmt: on

OUTCOMES: Mapping[str, Outcome] = MappingProxyType({row.code: row for row in _ROWS})
