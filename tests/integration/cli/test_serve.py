"""`serve` and `sandbox`: a sentence when they cannot work, and nothing left behind when they end."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.e2e.processes import free_port
from tests.integration.cli.command import Sandbox, Shell
from tests.support.fault_server import refused_port
from tests.support.waiting import wait_until

SIGTERM_EXIT = 143


def test_a_port_in_use_is_said(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shell("serve", MONITOR_PORT=str(port))
    assert done.code == 1
    assert f"Error: Port {port} on 127.0.0.1 is in use" in done.err
    assert "MONITOR_PORT" in done.err


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"MONITOR_PORT": "banana"}, "MONITOR_PORT is not a number"),
        ({"MONITOR_PORT": "0"}, "MONITOR_PORT is out of bounds"),
        ({"MONITOR_PORT": "", "PORT": "99999"}, "MONITOR_PORT is out of bounds"),
        ({"MONITOR_HOST": "192.0.2.1", "MONITOR_ALLOW_HTTP": "1"}, "set MONITOR_HOST"),
        ({"MONITOR_HOST": "0.0.0.0"}, "set MONITOR_PUBLIC_URL to its https address"),
        ({"MONITOR_PUBLIC_URL": "https://m.example", "MONITOR_SESSION_KEY": "canary" * 6}, "sessions could be forged"),
        ({"MONITOR_HOST": "no such host"}, "MONITOR_HOST contains blanks"),
        ({"MONITOR_DATABASE_URL": "postgresql://u:canary@[::/x"}, "MONITOR_DATABASE_URL is not a PostgreSQL address"),
        ({"MONITOR_SESSION_KEY": "canary"}, "MONITOR_SESSION_KEY is too short"),
        ({"MONITOR_SANDBOX": "1"}, "serve is for the real ERP"),
        (
            {"MONITOR_DATABASE_URL": "postgresql://u:canary@h/erp", "DATABASE_URL": "postgresql://v:canary@h/erp"},
            "The monitor must not share the database",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_can_never_work_ends_with_a_sentence(shell: Shell, env: dict[str, str], sentence: str) -> None:
    done = shell("serve", **{"MONITOR_PORT": str(free_port())} | env)
    assert done.code not in (0, SIGTERM_EXIT)
    assert sentence in done.err
    assert "canary" not in done.said


@pytest.mark.parametrize("command", [("serve",), ("sandbox",), ("--sandbox", "jobs"), ("jobs",), ("users", "list")])
def test_a_data_folder_that_is_a_file_is_said(shell: Shell, command: tuple[str, ...]) -> None:
    (shell.folder / "data").write_text("")
    done = shell(*command, MONITOR_PORT=str(free_port()))
    assert done.code == 1
    assert f"{shell.folder / 'data'}" in done.err
    assert "MONITOR_DATA_DIR" in done.err


def test_a_data_folder_that_cannot_be_written_is_said(shell: Shell) -> None:
    done = shell("serve", MONITOR_PORT=str(free_port()), MONITOR_DATA_DIR="/proc/no-place-for-data")
    assert done.code == 1
    assert "Error: /proc/no-place-for-data cannot be used" in done.err


def test_a_second_sandbox_in_the_same_folder_is_told(sandbox: Sandbox) -> None:
    done = sandbox.shell("sandbox", MONITOR_PORT=str(free_port()))
    assert done.code == 1
    assert "A sandbox is already running" in done.err
    assert sandbox("doctor", "--json").code == 0


def test_keys_with_blanks_do_not_keep_it_from_serving(shell: Shell) -> None:
    """The page must come up and say so: one bad key must not blind it to the four other services."""
    port = free_port()
    env = {"INNGEST_SIGNING_KEY": "signkey-can ary", "CLERK_SECRET_KEY": "sk_can ary", "MONITOR_PORT": str(port)}
    with shell.running("serve", **env) as process:
        process.wait_until_healthy(port)
        assert process.terminate() == 0
        assert "Traceback" not in process.log()
        assert "can ary" not in process.log()


def test_a_store_that_is_away_does_not_keep_it_from_serving(shell: Shell) -> None:
    port = free_port()
    away = f"postgresql://u:canary@127.0.0.1:{refused_port()}/x"
    with shell.running("serve", MONITOR_PORT=str(port), MONITOR_DATABASE_URL=away) as process:
        process.wait_until_healthy(port, "/healthz")
        assert "The server starts all the same and tries again." in process.log()
        assert process.terminate() == 0
        assert "canary" not in process.log()


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_sigterm_ends_all_that_was_started(shell: Shell, command: str) -> None:
    port = free_port()
    with shell.running(command, MONITOR_PORT=str(port)) as process:
        process.wait_until_healthy(port)
        assert any("postgres" in line for line in process.others())
        assert process.terminate() == 0
        assert process.others() == []
    with socket.create_server(("127.0.0.1", port)):
        pass  # the port is free again


@pytest.mark.parametrize("command", ["serve", "sandbox"])
@pytest.mark.parametrize(
    "moment",
    [
        lambda lines: any("initdb" in line for line in lines),
        lambda lines: any("/postgres " in line and "initdb" not in line for line in lines),
    ],
    ids=["while the database is made", "while the database starts"],
)
def test_sigterm_in_the_middle_of_a_first_start_leaves_nothing(
    shell: Shell, command: str, moment: Callable[[list[str]], bool]
) -> None:
    with shell.running(command, MONITOR_PORT=str(free_port())) as process:
        process.wait_for(lambda: moment(process.others()))
        process.terminate()
        # The sandbox's services see their parent's end and follow.
        wait_until(lambda: not process.others(), 15)


def test_the_sandbox_can_be_started_again_in_its_folder(shell: Shell) -> None:
    for _ in range(2):
        port = free_port()
        with shell.running("sandbox", MONITOR_PORT=str(port)) as process:
            process.wait_until_healthy(port)
            assert "password: sandbox" in process.log()
            assert process.terminate() == 0
