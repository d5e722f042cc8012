"""Keeps the store equal to Inngest (see docs/mirror.md)."""

from salina_monitor.mirror.state import STALE_AFTER, MirrorState, SyncProblem, read_state
from salina_monitor.mirror.sync import LeaseLost
from salina_monitor.mirror.traces import spans
from salina_monitor.mirror.verify import Divergence, Verification, verify
from salina_monitor.mirror.worker import Mirror

__all__ = [
    "STALE_AFTER",
    "Divergence",
    "LeaseLost",
    "Mirror",
    "MirrorState",
    "SyncProblem",
    "Verification",
    "read_state",
    "spans",
    "verify",
]
