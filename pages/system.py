"""`/admin/system`: are the services healthy, what is running, queued, done, failed, why, and what to do."""

import streamlit as st

from salina_monitor import monitor as monitors
from salina_monitor.ui import (
    alert_banner,
    auto_refresh,
    cards,
    filter_row,
    header,
    health_grid,
    jobs,
    live,
    notices,
    sandbox_panel,
    verdict_line,
)
from salina_monitor.ui.session import require_viewer

user = require_viewer()
monitor = monitors.get()
filter_row.read_url(opening=live.is_opening())
tab = live.begin(monitor)
header.render(monitor, tab, user)
with st.container(gap="small"):  # what comes and goes has a place of its own, so that nothing below is built anew
    notices.render(monitor, user)
    alert_banner.render(monitor, user)
verdict_line.render(monitor, tab)
health_grid.render(monitor, tab)
sandbox_panel.render(monitor)
cards.render(monitor, tab)
jobs.render(monitor, tab)
live.ticker(monitor, tab)
auto_refresh.render(monitor, tab)
