"""Where links for people lead in the sandbox: one page that says what the real one would show."""

from __future__ import annotations

from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Inngest, played by the sandbox</title>
<body style="font-family: system-ui, sans-serif; max-width: 40em; margin: 4em auto; line-height: 1.5">
<h1>This would be Inngest</h1>
<p>With the real ERP this link opens the run, its event, or the list of runs, on Inngest's own pages. The sandbox
plays only its API. Close this tab to go back.</p></body></html>
"""
PATHS = ("/", "/run", "/runs", "/event")


def pages() -> list[BaseRoute]:
    """Routes of a self-hosted server's pages. They need no key, as on the real one, and show nothing of the data."""
    return [Route(path, lambda _: HTMLResponse(_PAGE, headers={"x-inngest-server-kind": "cloud"})) for path in PATHS]
