"""`serve`: one process, one worker, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from salina_monitor import runtime
from salina_monitor.accounts import AccountError
from salina_monitor.navigation import HOME
from salina_monitor.server.app import ROOT, first_start
from salina_monitor.server.exposure import exposure
from salina_monitor.settings import Settings
from salina_monitor.store import StoreError, StoreUnavailable

LARGEST_MESSAGE = 256 * 1024
"""Bytes of one message of a browser: a click with the state of every widget takes some 10 kB."""
GRACE_S = 5
"""Open pages get this long to finish; with closing the store it stays well below 15 s in all."""


class ServeError(Exception):
    """The server cannot start; the text is a sentence that says what to do."""


def serve(settings: Settings, *, say: Callable[[str], None], terminal: bool | None = None) -> None:
    """Serve until a signal ends it; then everything this call started has ended, too.

    Raises ServeError when the port is taken or the store can never work with these settings. A store that is
    only unreachable now does not keep it from starting. `say` gets lines for the terminal; `terminal` tells
    whether somebody reads them (default: whether standard output is one).
    """
    refusal = exposure(settings)
    if refusal:
        raise ServeError(refusal)
    reader = sys.stdout.isatty() if terminal is None else terminal
    runtime.configure(settings, on_open=lambda services: first_start(services, reader, say))
    with contextlib.closing(_listen(settings)) as listener:
        try:
            _open_store(say)
            config = _uvicorn_config(settings)
            server = _Server(config)
            say(f"Salina Monitor: {settings.monitor_public_url or _address(settings)}{HOME}")
            server.run(sockets=[listener])
        finally:
            runtime.close()
    if not server.started:
        raise ServeError("The server could not start; the log above says why.")


def _open_store(say: Callable[[str], None]) -> None:
    try:
        runtime.get()
    except StoreUnavailable as error:
        if error.code == "bad_setting":  # time does not heal it
            raise ServeError(error.message) from None
        say(f"{error.message} The server starts all the same and tries again.")
    except StoreError as error:
        raise ServeError(error.message) from None
    except AccountError as error:
        raise ServeError(str(error)) from None


def _listen(settings: Settings) -> socket.socket:
    problem = settings.problem("MONITOR_PORT", "MONITOR_HOST")
    if problem:
        raise ServeError(problem.message)
    host, port = settings.monitor_host, settings.port
    # With the protocol named, the event loop switches Nagle's algorithm off: 40 ms less on every small answer.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)  # here, so that a second server on this port is told at once, not at its first request
        listener.set_inheritable(True)
    except OSError as error:
        listener.close()
        raise ServeError(_why_not(error, host, port)) from None
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use; stop the other program or choose another port with MONITOR_PORT."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be opened by this user; choose one above 1023 with MONITOR_PORT."
    return f"{host} is not an address of this machine; set MONITOR_HOST, e.g. to 127.0.0.1."


def _address(settings: Settings) -> str:
    host = f"[{settings.monitor_host}]" if ":" in settings.monitor_host else settings.monitor_host
    return f"http://{host}:{settings.port}"


def _uvicorn_config(settings: Settings) -> uvicorn.Config:
    proxies = settings.monitor_trusted_proxies
    return uvicorn.Config(
        _application(),
        host=settings.monitor_host,
        port=settings.port,
        workers=1,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_MESSAGE,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
    )


def _application() -> Any:
    """`app` of streamlit_app.py, found by path: the folder we are started from does not matter."""
    spec = importlib.util.spec_from_file_location("streamlit_app", ROOT / "streamlit_app.py")
    if spec is None or spec.loader is None:
        raise ServeError(f"streamlit_app.py is missing in {ROOT}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


class _Server(uvicorn.Server):
    """Ends on SIGINT and SIGTERM without raising them again, so that the caller's clean-up runs."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
