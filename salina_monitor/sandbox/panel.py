"""What the panel on the page uses to break and heal the played services."""

from __future__ import annotations

import httpx

from salina_monitor.models import Service
from salina_monitor.sandbox.faults import Fault

_TIMEOUT_S = 2.0


class SandboxUnreachable(Exception):
    """The sandbox's services do not answer; the text says what to do."""


class SandboxControl:
    """Switches of a running sandbox; `base_url` is `SandboxServices.control_url`. Every call may raise
    `SandboxUnreachable`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def state(self) -> dict[Service, str]:
        """The fault of each service, `"ok"` when there is none, in the order services are shown."""
        return self._ask("GET", "/faults")

    def set(self, service: Service, fault: str) -> dict[Service, str]:
        """Break or heal one service (`fault` is a value of `Fault`); gives the new state."""
        return self._ask("PUT", f"/faults/{Service(service).value}", Fault(fault).value)

    def heal_all(self) -> dict[Service, str]:
        """All services are well again; gives the new state."""
        return self._ask("POST", "/heal")

    def _ask(self, method: str, path: str, body: str = "") -> dict[Service, str]:
        try:
            # trust_env off: a proxy of the real environment has no business between two halves of the sandbox.
            with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
                answer = client.request(method, self._base_url + path, content=body)
                answer.raise_for_status()
                state = answer.json()
        except (httpx.HTTPError, ValueError):
            raise SandboxUnreachable(
                "The sandbox's services do not answer. Start it again: python -m salina_monitor sandbox"
            ) from None
        return {service: str(state[service.value]) for service in Service}
