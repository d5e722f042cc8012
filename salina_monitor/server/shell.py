"""The HTML that every page begins with: Streamlit's own, told where its server is and which parts will be needed.

By itself it asks for its server before it connects, below a path such as /admin at a wrong address first and at the
right one after a pause; and it fetches a part of the front end only once the first element that needs it has come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PARTS = (
    "DataFrame", "Metric", "Html", "LinkButton", "PageLink", "Selectbox", "TextInput", "Button", "ButtonGroup",
    "DownloadButton", "Pagination",
)  # fmt: skip
"""The front end's parts that the System page needs, by the beginning of their files' names, before the hash."""
_IMPORTED = re.compile(r"""(?:from|import)\s*["'`]\./([\w.-]+\.js)["'`]""")
_END_OF_HEAD = "</head>"
_WHERE = """<script>
      (function () {
        const base = location.pathname.match(/^.*?{base}(?=\\/|$)/)
        if (base) window.__streamlit = {
          BACKEND_BASE_URL: location.origin + base[0],
          HOST_CONFIG: { allowedOrigins: [location.origin], useExternalAuthToken: false }
        }
      })()
    </script>"""


def page_html(static: Path, base: str) -> str:
    """`index.html` of the installed front end with both hints; parts that this version does not have are left out."""
    html = (static / "index.html").read_text("utf-8")
    scripts = static / "static" / "js"
    wanted = [file.name for part in PARTS for file in sorted(scripts.glob(f"{part}.*.js"))]
    links = "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">\n    '
        for name in _with_imports(scripts, wanted) if f"/{name}\"" not in html
    )  # fmt: skip
    where = _WHERE.replace("{base}", base.replace("/", "\\/"))
    before, end, after = html.partition(_END_OF_HEAD)
    first, script, rest = before.partition("<script")
    return f"{first}{where}\n    {script}{rest}{links}{end}{after}"


def _with_imports(scripts: Path, names: Iterable[str]) -> list[str]:
    """These files and what they import, in the order in which they are met."""
    found: dict[str, None] = {}
    open_ = list(names)
    while open_:
        name = open_.pop(0)
        if name not in found and (scripts / name).is_file():
            found[name] = None
            open_ += _IMPORTED.findall((scripts / name).read_text("utf-8"))
    return list(found)


class Shell:
    """ASGI middleware that answers the pages' addresses with this HTML; the rest is the application's."""

    def __init__(self, app: ASGIApp, *, html: str, addresses: Iterable[str]) -> None:
        self._app = app
        self._page = HTMLResponse(html)
        self._addresses = frozenset(addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] in self._addresses
        await (self._page if is_page else self._app)(scope, receive, send)
