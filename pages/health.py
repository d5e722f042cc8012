"""`/admin/health`: the five services over time, their incidents, and whether anybody watched."""

from salina_monitor import monitor as monitors
from salina_monitor.ui import health_page, live
from salina_monitor.ui.session import require_viewer

user = require_viewer()
live.leave()
health_page.render(monitors.get(), user)
