"""A fake built from the client's own beliefs would confirm its errors: the sandbox shares no code with the client."""

from __future__ import annotations

import ast
from pathlib import Path

import salina_monitor.sandbox

FOLDER = Path(salina_monitor.sandbox.__file__).parent
ALLOWED = ("salina_monitor.sandbox", "salina_monitor.settings", "salina_monitor.store")
FACE = {"panel.py"}
"""What the page uses to talk to the sandbox may speak the page's words."""


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return found | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


def test_it_imports_nothing_of_the_product_but_settings_and_the_embedded_server() -> None:
    modules = sorted(FOLDER.glob("*.py"))
    assert len(modules) > 20
    for path in modules:
        ours = {name for name in imports(path) if name.startswith("salina_monitor.")}
        allowed = (*ALLOWED, "salina_monitor.models") if path.name in FACE else ALLOWED
        assert {name for name in ours if not name.startswith(allowed)} == set(), path.name


def test_what_answers_requests_uses_no_http_client() -> None:
    for path in FOLDER.glob("*.py"):
        if path.name not in FACE:
            assert not {"httpx", "requests", "boto3", "urllib.request"} & imports(path), path.name
