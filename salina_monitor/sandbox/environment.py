"""The sandbox's own environment: where its services are, kept in `<data folder>/sandbox/services.json` (0600).

Of the real environment three things count: data folder, host and port. Everything else is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from salina_monitor.settings import SETTINGS, Settings
from salina_monitor.store.files import make_folder, read_text, write_private

FOLDER = "sandbox"
SERVICES_FILE = "services.json"
HONOURED = (
    "MONITOR_DATA_DIR", "MONITOR_HOST", "MONITOR_PORT", "PORT", "MONITOR_COLLECT", "MONITOR_CHECK_SECONDS",
    "MONITOR_SYNC_SECONDS",
)  # fmt: skip

CLERK_KEY = "sk_test_c2FuZGJveA5hbGluYW1vbml0b3I"
RESEND_KEY = "re_sandbox_4fYqT2wL9xKpZ7mN"
SIGNING_KEY = "signkey-prod-5a6e64626f785a6e64626f785a6e64626f785a6e64626f785a6e64626f78"
ACCESS_KEY, SECRET_KEY = "AKIASANDBOX000000000", "sandbox/secret/key/of/no/worth/0000000000"  # noqa: S105
BUCKET, REGION = "salina-statements", "eu-central-1"
_NOWHERE = 1  # a port nobody listens on: a sandbox that never ran is unreachable, not misconfigured


def sandbox_folder(data_dir: Path) -> Path:
    """The sandbox's own data folder inside the real one."""
    return data_dir / FOLDER


def environment(ports: Mapping[str, int], database_password: str, database_user: str = "monitor") -> dict[str, str]:
    """The complete environment of the played ERP, its services on these loopback ports."""
    url = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
    erp = f"{database_user}:{database_password}@127.0.0.1:{ports['database']}/erp"
    return {
        "DATABASE_URL": f"postgresql://{erp}?schema=public",
        "CLERK_SECRET_KEY": CLERK_KEY,
        "CLERK_API_URL": f"{url['clerk']}/v1",
        "AWS_REGION": REGION,
        "AWS_S3_BUCKET": BUCKET,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_ENDPOINT_URL_S3": url["s3"],
        "RESEND_API_KEY": RESEND_KEY,
        "RESEND_API_URL": url["resend"],
        "MONITOR_MAIL_FROM": "Salina Monitor <monitor@statements.northwind-press.example>",
        "INNGEST_SIGNING_KEY": SIGNING_KEY,
        "INNGEST_API_URL": url["inngest"],
        "INNGEST_APP_ID": "salina-erp",
    }


def write_services(folder: Path, env: Mapping[str, str], control_url: str) -> None:
    """Tell other processes where the services are. Raises `EmbeddedServerError` when the folder cannot be written."""
    make_folder(folder)
    write_private(folder / SERVICES_FILE, json.dumps({"env": dict(env), "control_url": control_url}, indent=1))


def read_services(folder: Path) -> tuple[dict[str, str], str] | None:
    """Environment and control URL of the sandbox that last ran in `folder`; None when none did or the file is bad."""
    try:
        found = json.loads(read_text(folder / SERVICES_FILE) or "null")
        return {str(k): str(v) for k, v in found["env"].items()}, str(found["control_url"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def sandbox_settings(real_env: Mapping[str, str]) -> Settings:
    """Settings of the sandbox of this data folder, running or not; see `HONOURED` for what counts of `real_env`.

    Raises `EmbeddedServerError` in words when the folder may not be read.
    """
    honoured = {name: real_env[name] for name in HONOURED if real_env.get(name)}
    folder = sandbox_folder(Settings.load(honoured).data_dir)
    running = read_services(folder)
    services = dict.fromkeys(("database", "clerk", "s3", "resend", "inngest"), _NOWHERE)
    env = running[0] if running else environment(services, "none")
    own = {"MONITOR_DATA_DIR": str(folder), "MONITOR_SANDBOX": "1"}
    return Settings.load({**env, **honoured, **own}, sandbox=True)


def control_url(real_env: Mapping[str, str]) -> str:
    """Where the panel switches the services of this data folder's sandbox; "" when none ever ran."""
    honoured = {name: real_env[name] for name in HONOURED if real_env.get(name)}
    found = read_services(sandbox_folder(Settings.load(honoured).data_dir))
    return found[1] if found else ""


def seal(environ: MutableMapping[str, str]) -> None:
    """Remove from `environ` (normally `os.environ`) whatever libraries would read on their own behind our settings.

    Proxies, AWS profiles, PG* and every setting of ours but the honoured ones. Call once, before anything connects.
    """
    ours = {setting.name for setting in SETTINGS} - set(HONOURED)
    for name in list(environ):
        upper = name.upper()
        if (
            upper in ours
            or upper.endswith("_PROXY")
            or upper.startswith(("AWS_", "PG", "INNGEST_", "RESEND_", "CLERK_"))
        ):
            del environ[name]
    environ["AWS_CONFIG_FILE"] = environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    environ["AWS_EC2_METADATA_DISABLED"] = "true"
    environ["NO_PROXY"] = "*"  # macOS and Windows keep proxies outside the environment as well
