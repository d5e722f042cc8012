"""What the first visitor would wait for, and every click after it: imports, and walks of the garbage collector."""

from __future__ import annotations

import gc
import importlib
import logging
import pkgutil
import threading

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Import every module of the pages, with the table and chart libraries they draw with; then leave all of it out of
    garbage collection.

    Modules live as long as the process, and hold so many objects that a look through all takes a tenth of a second, in
    which no page moves.
    """
    here = threading.get_ident()

    def not_ours(record: logging.LogRecord) -> bool:
        return record.thread != here

    # Decorators of the pages ask for a session, and are warned that a thread of ours has none.
    warned = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    warned.addFilter(not_ours)
    try:
        _import_pages()
    finally:
        warned.removeFilter(not_ours)
    gc.collect()
    gc.freeze()


def _import_pages() -> None:
    ui = importlib.import_module("salina_monitor.ui")
    for module in pkgutil.iter_modules(ui.__path__, "salina_monitor.ui."):
        try:
            importlib.import_module(module.name)
        except Exception:
            log.exception("%s could not be loaded; its page will say so", module.name)
