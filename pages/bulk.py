"""`/admin/bulk?what=rerun&…` what would be done with a list of jobs; `/admin/bulk?id=…` how it goes."""

from salina_monitor import monitor as monitors
from salina_monitor.ui import bulk_page, live
from salina_monitor.ui.session import require_viewer

user = require_viewer()
live.leave()
bulk_page.render(monitors.get(), user)
