"""`doctor`: which services are well, what to fix, and an exit code that a script can trust."""

from __future__ import annotations

import re

import pytest

from salina_monitor.models import Service
from salina_monitor.settings import setting
from tests.integration.cli.command import Sandbox, Shell, keys

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SERVICES = ["database", "clerk", "s3", "resend", "inngest"]


def test_all_healthy_is_exit_code_0(sandbox: Sandbox) -> None:
    done = sandbox("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    said = done.json
    assert said["overall"] == "healthy"
    assert [check["service"] for check in said["checks"]] == SERVICES
    assert {check["status"] for check in said["checks"]} == {"healthy"}
    assert keys(said["checks"]) == {frozenset({"service", "status", "code", "message", "latency_ms", "checked_at"})}
    assert all(type(check["latency_ms"]) is int and check["latency_ms"] >= 0 for check in said["checks"])
    assert all(UTC_TIME.fullmatch(check["checked_at"]) for check in said["checks"])
    assert said["store"] | {"message": ""} == {"kind": "embedded", "status": "healthy", "code": "ok", "message": ""}
    assert said["problems"] == []


@pytest.mark.parametrize(
    ("faults", "overall", "exit_code"),
    [
        ({Service.RESEND: "slow"}, "degraded", 1),
        ({Service.CLERK: "refused_key"}, "unhealthy", 2),
        ({Service.S3: "slow", Service.DATABASE: "error"}, "unhealthy", 2),
    ],
)
def test_the_worst_service_decides(sandbox: Sandbox, faults: dict[Service, str], overall: str, exit_code: int) -> None:
    for service, fault in faults.items():
        sandbox.control.set(service, fault)
    done = sandbox("doctor", "--json")
    assert (done.json["overall"], done.code) == (overall, exit_code)
    sick = {check["service"] for check in done.json["checks"] if check["status"] != "healthy"}
    assert sick == {service.value for service in faults}


def test_a_silent_service_holds_nobody_up(sandbox: Sandbox) -> None:
    sandbox.control.set(Service.CLERK, "silent")
    done = sandbox("doctor", "--json")
    clerk = done.json["checks"][1]
    assert (done.code, clerk["status"], clerk["code"]) == (2, "unhealthy", "timeout")
    assert 4500 <= clerk["latency_ms"] <= 5100
    assert {check["status"] for check in done.json["checks"] if check != clerk} == {"healthy"}


def test_the_words_name_every_service_its_state_and_the_next_step(sandbox: Sandbox) -> None:
    sandbox.control.set(Service.RESEND, "refused_key")
    lines = sandbox("doctor").out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "Database", "Clerk", "S3", "Resend", "Inngest", "Store", "Mail", "Webhook",
    ]  # fmt: skip
    assert "unhealthy" in lines[3]
    assert "RESEND_API_KEY" in lines[3]


def test_without_any_setting_it_names_what_to_set_and_makes_nothing(shell: Shell) -> None:
    done = shell("doctor", "--json")
    assert (done.code, done.json["overall"]) == (1, "not_configured")
    assert [check["status"] for check in done.json["checks"]] == ["not_configured"] * 5
    assert all(check["latency_ms"] is None for check in done.json["checks"])
    for check, name in zip(
        done.json["checks"],
        ("DATABASE_URL", "CLERK_SECRET_KEY", "AWS_S3_BUCKET", "RESEND_API_KEY", "INNGEST_SIGNING_KEY"),
        strict=True,
    ):
        assert setting(name).name in check["message"]
    assert done.json["store"]["status"] == "not_created"
    assert not (shell.folder / "data").exists()


def test_it_says_whether_alerts_can_be_sent(shell: Shell) -> None:
    alerts = shell("doctor", "--json").json["alerts"]
    assert {way: found["status"] for way, found in alerts.items()} == dict.fromkeys(
        ("mail", "webhook"), "not_configured"
    )
    assert alerts["mail"]["message"] == "Set RESEND_API_KEY and MONITOR_MAIL_FROM to send this."
    good = {
        "RESEND_API_KEY": "re_123", "MONITOR_MAIL_FROM": "a@example.com", "MONITOR_WEBHOOK_URL": "https://chat.example/x",
        "RESEND_API_URL": "http://127.0.0.1:1",
    }  # fmt: skip
    alerts = shell("doctor", "--json", **good).json["alerts"]
    assert {found["status"] for found in alerts.values()} == {"ready"}
    assert "no links, for MONITOR_PUBLIC_URL is not set" in alerts["mail"]["message"]
    assert "unsigned, for MONITOR_WEBHOOK_SECRET is not set" in alerts["webhook"]["message"]
    bad = {"MONITOR_MAIL_FROM": "canary", "MONITOR_WEBHOOK_URL": "http://canary.example/x"}
    done = shell("doctor", "--json", **{**good, **bad})
    assert {found["status"] for found in done.json["alerts"].values()} == {"unusable"}
    assert "canary" not in done.said
    assert "http is allowed to this machine only" in done.json["alerts"]["webhook"]["message"]


def test_it_needs_no_store_to_run(shell: Shell) -> None:
    done = shell("doctor", "--json", MONITOR_DATABASE_URL="postgresql://u:p@127.0.0.1:1/monitor")
    assert done.json["store"]["kind"] == "external"
    assert (done.json["store"]["status"], done.json["overall"]) == ("unhealthy", "not_configured")


def test_a_data_folder_that_is_a_file_is_said(shell: Shell) -> None:
    (shell.folder / "data").write_text("")
    store = shell("doctor", "--json").json["store"]
    assert (store["status"], store["code"]) == ("unhealthy", "data_dir_unusable")
    assert "MONITOR_DATA_DIR" in store["message"]


def test_settings_that_cannot_be_used_are_listed_without_their_values(shell: Shell) -> None:
    bad = {
        "RESEND_API_KEY": "re_canary 123",
        "CLERK_SECRET_KEY": "pk_live_canary",
        "DATABASE_URL": "postgresql://u:canary@[::/erp",
        "INNGEST_API_URL": "http://u:canary@inngest.example",
        "MONITOR_PORT": "canary",
    }
    done = shell("doctor", "--json", **bad)
    assert {problem["setting"] for problem in done.json["problems"]} == set(bad)
    assert all(problem["message"].startswith(f"{problem['setting']} ") for problem in done.json["problems"])
    assert "canary" not in done.said
    assert "canary" not in shell("doctor", **bad).said
    assert done.code == 2
