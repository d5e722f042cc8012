"""Who may import whom: the contracts of pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    # A process of its own: here salina_monitor is imported already, and the linter would look at that one.
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=tree, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("layers")
    shutil.copytree(
        ROOT / "salina_monitor", tree / "salina_monitor", ignore=shutil.ignore_patterns("__pycache__", "static")
    )
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    place, line = request.param
    file = copy / "salina_monitor" / place
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{line}\n")
    yield copy
    file.unlink() if before is None else file.write_text(before)


def test_the_tree_keeps_every_contract() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("planted", "broken"),
    [
        (("store/pool.py", "from salina_monitor.mirror import Mirror"), "A lower room never imports a higher one"),
        (("models.py", "from salina_monitor.settings import Settings"), "A lower room never imports a higher one"),
        (("checks/clerk.py", "from salina_monitor.queries import rows"), "A lower room never imports a higher one"),
        (("brand_new.py", "x = 1"), "A lower room never imports a higher one"),
        (("mirror/rows.py", "import streamlit as st"), "Only web and ui know Streamlit"),
        (("cli/jobs.py", "from salina_monitor.ui import cards"), "Only web and ui know Streamlit"),
        (("ui/format.py", "import streamlit as st"), "Only web and ui know Streamlit"),
        (("ui/header.py", "import streamlit_app"), "The launcher and the pages are imported by nobody"),
        (("ui/header.py", "from salina_monitor.sandbox import Fault"), "Only the command line and the sandbox's panel"),
        (("sandbox/runs.py", "from salina_monitor.inngest import rows"), "The sandbox shares no code"),
        (("sandbox/s3.py", "from salina_monitor.wire import fetch"), "The sandbox shares no code"),
    ],
    indirect=["planted"],
)
def test_a_planted_import_breaks_the_contract(planted: Path, broken: str) -> None:
    done = lint(planted)
    assert done.returncode == 1
    assert any(line.startswith(broken) and "BROKEN" in line for line in _joined(done.stdout)), done.stdout


def test_every_room_without_a_face_is_under_the_streamlit_contract() -> None:
    layers = next(c["layers"] for c in CONTRACTS if c["id"] == "rooms")
    rooms = {room.strip() for layer in layers for room in layer.split("|")} - {"__main__", "web", "ui"}
    named = next(c["source_modules"] for c in CONTRACTS if c["id"] == "streamlit")
    assert {f"salina_monitor.{room}" for room in rooms} <= set(named)


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("*.py")), ids=lambda page: page.name)
def test_a_page_imports_only_the_monitor_and_its_sections(page: Path) -> None:
    """A page that computes is a page that cannot be tested."""
    imported = {
        f"{node.module}.{alias.name}" if node.module == "salina_monitor" else str(node.module)
        for node in ast.walk(ast.parse(page.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported
    allowed = ("salina_monitor.monitor", "salina_monitor.policy", "salina_monitor.ui")
    assert all(name.startswith(allowed) for name in imported), imported


def _joined(text: str) -> list[str]:
    """Lines of the report; a long contract name is wrapped over two."""
    lines = text.splitlines()
    return lines + [f"{a.strip()} {b.strip()}" for a, b in pairwise(lines)]


UNSCOPED = re.compile(
    r"_everything|JobSource\(|current_source|use_source|load_sql|tenant=None"
    r"|\.(get_run|get_trace|get_raw_trace|list_runs|list_events)\("
)


def test_no_page_reaches_past_its_user() -> None:
    """Pages ask `monitor.jobs_for(user)`: the unlimited source, one of their own making, or Inngest itself would
    show every tenant."""
    pages = [*(ROOT / "salina_monitor" / "ui").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    for path in [*pages, ROOT / "salina_monitor" / "web.py"]:
        found = UNSCOPED.search(path.read_text("utf-8"))
        assert found is None, f"{path.name} uses {found[0]}"


@pytest.mark.parametrize(
    "line", ["get_job_summary(source=monitor._everything)", "JobSource(store, types)", "client.get_raw_trace(job_id)"]
)
def test_a_planted_way_past_the_user_is_found(line: str) -> None:
    assert UNSCOPED.search(line)
