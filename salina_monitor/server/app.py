"""What `streamlit_app.py` hands to Streamlit: script path, routes, middleware, lifespan."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.middleware import Middleware

from salina_monitor import monitor, runtime, sockets
from salina_monitor.accounts import AccountError
from salina_monitor.accounts.first_owner import ensure_owner, ensure_sandbox_users, refuse_sandbox_users
from salina_monitor.actions import written
from salina_monitor.alerts import subscribe_sandbox_owner
from salina_monitor.background import CLOSE_S
from salina_monitor.collector import collect
from salina_monitor.navigation import BASE, paths
from salina_monitor.redact import install_log_redaction
from salina_monitor.server.assets import CompressedAssets
from salina_monitor.server.gate import Gate
from salina_monitor.server.headers import SecurityHeaders, content_policy, streamlit_static
from salina_monitor.server.media import MediaGuard
from salina_monitor.server.routes import PATHS, routes
from salina_monitor.server.shell import Shell, page_html
from salina_monitor.server.socket_guard import SocketGuard
from salina_monitor.server.warm import warm_up
from salina_monitor.settings import Settings
from salina_monitor.store import StoreError

__all__ = ["BASE", "ROOT", "SCRIPT", "lifespan", "middleware", "prepare", "routes"]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "salina_monitor" / "web.py"


def prepare() -> Settings:
    """The settings of this process; under a bare ASGI server, where nobody named any, those of the environment."""
    if not runtime.is_configured():
        settings = Settings.load(os.environ)
        runtime.configure(settings, on_open=lambda services: first_start(services, sys.stdout.isatty(), _say))
    return runtime.settings()


def first_start(services: runtime.Runtime, terminal: bool, say: Callable[[str], None]) -> None:
    """Make sure that somebody can sign in, and nobody with a password that everybody knows. Raises SandboxUsers."""
    if services.settings.sandbox:
        ensure_sandbox_users(services.accounts.users)
        subscribe_sandbox_owner(services.store, services.started_at)
    else:
        refuse_sandbox_users(services.accounts.users)
        ensure_owner(services.accounts.users, services.settings, terminal=terminal, say=say)


def middleware(settings: Settings) -> list[Middleware]:
    """Outermost first: headers go on everything, the gate's refusals included."""
    static = streamlit_static()
    html = page_html(static, BASE)
    return [
        Middleware(SecurityHeaders, policy=content_policy(html), kept=f"{BASE}/static/", tls=settings.cookie_secure),
        Middleware(Gate, base=BASE, pages=paths(), own=PATHS, origins=(settings.monitor_public_url,)),
        Middleware(SocketGuard, sockets=sockets.of_process()),
        Middleware(MediaGuard, base=BASE),
        Middleware(Shell, html=html, addresses=(BASE, *(f"{BASE}/{path}" for path in paths()))),
        Middleware(CompressedAssets, directory=static / "static", prefix=f"{BASE}/static"),
    ]


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
    """Open the store before the first request, close it (and an embedded server) after the last.

    A store that cannot be opened does not keep the server from starting: the page says so and retries.
    """
    install_log_redaction(runtime.settings())
    await to_thread.run_sync(_open)
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    stopping = threading.Event()
    collecting = threading.Thread(target=collect, args=(stopping,), name="collector", daemon=True)
    if runtime.settings().monitor_collect:
        collecting.start()
    try:
        yield {}
    finally:
        stopping.set()
        if collecting.is_alive():
            await to_thread.run_sync(collecting.join, CLOSE_S)
        await to_thread.run_sync(written.finish)
        await to_thread.run_sync(runtime.close)


def _open() -> None:
    try:
        # The first reading begins now, so that whoever opens the page finds something to see.
        monitor.get().mirror.request()
    except (StoreError, AccountError):
        return  # logged where it was raised; whoever opens the page is told


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
