"""The ERP's five services played on loopback, for a first look and for tests. Shares no code with `inngest/`."""

from salina_monitor.sandbox.environment import control_url, sandbox_folder, sandbox_settings, seal
from salina_monitor.sandbox.faults import Fault
from salina_monitor.sandbox.panel import SandboxControl, SandboxUnreachable, TakenMail
from salina_monitor.sandbox.services import SandboxError, SandboxServices, start_services

__all__ = [
    "Fault",
    "SandboxControl",
    "SandboxError",
    "SandboxServices",
    "SandboxUnreachable",
    "TakenMail",
    "control_url",
    "sandbox_folder",
    "sandbox_settings",
    "seal",
    "start_services",
]
