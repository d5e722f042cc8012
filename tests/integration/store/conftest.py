"""What tests of the store share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.server_user import ServerUser

NOBODY = 65534


@pytest.fixture
def user_of() -> Iterator[Callable[..., ServerUser]]:
    """`user_of(folder, uid=None)` → another process that uses the folder's server; ended after the test."""
    made: list[ServerUser] = []

    def make(folder: Path, uid: int | None = None) -> ServerUser:
        made.append(ServerUser(folder, uid))
        return made[-1]

    yield make
    for user in made:
        user.close()


@pytest.fixture
def as_root() -> None:
    """Root is needed to become another user; elsewhere the test is skipped, in CI it fails."""
    if os.geteuid() != 0 and os.environ.get("CI") == "true":
        pytest.fail("these tests need root: run CI in a container as root")
    if os.geteuid() != 0:
        pytest.skip("needs root: run the tests in a container as root to include it")
