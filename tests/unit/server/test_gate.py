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


GATE = Middleware(
    Gate, base="/admin", pages=("system", "job"), own=("/", "/healthz"), origins=("https://public.example",)
)


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics", "/admin/_stcore/metrics", "/admin/_stcore/metrics/", "/admin/_stcore/script-health-check",
        "/admin/_stcore/agent/openapi.json", "/_stcore/agent/mcp", "/admin/_stcore/upload_file/a/b",
        "/admin/_stcore/bidi-components/x/y.js", "/admin/component/streamlit_authenticator.x/index.html",
        "/admin/app/static/x", "/admin/nothing-here", "/admin/pages/system.py", "/docs", "/openapi.json", "/metrics",
        # Other spellings of what is open, which something behind us may read in another way.
        "/admin//system", "//admin/system", "/admin/static/../_stcore/metrics", "/admin/static/./x.js",
        "/admin/static/%2e%2e/_stcore/metrics", "/admin/media%2Fx", "/ADMIN/system", "/admin/system%00",
        "/admin\\system", "/admin/_stcore/stream/", "/admin/system/_stcore/stream", "/admin/.env",
    ],
)  # fmt: skip
def test_what_no_page_asks_for_is_closed(path: str) -> None:
    """Interfaces that are open by default: CVE-2022-30034, CVE-2020-13927."""
    assert call(app(GATE), path).status == 404
    assert call(app(GATE), path, kind="websocket").status == 0


@pytest.mark.parametrize(
    "path",
    ["/", "/healthz", "/admin", "/admin/", "/admin/system", "/admin/system/", "/admin/job", "/admin/_stcore/health",
     "/admin/_stcore/host-config", "/admin/static/js/index.abc.js", "/admin/media/abc.csv", "/admin/session/x",
     "/admin/favicon.png"],
)  # fmt: skip
def test_what_the_pages_ask_for_is_open(path: str) -> None:
    assert call(app(GATE), path).text == "inside"
    assert call(app(GATE), path, method="HEAD").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_nothing_is_changed_over_http(method: str) -> None:
    """A queue board that re-queued on any request is the example; here there is no request that could."""
    answer = call(app(GATE), "/admin/system", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "1"}, {"Transfer-Encoding": "chunked"}, {"Content-Length": "x"}]
)
def test_no_body_is_read(headers: dict[str, str]) -> None:
    assert call(app(GATE), "/admin/system", headers).status == 413
    assert call(app(GATE), "/admin/system", {"Content-Length": "0"}).status == 200


def test_an_endless_address_is_refused() -> None:
    """Unbounded parameters: CVE-2022-23837."""
    assert call(app(GATE), "/admin/system", query="q=" + "x" * 4000).status == 200
    assert call(app(GATE), "/admin/system", query="q=" + "x" * 4096).status == 414
    assert call(app(GATE), "/admin/media/" + "x" * 5000).status == 414


FOREIGN = [
    "https://evil.example",
    "http://localhost:3000",
    "http://monitor.example:9999",
    "null",
    "http://monitor.example",
]
SCRIPT_HASH = "sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA="
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
    secured = app(Middleware(SecurityHeaders, policy="default-src 'self'", kept="/admin/static/"), GATE)
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


def test_the_installed_streamlit_has_the_inline_script_the_policy_was_read_for() -> None:
    policy = content_policy((streamlit_static() / "index.html").read_text("utf-8"))
    assert SCRIPT_HASH in policy, (
        "Streamlit's inline script is another one: read it in the installed static/index.html, see that it takes"
        f" nothing from the address, then put its hash here. The policy now: {policy}"
    )
    assert policy.count("'sha256-") == 1
    for lax in ("unsafe-eval", "unsafe-hashes", "strict-dynamic", "http:", "https:", "*"):
        assert lax not in policy


def test_only_files_whose_name_changes_with_their_content_may_be_kept() -> None:
    secured = app(Middleware(SecurityHeaders, policy="x", kept="/admin/static/", tls=True), GATE)
    for path in ("/admin/system", "/admin/media/a.csv", "/healthz", "/nothing", "/admin/static/../x"):
        assert call(secured, path).headers["cache-control"] == "no-store"
    assert "cache-control" not in call(secured, "/admin/static/a.js").headers
    assert call(secured, "/admin/system").headers["strict-transport-security"] == "max-age=31536000"


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
