"""Launcher only: `uvicorn streamlit_app:app`, `streamlit run streamlit_app.py`, and what `serve` runs.

The script itself is salina_monitor/web.py. Were it here, Streamlit would serve the folder pages/ beside it
to anybody until some session had signed in.
"""

import streamlit as st

from salina_monitor import server
from salina_monitor.ui import streamlit_options

settings = server.prepare()
streamlit_options.apply(settings, server.ROOT / ".streamlit" / "config.toml")
app = st.App(
    server.SCRIPT,
    routes=server.routes(),
    middleware=server.middleware(settings),
    lifespan=server.lifespan,
)
