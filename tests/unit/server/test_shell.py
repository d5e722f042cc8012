"""The HTML that every page begins with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from salina_monitor.server.headers import content_policy, streamlit_static
from salina_monitor.server.shell import PARTS, Shell, page_html
from tests.unit.server.test_gate import app, call

INDEX = """<html><head><link rel="icon" href="./favicon.png"><script>one()</script>
<script type="module" crossorigin src="./static/js/index.a1.js"></script>
<link rel="modulepreload" crossorigin href="./static/js/shared.b2.js"></head><body></body></html>"""


@pytest.fixture
def static(tmp_path: Path) -> Path:
    scripts = tmp_path / "static" / "js"
    scripts.mkdir(parents=True)
    (tmp_path / "index.html").write_text(INDEX)
    files = {
        "Metric.c3.js": 'import{a as b}from"./shared.b2.js";import{t}from"./numbers.d4.js";import"./gone.e5.js"',
        "numbers.d4.js": "import{x}from'./deep.f6.js';",
        "deep.f6.js": 'const later=()=>import(`./rarely.g7.js`)',
        "rarely.g7.js": "", "shared.b2.js": "", "MetricOther.h8.js": "", "Unused.i9.js": "",
    }  # fmt: skip
    for name, text in files.items():
        (scripts / name).write_text(text)
    return tmp_path


def test_parts_and_what_they_import_are_fetched_with_the_page(static: Path) -> None:
    preloaded = re.findall(r'rel="modulepreload" crossorigin href="\./static/js/(.*?)"', page_html(static, "/admin"))
    assert preloaded == ["shared.b2.js", "Metric.c3.js", "numbers.d4.js", "deep.f6.js"]


def test_the_front_end_is_told_where_its_server_is_before_it_begins(static: Path) -> None:
    html = page_html(static, "/admin")
    assert html.index("__streamlit") < html.index("one()") < html.index("index.a1.js")
    assert r"/^.*?\/admin(?=\/|$)/" in html
    for line in INDEX.splitlines()[1:-1]:
        assert line in html


def test_the_installed_front_end_has_every_part() -> None:
    scripts = streamlit_static() / "static" / "js"
    missing = [part for part in PARTS if not list(scripts.glob(f"{part}.*.js"))]
    assert not missing, (
        f"this Streamlit has no such files: {missing}; see in a browser what the System page fetches late"
    )
    html = page_html(streamlit_static(), "/admin")
    named = re.findall(r'modulepreload" crossorigin href="\./static/js/(.*?)"', html)
    assert len(named) == len(set(named))
    assert all((scripts / name).is_file() for name in named)


def test_the_policy_admits_what_the_page_says() -> None:
    assert content_policy(page_html(streamlit_static(), "/admin")).count("'sha256-") == 2


@pytest.mark.parametrize("path", ["/admin", "/admin/system"])
def test_pages_are_answered_and_the_rest_is_left_to_the_application(path: str) -> None:
    inside: ASGIApp = app(Middleware(Shell, html="<p>ours</p>", addresses=("/admin", "/admin/system")))
    assert call(inside, path).text == "<p>ours</p>"
    assert call(inside, path).headers["content-type"] == "text/html; charset=utf-8"
    assert call(inside, f"{path}/").text == "inside"
    assert call(inside, "/admin/static/js/a.js").text == "inside"
