"""Where commands take their settings from, and that no secret among them comes out again."""

from __future__ import annotations

import json

import pytest

from salina_monitor.settings import SETTINGS, Settings
from tests.integration.cli.command import Sandbox, Shell
from tests.support.fault_server import refused_port

CANARY = "canary7Xq"


def problems(shell: Shell, *options: str, **env: str) -> dict[str, str]:
    """What `doctor` finds wrong with the settings: it tells where a value came from."""
    said = shell(*options, "doctor", "--json", **env).json
    return {problem["setting"]: problem["message"] for problem in said["problems"]}


def test_an_env_file_gives_settings(shell: Shell) -> None:
    (shell.folder / "erp.env").write_text('# the ERP\nexport MONITOR_PORT="nine"\nINNGEST_RATE=fast # why not\nEMPTY\n')
    assert set(problems(shell, "--env-file", "erp.env")) == {"MONITOR_PORT", "INNGEST_RATE"}


def test_the_environment_wins_over_the_file(shell: Shell) -> None:
    (shell.folder / "erp.env").write_text("MONITOR_PORT=nine\nINNGEST_RATE=fast\n")
    assert set(problems(shell, "--env-file", "erp.env", MONITOR_PORT="8600")) == {"INNGEST_RATE"}


def test_dollar_signs_and_byte_order_marks_are_taken_as_people_mean_them(shell: Shell) -> None:
    (shell.folder / "erp.env").write_bytes(b"\xef\xbb\xbfCLERK_SECRET_KEY=pk_$HOME\nMONITOR_PORT=$PORT\n")
    found = problems(shell, "--env-file", "erp.env", PORT="8600")
    assert set(found) == {"CLERK_SECRET_KEY", "MONITOR_PORT"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist"),
        (b"KEY=\xff\xfe\n", "erp.env is not a text file in UTF-8."),
        (b"INNGEST_API_KEY=a\0b\n", "INNGEST_API_KEY holds a character that no setting can have"),
    ],
)
def test_a_file_that_cannot_be_used_is_said(shell: Shell, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (shell.folder / "erp.env").write_bytes(content)
    done = shell("--env-file", "erp.env", "doctor")
    assert done.code != 0
    assert sentence in done.err
    assert shell("--env-file", ".", "doctor").code == 2


def test_the_variable_does_what_the_option_does(sandbox: Sandbox) -> None:
    by_option, by_variable = sandbox("doctor", "--json"), sandbox.shell("doctor", "--json", MONITOR_SANDBOX="1")
    assert (by_option.code, by_variable.code) == (0, 0)
    (sandbox.shell.folder / "sandbox.env").write_text("MONITOR_SANDBOX=1\n")
    assert sandbox.shell("--env-file", "sandbox.env", "summary", "--json").json["active"] is not None


def test_the_sandbox_hears_nothing_of_the_real_settings(sandbox: Sandbox) -> None:
    real = {s.name: f"{CANARY} {CANARY}" for s in SETTINGS if not s.name.startswith("MONITOR_")}
    real |= {"MONITOR_DATABASE_URL": CANARY, "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    assert sandbox("doctor", "--json", **real).code == 0
    assert sandbox("sync", **real).code == 0


def test_without_a_sandbox_its_commands_say_that_it_does_not_run(shell: Shell) -> None:
    done = shell("--sandbox", "doctor", "--json")
    assert (done.code, done.json["overall"]) == (2, "unhealthy")
    assert {check["code"] for check in done.json["checks"]} == {"refused"}


def test_users_are_those_of_the_sandbox(sandbox: Sandbox) -> None:
    rows = sandbox("users", "list", "--json").json
    assert [(row["name"], row["role"]) for row in rows] == [
        (name, name) for name in ("admin", "author", "editor", "finance", "owner")
    ]
    refused = sandbox("users", "add", "eve", "--role", "king", "--password-stdin", stdin="a-long-enough-one")
    assert (refused.code, "'king' is not one of" in refused.err) == (2, True)
    assert sandbox("users", "role", "owner", "admin").code == 1  # the last owner


@pytest.mark.parametrize("broken", [False, True], ids=["usable", "unusable"])
def test_no_secret_comes_out_of_any_command(shell: Shell, broken: bool) -> None:
    nowhere = f"http://127.0.0.1:{refused_port()}"
    env = {s.name: f"{CANARY}{number:02}" for number, s in enumerate(SETTINGS) if s.secret}
    env |= {s.name: nowhere for s in SETTINGS if s.name.endswith(("_API_URL", "_URL_S3"))}
    env |= {name: f"postgresql://u:{CANARY}%2F@127.0.0.1:1/{name}" for name in ("DATABASE_URL", "MONITOR_DATABASE_URL")}
    env |= {"AWS_REGION": "eu-central-1", "AWS_S3_BUCKET": "statements", "MONITOR_SESSION_KEY": CANARY * 5}
    if broken:
        env = {
            name: f"{value} {CANARY}\t" if CANARY in value else f"http://u:{CANARY}@h" for name, value in env.items()
        }
    (shell.folder / "erp.env").write_text("".join(f"{name}={json.dumps(value)}\n" for name, value in env.items()))
    secrets = Settings.load(env).secrets()
    assert broken or len(secrets) >= sum(s.secret for s in SETTINGS)
    for command in (
        ("doctor",), ("doctor", "--json"), ("sync",), ("sync", "--verify"), ("summary", "--json"), ("jobs",),
        ("job", "01M84RCYDTFRS5K3RNVT5QH14J"), ("users", "list"), ("--version",), ("serve", "--help"),
    ):  # fmt: skip
        said = shell("--env-file", "erp.env", *command).said
        assert said
        assert CANARY not in said, command
