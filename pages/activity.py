"""`/admin/activity`: who did what; for owners also who may sign in, and who is."""

from salina_monitor.policy import Right
from salina_monitor.ui import activity_page, live
from salina_monitor.ui.session import require_viewer

user = require_viewer(Right.VIEW_ACTIVITY)
live.leave()
activity_page.render(user)
