"""What the checks found over time: results kept, uptime of any part, incidents."""

from salina_monitor.health.history import HealthHistory, reach_s
from salina_monitor.health.incidents import NETWORK, Watched, advance
from salina_monitor.health.lease import STANDS_STILL, CollectorState, Lease, LeaseGone, read_collector
from salina_monitor.health.maintenance import JOBS, SCOPES, Window, WindowRefused, get_windows, under_maintenance
from salina_monitor.health.uptime import (
    Incident,
    Part,
    Uptime,
    count_incidents,
    get_incidents,
    get_uptime,
    newest_results,
)

__all__ = [
    "JOBS",
    "NETWORK",
    "SCOPES",
    "STANDS_STILL",
    "CollectorState",
    "HealthHistory",
    "Incident",
    "Lease",
    "LeaseGone",
    "Part",
    "Uptime",
    "Watched",
    "Window",
    "WindowRefused",
    "advance",
    "count_incidents",
    "get_incidents",
    "get_uptime",
    "get_windows",
    "newest_results",
    "reach_s",
    "read_collector",
    "under_maintenance",
]
