"""The process that serves: ASGI routes, middleware, lifespan, and `serve`. Knows nothing of Streamlit's API."""

from salina_monitor.navigation import BASE
from salina_monitor.server.app import ROOT, SCRIPT, lifespan, middleware, prepare, routes
from salina_monitor.server.exposure import is_loopback
from salina_monitor.server.serve import ServeError, serve

__all__ = [
    "BASE",
    "ROOT",
    "SCRIPT",
    "ServeError",
    "is_loopback",
    "lifespan",
    "middleware",
    "prepare",
    "routes",
    "serve",
]
