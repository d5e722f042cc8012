"""One running sandbox for all tests of the command line, and a shell in a folder of one's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.processes import free_port
from tests.integration.cli.command import Sandbox, Shell
from tests.support.folders import open_folder


@pytest.fixture(scope="session")
def played() -> Iterator[Sandbox]:
    """Started once; use `sandbox`, which heals it first. Nobody reads meanwhile but the commands that are tried."""
    with open_folder("salina-cli-") as folder:
        port, shell = free_port(), Shell(folder)
        with shell.running("sandbox", MONITOR_PORT=str(port), MONITOR_COLLECT="0") as process:
            process.wait_until_healthy(port)
            sandbox = Sandbox(shell, port)
            assert sandbox("sync").code == 0
            yield sandbox


@pytest.fixture
def sandbox(played: Sandbox) -> Sandbox:
    played.control.heal_all()
    return played


@pytest.fixture
def shell() -> Iterator[Shell]:
    with open_folder("salina-cli-") as folder:
        yield Shell(folder)
