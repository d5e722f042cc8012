"""Gate, headers and assets around a small application that answers "inside" to everything."""

from __future__ import annotations

import gzip
import hashlib
from base64 import b64encode
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from salina_monitor.server.assets import CompressedAssets
from salina_monitor.server.gate import Gate
from salina_monitor.server.headers import SecurityHeaders, content_policy, streamlit_static
from tests.support.asgi import call


async def inside(_: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("inside")
    await websocket.close()


def app(*middleware: Middleware) -> ASGIApp:
    stream = WebSocketRoute("/admin/_stcore/stream", socket)
    return Starlette(routes=[stream, Route("/{path:path}", inside, methods=["GET", "POST"])], middleware=middleware)


GATE = Middleware(Gate, base="/admin", origins=("https://public.example",))


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/admin/_stcore/metrics",
        "/admin/_stcore/metrics/",
        "/admin/_stcore/script-health-check",
        "/admin/_stcore/agent/openapi.json",
        "/admin/_stcore/agent/interact",
        "/_stcore/agent/mcp",
    ],
)
def test_it_closes_streamlits_side_doors(path: str) -> None:
    assert call(app(GATE), path).status == 404
    assert call(app(GATE), path, method="POST").status == 404


@pytest.mark.parametrize("path", ["/admin/system", "/admin/_stcore/health", "/healthz", "/admin/_stcore/metricsish"])
def test_it_leaves_the_other_paths_alone(path: str) -> None:
    assert call(app(GATE), path).text == "inside"


FOREIGN = [
    "https://evil.example",
    "http://localhost:3000",
    "http://monitor.example:9999",
    "null",
    "http://monitor.example",
]
OWN = ["http://monitor.example:8501", "https://public.example", "HTTP://MONITOR.EXAMPLE:8501"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_it_refuses_requests_and_sockets_of_other_origins(origin: str) -> None:
    headers = {"Origin": origin}
    assert call(app(GATE), "/admin/system", headers).status == 403
    assert call(app(GATE), "/admin/_stcore/stream", headers, kind="websocket").status == 0


@pytest.mark.parametrize("origin", OWN)
def test_it_admits_our_own_origins(origin: str) -> None:
    headers = {"Origin": origin}
    assert call(app(GATE), "/admin/system", headers).text == "inside"
    assert call(app(GATE), "/admin/_stcore/stream", headers, kind="websocket").text == "inside"


def test_it_puts_security_headers_on_refusals_too() -> None:
    secured = app(Middleware(SecurityHeaders, policy="default-src 'self'"), GATE)
    for path in ("/admin/system", "/admin/_stcore/metrics"):
        headers = call(secured, path).headers
        assert headers["content-security-policy"] == "default-src 'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


def test_the_policy_admits_the_inline_scripts_of_the_page_by_their_hash_and_no_other() -> None:
    digest = b64encode(hashlib.sha256(b"\n one()\n").digest()).decode()
    policy = content_policy("<script>\n one()\n</script><script src='x.js'></script>")
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_the_installed_streamlit_has_the_inline_script_the_policy_is_made_for() -> None:
    policy = content_policy((streamlit_static() / "index.html").read_text("utf-8"))
    assert policy.count("'sha256-") == 1


@pytest.fixture
def assets(tmp_path: Path) -> ASGIApp:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "a.hash.js").write_text("let a = 1;" * 500)
    (tmp_path / "font.woff2").write_bytes(b"already small")
    return app(Middleware(CompressedAssets, directory=tmp_path, prefix="/admin/static"))


def test_it_sends_assets_compressed_and_for_ever(assets: ASGIApp) -> None:
    for _ in range(2):
        answer = call(assets, "/admin/static/js/a.hash.js", {"Accept-Encoding": "gzip, br"})
        assert gzip.decompress(answer.body) == b"let a = 1;" * 500
        assert len(answer.body) < 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/admin/static/js/a.hash.js", {"Accept-Encoding": "identity"}),
        ("/admin/static/js/a.hash.js", {"Accept-Encoding": "gzip", "Range": "bytes=0-1"}),
        ("/admin/static/font.woff2", {"Accept-Encoding": "gzip"}),
        ("/admin/static/../static/js/a.hash.jsx", {"Accept-Encoding": "gzip"}),
        ("/admin/static/../../../../etc/passwd.js", {"Accept-Encoding": "gzip"}),
    ],
)
def test_it_leaves_to_streamlit_what_it_does_not_compress(assets: ASGIApp, path: str, headers: dict[str, str]) -> None:
    assert call(assets, path, headers).text == "inside"
