"""What the first visitor would wait for, and every click after it: imports, and walks of the garbage collector."""

from __future__ import annotations

import gc
import importlib
import logging
import pkgutil

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Import every module of the pages, with the table and chart libraries they draw with; then leave all of it out of
    garbage collection.

    Modules live as long as the process, and hold so many objects that a look through all takes a tenth of a second, in
    which no page moves.
    """
    ui = importlib.import_module("salina_monitor.ui")
    for module in pkgutil.iter_modules(ui.__path__, "salina_monitor.ui."):
        try:
            importlib.import_module(module.name)
        except Exception:
            log.exception("%s could not be loaded; its page will say so", module.name)
    gc.collect()
    gc.freeze()
