"""Receivers of alerts on loopback: a Resend that takes mails, and a webhook; both can be told to fail."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from salina_monitor.sandbox.mailbox import Mailbox

DOMAIN = "example.com"


class Receiver:
    """`mails` are what was taken, `posts` every request as headers and body. `fault` is a status, or "silent": takes it
    and never answers; or "lost": takes it, and the answer comes too late. `most_a_second` limits the rate."""

    def __init__(self) -> None:
        self.fault: int | str = ""
        self.most_a_second: int | None = None
        self._taken_at: list[float] = []
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.box = Mailbox(DOMAIN, clock=lambda: float(len(self.posts)))
        self._ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.posts.append((headers, body))
                if isinstance(receiver.fault, int):
                    self._answer(receiver.fault, {"statusCode": receiver.fault, "name": "x", "message": "no"})
                    return
                if receiver._is_too_fast():
                    self._answer(429, {"statusCode": 429, "name": "rate_limit_exceeded", "message": "no"})
                    return
                if receiver.fault == "silent":
                    receiver._ended.wait(30)
                    return
                status, answer = 200, {}
                if self.path == "/emails":
                    reply = receiver.box.take(body, headers.get("idempotency-key", ""))
                    status, answer = reply.status, dict(reply.body)
                if receiver.fault == "lost":
                    receiver._ended.wait(30)
                    return
                self._answer(status, answer)

            def _answer(self, status: int, body: Any) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                if status == 429:
                    self.send_header("Retry-After", "1")
                if status in (301, 302):
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def _is_too_fast(self) -> bool:
        now = time.monotonic()
        self._taken_at = [at for at in self._taken_at if now - at < 1]
        if self.most_a_second is None or len(self._taken_at) < self.most_a_second:
            self._taken_at.append(now)
            return False
        return True

    @property
    def subjects(self) -> list[str]:
        """Of the mails that were taken, in order."""
        return [mail["subject"] for mail in reversed(self.box.mails())]

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
