"""Every setting once: name, type, default, help. README table, `doctor` and validation come from here.

`Settings.load` never raises. A value that cannot be used becomes a `Problem`, the setting keeps its
default (or stays empty), and whoever needs it says so in words: one bad key must not blind the page
to the four other services.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from salina_monitor.dsn import dsn_passwords, parse_dsn

DEFAULT_JOB_TYPES = json.dumps(
    {
        "pdf-generation": {"label": "PDF generation", "functions": ["generate-statement-pdf", "pdf-generation"]},
        "batch-statements": {
            "label": "Batch statements",
            "functions": ["generate-statements-batch", "batch-statements"],
        },
    }
)
CLOUD_API = "https://api.inngest.com"


class SettingError(ValueError):
    """A value cannot be used; the text says what to write instead and never repeats a secret."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One unusable setting: its name, a stable code, a sentence that says what to fix."""

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class JobType:
    """A label for one or several functions; `id` goes into URLs and `--type`."""

    id: str
    label: str
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: environment name, group, parser, default (as text), help, whether it is a secret."""

    name: str
    group: str
    help: str
    parse: Callable[[str], Any]
    default: str = ""
    secret: bool = False
    default_text: str = ""

    @property
    def attribute(self) -> str:
        return self.name.lower()


def _text(value: str) -> str:
    return value


def _key(value: str) -> str:
    if re.search(r"\s", value):
        raise SettingError("contains blanks or a line break; copy the key again without them")
    if not value.isascii() or not value.isprintable():
        raise SettingError("contains characters a key cannot have; copy the key again")
    return value


def _clerk_key(value: str) -> str:
    _key(value)
    if value.startswith("pk_"):
        raise SettingError("is a publishable key (pk_…); use the secret key (sk_…)")
    return value


def _url(value: str) -> str:
    if re.search(r"\s", value):
        raise SettingError("contains blanks; write a URL such as https://host:port")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise SettingError("is not a URL; write one such as https://host:port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SettingError("is not an http(s) URL; write one such as https://host:port")
    if parts.username or parts.password:
        raise SettingError("must not hold a user or password")
    if parts.query or parts.fragment:
        raise SettingError("must not hold a query or a fragment")
    return value.rstrip("/")


def _webhook(value: str) -> str:
    # Chat tools put their key into the path or the query, so nothing of the address may be repeated.
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise SettingError("is not a URL; write one such as https://host/path") from None
    if re.search(r"\s", value) or not value.isascii() or not value.isprintable():
        raise SettingError("contains blanks or characters a URL cannot have; copy the address again")
    if parts.username or parts.password or parts.fragment:
        raise SettingError("must not hold a user, a password or a fragment")
    is_near = host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_near)):
        raise SettingError("is not an https URL; http is allowed to this machine only")
    return value


def _webhook_secret(value: str) -> str:
    _key(value)
    if len(value) < 16:
        raise SettingError("is too short; write at least 16 random characters")
    return value


def _sender(value: str) -> str:
    shown, address = parseaddr(value)
    if not value.isprintable() or not is_address(address) or value not in (address, f"{shown} <{address}>"):
        raise SettingError("is not a sender; write alerts@example.com or Salina Monitor <alerts@example.com>")
    return value


def is_address(text: str) -> bool:
    """Whether mail can be sent there: one plain address, nothing around it, nothing that could begin a header."""
    return (
        len(text) <= 254
        and re.fullmatch(r"[A-Za-z0-9._%+'=~#&/-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text) is not None
    )


def _dsn(value: str) -> str:
    try:
        parse_dsn(value)
    except ValueError:
        # psycopg echoes the whole text, password included, so nothing of its message may survive.
        raise SettingError(
            "is not a PostgreSQL address; write postgresql://user:password@host:5432/database "
            "and percent-encode special characters in the password"
        ) from None
    return value


def _number(low: float, high: float, kind: Callable[[str], float] = int) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = kind(value)
        except ValueError:
            raise SettingError(f"is not a number; write one from {low:g} to {high:g}") from None
        if not low <= number <= high:
            raise SettingError(f"is out of bounds; write a number from {low:g} to {high:g}")
        return number

    return parse


def _every(value: str) -> int:
    """Seconds between two checks; 0 = never."""
    return 0 if value == "0" else int(_number(10, 86_400)(value))


def _flag(value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("", "0", "false", "no", "off"):
        return False
    raise SettingError("is neither yes nor no; write 1 or 0")


def _token(value: str) -> str:
    _key(value)
    if len(value) < 16:
        raise SettingError("is too short; write at least 16 random characters")
    return value


def _session_key(value: str) -> str:
    _key(value)
    if len(value) < 32:
        raise SettingError("is too short; write at least 32 random characters")
    return value


def _job_types(value: str) -> tuple[JobType, ...]:
    shape = (
        'write JSON such as {"pdf-generation": {"label": "PDF generation", "functions": ["generate-statement-pdf"]}}'
    )
    try:
        raw = json.loads(value)
        types = tuple(JobType(str(k), str(v["label"]), tuple(map(str, v["functions"]))) for k, v in raw.items())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SettingError(f"is not a map of job types; {shape}") from None
    functions = [f for t in types for f in t.functions]
    doubled = sorted({f for f in functions if functions.count(f) > 1})
    if doubled:
        raise SettingError(f"names a function in two types: {', '.join(doubled)}")
    return types


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


ERP, OURS = "The ERP's own", "The monitor's own"

SETTINGS: tuple[Setting, ...] = (
    Setting("DATABASE_URL", ERP, "The ERP's PostgreSQL, watched by the Database check (read only, one short connection).", _dsn, secret=True),
    Setting("CLERK_SECRET_KEY", ERP, "Clerk secret key (`sk_…`), for the Clerk check.", _clerk_key, secret=True),
    Setting("CLERK_API_URL", ERP, "Base URL of the Clerk API.", _url, "https://api.clerk.com/v1"),
    Setting("AWS_REGION", ERP, "Region of the bucket.", _key),
    Setting("AWS_S3_BUCKET", ERP, "Bucket that holds the statements, for the S3 check.", _key),
    Setting("AWS_ACCESS_KEY_ID", ERP, "AWS access key. Empty: the role of the machine.", _key, secret=True),
    Setting("AWS_SECRET_ACCESS_KEY", ERP, "Secret of that access key.", _key, secret=True),
    Setting("AWS_SESSION_TOKEN", ERP, "Session token, with temporary AWS keys only.", _key, secret=True),
    Setting("AWS_ENDPOINT_URL_S3", ERP, "Base URL of an S3-compatible store; empty: AWS.", _url),
    Setting("RESEND_API_KEY", ERP, "Resend API key; a sending-only key is enough.", _key, secret=True),
    Setting("RESEND_API_URL", ERP, "Base URL of the Resend API.", _url, "https://api.resend.com"),
    Setting("INNGEST_SIGNING_KEY", ERP, "Inngest signing key (`signkey-…`), for jobs and the Inngest check.", _key, secret=True),
    Setting("INNGEST_API_KEY", ERP, "Inngest Cloud API key (`sk-inn-api-…`), instead of the signing key: jobs only, no event data.", _key, secret=True),
    Setting("INNGEST_API_URL", ERP, "Base URL of the Inngest API; self-hosted: `http://host:8288`.", _url, CLOUD_API),
    Setting("INNGEST_ENV", ERP, "Inngest environment: goes into dashboard links, and for a branch environment into `X-Inngest-Env`.", _key),
    Setting("INNGEST_APP_ID", ERP, "Id of the ERP's app in Inngest.", _key, "salina-erp"),
    Setting("INNGEST_DASHBOARD_URL", ERP, "Where *Open in Inngest* leads; empty: made from environment and app, or the self-hosted server's own page.", _url),
    Setting("INNGEST_RATE", ERP, "Requests per second to the Inngest API.", _number(0.1, 1000, float), default_text="5 for Cloud, 50 elsewhere"),
    Setting("MONITOR_DATABASE_URL", OURS, "PostgreSQL 14+ that keeps the monitor's own data. Never the ERP's database. Empty: an embedded server in the data folder.", _dsn, secret=True),
    Setting("MONITOR_DATA_DIR", OURS, "Folder of the embedded server and of generated keys; on a local disk, not on a network share.", _text, ".salina"),
    Setting("MONITOR_HOST", OURS, "Address to listen on.", _key, "127.0.0.1"),
    Setting("MONITOR_PORT", OURS, "Port to listen on; without it `PORT` is used.", _number(1, 65535), default_text="`PORT`, else 8501"),
    Setting("MONITOR_PUBLIC_URL", OURS, "Address people open: links in alerts lead there. With `https` the session cookie is marked Secure.", _url),
    Setting("MONITOR_ALLOW_HTTP", OURS, "1: serve people elsewhere over plain http, where passwords and sessions can be read on the way.", _flag, "0"),
    Setting("MONITOR_TRUSTED_PROXIES", OURS, "Comma-separated addresses of reverse proxies whose `X-Forwarded-*` headers are believed.", _names),
    Setting("MONITOR_SESSION_KEY", OURS, "Secret behind session tokens, at least 32 characters, the same on all replicas. Empty: made once in the data folder.", _session_key, secret=True),
    Setting("MONITOR_SESSION_IDLE_MINUTES", OURS, "Minutes without use after which a session ends.", _number(1, 1440), "30"),
    Setting("MONITOR_SESSION_HOURS", OURS, "Hours after which a session ends in any case.", _number(1, 168), "8"),
    Setting("MONITOR_ACTIVITY_DAYS", OURS, "Days for which the activity log is kept.", _number(30, 3650), "365"),
    Setting("MONITOR_METRICS_TOKEN", OURS, "Bearer token with which other machines may read `/metrics`, at least 16 characters. Empty: this machine only, and nobody where `MONITOR_PUBLIC_URL` is of elsewhere.", _token, secret=True),
    Setting("MONITOR_BCRYPT_COST", OURS, "Cost of password hashes.", _number(4, 16), "12"),
    Setting("MONITOR_OWNER_PASSWORD_FILE", OURS, "File with the first owner's password, for a first start without a terminal.", _text),
    Setting("MONITOR_JOB_TYPES", OURS, "Job types as JSON: id, label, functions. Functions not named here appear under their own name.", _job_types, DEFAULT_JOB_TYPES, default_text="PDF generation, Batch statements"),
    Setting("MONITOR_DOCUMENT_FIELDS", OURS, "Comma-separated fields of an event's data that name what a job is about, e.g. `statementId`: jobs of the same document are shown together.", _names, default_text="every single id"),
    Setting("MONITOR_HISTORY_DAYS", OURS, "Days of runs fetched on the first fill.", _number(1, 90), "7"),
    Setting("MONITOR_COLLECT", OURS, "1: `serve` also reads, checks and keeps history while nobody looks. 0: `collect` does, or nobody.", _flag, "1"),
    Setting("MONITOR_SYNC_SECONDS", OURS, "Seconds between two readings from Inngest while nobody looks.", _number(5, 3600), "15"),
    Setting("MONITOR_CHECK_SECONDS", OURS, "Seconds between two checks of a service while nobody looks.", _number(10, 86_400), "30"),
    *(
        Setting(f"MONITOR_CHECK_{name}_SECONDS", OURS, f"The same for {label} alone; 0: never by itself{why}.", _every, default_text="that of `MONITOR_CHECK_SECONDS`")
        for name, label, why in (
            ("DATABASE", "the ERP's database", ", so that a database that sleeps when idle may sleep"),
            ("CLERK", "Clerk", ""), ("S3", "S3", ""), ("RESEND", "Resend", ""), ("INNGEST", "Inngest", ""),
        )
    ),
    Setting("MONITOR_INCIDENT_BAD", OURS, "So many bad checks in a row open an incident.", _number(1, 20), "2"),
    Setting("MONITOR_INCIDENT_GOOD", OURS, "So many good checks in a row close it.", _number(1, 20), "2"),
    Setting("MONITOR_HEALTH_DAYS", OURS, "Days for which each result of a check is kept.", _number(2, 90), "8"),
    Setting("MONITOR_HEALTH_QUARTER_DAYS", OURS, "Days for which the quarters of an hour made of them are kept.", _number(8, 800), "100"),
    Setting("MONITOR_HEALTH_DAY_DAYS", OURS, "Days for which the days made of them are kept.", _number(100, 10_000), "1000"),
    Setting("MONITOR_MAIL_FROM", OURS, "Sender of alert mails, of a domain that Resend knows as yours, e.g. `Salina Monitor <alerts@example.com>`. Empty: no mail.", _sender),
    Setting("MONITOR_WEBHOOK_URL", OURS, "Where alerts are posted as JSON, e.g. a chat tool; https, or http to this machine. Empty: nowhere.", _webhook, secret=True),
    Setting("MONITOR_WEBHOOK_SECRET", OURS, "Signs what is posted there, at least 16 characters. Empty: unsigned.", _webhook_secret, secret=True),
    Setting("MONITOR_ALERT_REMIND_HOURS", OURS, "Hours after which an alert that is still open is told again, once; then once a day. 0: never.", _number(0, 168), "4"),
    Setting("MONITOR_ALERT_QUEUED_MINUTES", OURS, "Minutes after which a job that waits for its turn is an alert, whatever is usual. 0: never.", _number(0, 10_080), "60"),
    Setting("MONITOR_RUN_DAYS", OURS, "Days for which ended jobs and their counts are kept; never less than `MONITOR_HISTORY_DAYS` and two days.", _number(35, 3650), "400"),
    Setting("MONITOR_TEXT_DAYS", OURS, "Days for which their error texts, words for search and documents are kept; name of the error and numbers stay.", _number(8, 3650), "180"),
    Setting("MONITOR_LETTER_DAYS", OURS, "Days for which letters about alerts are kept once they were sent or given up.", _number(7, 3650), "30"),
    Setting("MONITOR_RECORD_DAYS", OURS, "Days for which closed incidents and alerts, past maintenance, actions on jobs and replaced decisions about causes are kept.", _number(90, 3650), "730"),
    Setting("MONITOR_SANDBOX", OURS, "1: commands talk to the sandbox of the data folder.", _flag, "0"),
)  # fmt: skip
_BY_NAME = {s.name: s for s in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """All settings, parsed. Attributes are the environment names in lower case.

    A setting that is unset and has no default is "" (numbers: None). `problems` lists what could not
    be used; `problem(name)` finds one. Secrets never appear in `repr`.
    """

    values: Mapping[str, Any] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    sandbox: bool = False
    unusable_secrets: tuple[str, ...] = field(default=(), repr=False)
    """What stands in secret settings that cannot be used: still nobody's to read."""

    @classmethod
    def load(cls, env: Mapping[str, str], *, sandbox: bool = False) -> Settings:
        """Parse `env`. Surrounding blanks are dropped; nothing raises (see `problems`)."""
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        unusable: list[str] = []
        for setting in SETTINGS:
            raw = env.get(setting.name, "").strip()
            if setting.name == "MONITOR_PORT" and not raw:
                raw = env.get("PORT", "").strip()
            value, problem = _parse(setting, raw)
            values[setting.attribute] = value
            if problem:
                problems.append(problem)
                unusable += [raw] if setting.secret else []
        return cls(values, tuple(problems), sandbox, tuple(unusable))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def check_seconds(self, service: str) -> int:
        """Seconds between two checks of a service (its value, e.g. `s3`) while nobody looks; 0: never."""
        own = self.values[f"monitor_check_{service}_seconds"]
        return int(self.monitor_check_seconds if own is None else own)

    def problem(self, *names: str) -> Problem | None:
        """The first problem among the named settings."""
        return next((p for p in self.problems if p.name in names), None)

    @property
    def port(self) -> int:
        return int(self.monitor_port or 8501)

    @property
    def data_dir(self) -> Path:
        return Path(self.monitor_data_dir).expanduser().absolute()

    @property
    def inngest_is_cloud(self) -> bool:
        host = urlsplit(self.inngest_api_url).hostname or ""
        return host == "inngest.com" or host.endswith(".inngest.com")

    @property
    def inngest_requests_per_second(self) -> float:
        return float(self.inngest_rate or (5.0 if self.inngest_is_cloud else 50.0))

    @property
    def cookie_secure(self) -> bool:
        return bool(self.monitor_public_url.startswith("https://"))

    @property
    def job_types(self) -> tuple[JobType, ...]:
        types: tuple[JobType, ...] = self.monitor_job_types
        return types

    def secrets(self) -> tuple[str, ...]:
        """Every configured secret and the passwords inside addresses, longest first, for redaction."""
        found: set[str] = set(self.unusable_secrets)
        for setting in SETTINGS:
            value = self.values.get(setting.attribute)
            if setting.secret and isinstance(value, str) and value:
                found.add(value)
                if setting.parse is _dsn:
                    found.update(filter(None, dsn_passwords(value)))
                if setting.parse is _webhook:
                    parts = urlsplit(value)
                    found.update(part for part in (*parts.path.split("/"), parts.query) if len(part) >= 12)
        return tuple(sorted((s for s in found if len(s) >= 4), key=len, reverse=True))


def _parse(setting: Setting, raw: str) -> tuple[Any, Problem | None]:
    fallback = setting.parse(setting.default) if setting.default else _empty(setting)
    if not raw:
        return fallback, None
    try:
        return setting.parse(raw), None
    except SettingError as error:
        return fallback, Problem(setting.name, "bad_setting", f"{setting.name} {error}.")


def _empty(setting: Setting) -> Any:
    if setting.parse is _names:
        return ()
    return None if setting.name in ("INNGEST_RATE", "MONITOR_PORT") or setting.parse is _every else ""


def setting(name: str) -> Setting:
    """The definition of one setting by its environment name."""
    return _BY_NAME[name]
