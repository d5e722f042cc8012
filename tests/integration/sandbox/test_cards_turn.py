"""The panel's promise: break a played service, and the product's own check of it turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from salina_monitor.checks import CheckRunner
from salina_monitor.models import Service
from salina_monitor.sandbox import SandboxControl, start_services
from salina_monitor.sandbox.environment import sandbox_settings
from tests.support.folders import open_folder

CODES = {
    "slow": ("degraded", {"slow"}),
    "silent": ("unhealthy", {"timeout"}),
    "error": ("unhealthy", {"vendor_down", "vendor_error", "starting"}),
    "refused_key": ("unhealthy", {"bad_key", "bad_password", "access_denied"}),
}


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[SandboxControl, CheckRunner]]:
    with open_folder("salina-sandbox-") as folder, start_services(folder) as services:
        yield SandboxControl(services.control_url), CheckRunner(sandbox_settings({"MONITOR_DATA_DIR": str(folder)}))


@pytest.mark.parametrize("fault", CODES)
def test_every_card_turns_and_turns_back(played: tuple[SandboxControl, CheckRunner], fault: str) -> None:
    control, runner = played
    status, codes = CODES[fault]
    for service in Service:
        control.set(service, fault)
    found = {s.value: (r.status.value, r.code) for s, r in runner.run_all().items()}
    assert {s: f for s, f in found.items() if f[0] != status or f[1] not in codes} == {}
    assert set(found) == {s.value for s in Service}
    control.heal_all()
    assert {result.status.value for result in runner.run_all().values()} == {"healthy"}
