"""The sandbox is sealed: of the real environment three things count."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from salina_monitor.sandbox.environment import (
    HONOURED,
    control_url,
    environment,
    read_services,
    sandbox_settings,
    seal,
    write_services,
)
from salina_monitor.sandbox.faults import SERVICES
from salina_monitor.sandbox.services import child_environment
from salina_monitor.settings import SETTINGS, Settings

PORTS = dict(zip(SERVICES, range(40_001, 40_006), strict=True))
CANARY = "http://canary.invalid"


def real_environment(tmp_path: Path) -> dict[str, str]:
    """Every setting of the product, each leading to a canary."""
    env = {setting.name: CANARY for setting in SETTINGS}
    env["DATABASE_URL"] = env["MONITOR_DATABASE_URL"] = "postgresql://u:p@canary.invalid/db"
    return env | {"MONITOR_DATA_DIR": str(tmp_path), "MONITOR_HOST": "127.0.0.9", "MONITOR_PORT": "8599"}


@pytest.mark.parametrize("running", [True, False])
def test_it_ignores_every_real_variable_but_folder_host_and_port(tmp_path: Path, running: bool) -> None:
    if running:
        write_services(tmp_path / "sandbox", environment(PORTS, "pw"), "http://127.0.0.1:1/t")
    settings = sandbox_settings(real_environment(tmp_path))
    assert "canary" not in repr(dict(settings.values))
    assert settings.monitor_database_url == ""
    assert (settings.data_dir, settings.monitor_host, settings.port) == (tmp_path / "sandbox", "127.0.0.9", 8599)
    assert settings.sandbox


def test_its_settings_have_no_problems_and_name_every_service_on_loopback(tmp_path: Path) -> None:
    for settings in (
        Settings.load(environment(PORTS, "pw"), sandbox=True),
        sandbox_settings({"MONITOR_DATA_DIR": str(tmp_path)}),
    ):
        assert settings.problems == ()
        for address in (
            settings.database_url, settings.clerk_api_url, settings.aws_endpoint_url_s3, settings.resend_api_url,
            settings.inngest_api_url,
        ):  # fmt: skip
            assert "127.0.0.1:" in address
        assert settings.inngest_signing_key
        assert settings.clerk_secret_key
        assert settings.resend_api_key


def test_another_process_finds_the_running_services(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    write_services(folder, environment(PORTS, "pw"), "http://127.0.0.1:1/token")
    assert stat.S_IMODE((folder / "services.json").stat().st_mode) == 0o600
    env = {"MONITOR_DATA_DIR": str(tmp_path)}
    assert sandbox_settings(env).inngest_api_url == f"http://127.0.0.1:{PORTS['inngest']}"
    assert control_url(env) == "http://127.0.0.1:1/token"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", json.dumps({"env": 3, "control_url": ""})])
def test_a_broken_services_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "services.json").write_text(text)
    assert read_services(tmp_path) is None


def test_sealing_removes_what_libraries_read_on_their_own() -> None:
    environ = {
        "HTTPS_PROXY": CANARY, "http_proxy": CANARY, "ALL_PROXY": CANARY, "AWS_PROFILE": "prod", "PGHOST": "db",
        "AWS_ENDPOINT_URL": CANARY, "INNGEST_DEV": "1", "PATH": "/bin", "MONITOR_PORT": "1", "MONITOR_DATA_DIR": "d",
        "MONITOR_DATABASE_URL": CANARY, "MONITOR_PUBLIC_URL": CANARY, "DATABASE_URL": CANARY,
    }  # fmt: skip
    seal(environ)
    assert "canary" not in repr(environ)
    assert {name for name in environ if not name.startswith(("AWS_", "NO_PROXY"))} == {
        "PATH", "MONITOR_PORT", "MONITOR_DATA_DIR",
    }  # fmt: skip
    assert "AWS_PROFILE" not in environ


def test_the_process_that_plays_them_knows_nothing_of_the_real_environment(tmp_path: Path) -> None:
    known = child_environment(real_environment(tmp_path) | {"PATH": "/bin", "HTTPS_PROXY": CANARY, "PGHOST": "db"})
    assert set(known) == {"PATH", "PYTHONPATH"}


def test_it_honours_no_more_than_it_says() -> None:
    pace = {"MONITOR_COLLECT", "MONITOR_CHECK_SECONDS", "MONITOR_SYNC_SECONDS"}
    assert set(HONOURED) == {"MONITOR_DATA_DIR", "MONITOR_HOST", "MONITOR_PORT", "PORT"} | pace
