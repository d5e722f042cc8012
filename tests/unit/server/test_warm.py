"""No click waits for what could be done before, or for a walk through everything that never changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SERVING = """
import gc, sys, threading
from salina_monitor.server.warm import warm_up
import streamlit_app
thread = threading.Thread(target=warm_up)
thread.start()
thread.join()
print(all(name in sys.modules for name in ("altair", "pandas", "pyarrow", "salina_monitor.ui.job_table")))
print(gc.get_freeze_count() > 20 * len(gc.get_objects()), gc.isenabled())
"""


def test_pages_are_loaded_before_anybody_comes_and_are_no_garbage_to_look_through(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVING], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "MONITOR_DATA_DIR": str(data_dir)},
    )  # fmt: skip
    assert "ScriptRunContext" not in done.stderr
    assert done.stdout.split() == ["True", "True", "True"], done.stderr
