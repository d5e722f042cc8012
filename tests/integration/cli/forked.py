"""`python -m salina_monitor …` forked off a process that has imported it already.

It is a process like any other, with environment, folder, streams and exit code of its own; only the second of
imports, which most commands take longest for, is paid once. What stays (`serve`, `sandbox`) and `test_help.py` start
the interpreter itself.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from salina_monitor.cli import main

ROOT = Path(__file__).parents[3]
PATIENCE_S = 90.0
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, "salina_monitor.sandbox"])


def run(arguments: Sequence[str], env: dict[str, str], folder: Path, streams: Path) -> int:
    """Run the command in `folder` with exactly this environment; its exit code.

    `streams` is a folder with a file `stdin`; `stdout` and `stderr` are written beside it. Raises TimeoutError.
    """
    process = _context.Process(target=_command, args=(list(arguments), env, str(folder), str(streams)))
    with _as_if_alone():
        process.start()
    process.join(PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"{arguments} did not end within {PATIENCE_S:.0f} s")
    return process.exitcode


@contextmanager
def _as_if_alone() -> Iterator[None]:
    """What the loaded process and its children would take over otherwise: the main module of whoever runs the tests.

    A page script that a test ran may have taken that place.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        patch.setenv("PYTHONPATH", str(ROOT))  # what is loaded ahead is found by this alone
        yield


def _command(arguments: list[str], env: dict[str, str], folder: str, streams: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        with open(f"{streams}/{name}", mode) as file:
            os.dup2(file.fileno(), number)
        setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", buffering=1, closefd=False))
    try:
        main(arguments, prog_name="python -m salina_monitor")
    finally:
        # As an interpreter ends: multiprocessing leaves these out.
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
