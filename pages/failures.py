"""`/admin/failures`: what fails for the same cause, whom it hits, what was decided about it."""

from salina_monitor import monitor as monitors
from salina_monitor.ui import failures_page, live
from salina_monitor.ui.session import require_viewer

user = require_viewer()
live.leave()
failures_page.render(monitors.get(), user)
