"""The process that serves: ASGI routes, middleware, lifespan, and `serve`. Knows nothing of Streamlit's API."""

from salina_monitor.server.app import BASE, ROOT, SCRIPT, lifespan, middleware, prepare, routes
from salina_monitor.server.serve import ServeError, serve

__all__ = ["BASE", "ROOT", "SCRIPT", "ServeError", "lifespan", "middleware", "prepare", "routes", "serve"]
