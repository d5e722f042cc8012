"""What the panel on the page uses to break and heal the played services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from salina_monitor.models import Service
from salina_monitor.sandbox.faults import Fault

_TIMEOUT_S = 2.0


class SandboxUnreachable(Exception):
    """The sandbox's services do not answer; the text says what to do."""


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail that the played Resend took."""

    id: str
    at: datetime
    to: tuple[str, ...]
    subject: str
    text: str


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

    def mails(self) -> tuple[TakenMail, ...]:
        """What the played Resend took last, the newest first."""
        found = self._json("GET", "/mails")
        return tuple(
            TakenMail(m["id"], datetime.fromisoformat(m["at"]), tuple(m["to"]), m["subject"], m["text"]) for m in found
        )

    def _ask(self, method: str, path: str, body: str = "") -> dict[Service, str]:
        state = self._json(method, path, body)
        return {service: str(state[service.value]) for service in Service}

    def _json(self, method: str, path: str, body: str = "") -> Any:
        try:
            # trust_env off: a proxy of the real environment has no business between two halves of the sandbox.
            with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
                answer = client.request(method, self._base_url + path, content=body)
                answer.raise_for_status()
                return answer.json()
        except (httpx.HTTPError, ValueError):
            raise SandboxUnreachable(
                "The sandbox's services do not answer. Start it again: python -m salina_monitor sandbox"
            ) from None
