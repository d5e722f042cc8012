"""`/admin/job?id=…`: one job, asked of Inngest now."""

from salina_monitor import monitor as monitors
from salina_monitor.ui import job_page, live
from salina_monitor.ui.session import require_viewer

user = require_viewer()
live.leave()
job_page.render(monitors.get(), user)
