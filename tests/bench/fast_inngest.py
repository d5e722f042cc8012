"""A played Inngest that answers as fast as it can, over HTTP, in a process of its own.

The sandbox's Inngest plays every attempt of a run and so delivers some runs a second; this one computes its lists from
the number of a run, so that it is never what a measurement waits for. `/control` moves its clock and lets runs arrive.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs, urlsplit

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TOOK_MS, FAILED_EVERY = 3_000, 17
FUNCTIONS = ("generate-statement-pdf", "generate-statements-batch", "import-royalty-feed")


class World:
    """Runs by number: `past` of them over `days` before the start, then `rate` a second from `arrive_at` on."""

    def __init__(self, past: int, days: float) -> None:
        self.start_ms = int(time.time() * 1000)
        self.offset_ms = 0
        step = days * 86_400_000 / max(1, past)
        self.queued = [int(self.start_ms - (past - n) * step) - TOOK_MS for n in range(past)]
        self.arriving = 0.0
        self.arrive_at = 0

    @property
    def now(self) -> int:
        return int(time.time() * 1000) + self.offset_ms

    def let_arrive(self) -> None:
        while self.arriving and (due := self.arrive_at + int(len(self.new) * 1000 / self.arriving)) <= self.now:
            self.new.append(due)
            self.queued.append(due)

    def begin(self, rate: float) -> None:
        self.new: list[int] = []
        self.arriving, self.arrive_at = rate, self.now

    def active(self) -> range:
        self.let_arrive()
        return range(bisect_right(self.queued, self.now - TOOK_MS), bisect_right(self.queued, self.now))

    def ended(self, since: int, until: int) -> range:
        """Numbers of runs that ended between two moments (ms), in order."""
        self.let_arrive()
        until = min(until, self.now)
        return range(bisect_left(self.queued, since - TOOK_MS), bisect_right(self.queued, until - TOOK_MS))


def _ulid(ms: int, number: int, kind: str) -> str:
    return "".join(_ALPHABET[ms >> s & 31] for s in range(45, -1, -5)) + f"{kind}{number:015d}"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, *_: object) -> None:
        """Silence: writing would take longer than answering."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        body = json.dumps(self._answer(parts.path, query), separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        if path == "/v2/runs":
            return self._runs(query)
        if path == "/v1/events":
            return {"data": self._events(query)}
        if path.endswith("/functions"):
            rows = [{"id": name, "name": name, "triggers": []} for name in FUNCTIONS]
            return {"data": rows, "page": {"hasMore": False}, "metadata": self._metadata()}
        if path == "/control":
            self.world.offset_ms = int(query.get("offset_ms", [str(self.world.offset_ms)])[0])
            if "rate" in query:
                self.world.begin(float(query["rate"][0]))
            return {"now": self.world.now}
        number = int(path.split("/")[3][-15:])
        return {"data": self._trace(number) if path.endswith("/trace") else self._run(number, True)}

    def _metadata(self) -> dict[str, Any]:
        return {"fetchedAt": _time(self.world.now), "cachedUntil": None}

    def _runs(self, query: dict[str, list[str]]) -> dict[str, Any]:
        statuses = set(query.get("status", []))
        if statuses & {"RUNNING", "QUEUED"}:
            numbers = list(reversed(self.world.active()))
        else:
            since = _ms(query["from"][0]) if "from" in query else 0
            until = _ms(query["until"][0]) if "until" in query else 1 << 60
            found = self.world.ended(since, until)
            numbers = [n for n in found if (n % FAILED_EVERY == 0) == ("FAILED" in statuses)]
            if query.get("order") != ["ASC"]:
                numbers.reverse()
        first = 0
        if "cursor" in query:  # the number of the last row, as rows may come between two pages
            last = int(query["cursor"][0])
            first = next((i + 1 for i, n in enumerate(numbers) if n == last), len(numbers))
        limit = int(query["limit"][0])
        rows = numbers[first : first + limit]
        page: dict[str, Any] = {"limit": limit}
        if len(numbers) > first + limit:
            page |= {"cursor": str(rows[-1]), "hasMore": True}
        data = [self._run(number, "includeOutput" in query) for number in rows]
        return {"data": data, "page": page, "metadata": self._metadata()}

    def _run(self, number: int, with_output: bool) -> dict[str, Any]:
        queued = self.world.queued[number]
        row: dict[str, Any] = {
            "app": {"id": "salina-erp"},
            "function": {"id": FUNCTIONS[number % 3], "name": FUNCTIONS[number % 3]},
            "id": _ulid(queued, number, "R"), "queuedAt": _time(queued), "startedAt": _time(queued),
            "trigger": {"eventIds": [_ulid(queued, number, "E")]}, "status": "RUNNING",
        }  # fmt: skip
        if queued + TOOK_MS <= self.world.now:
            failed = number % FAILED_EVERY == 0
            row |= {"status": "FAILED" if failed else "COMPLETED", "endedAt": _time(queued + TOOK_MS)}
            if failed and with_output:
                error = {
                    "name": "S3ServiceException",
                    "message": f"503 SlowDown for statement st_{number}",
                    "stack": "at put",
                }
                row["output"] = {"error": error}
        return row

    def _trace(self, number: int) -> dict[str, Any]:
        queued = self.world.queued[number]
        span = {
            "name": "run", "status": "COMPLETED", "queuedAt": _time(queued), "startedAt": _time(queued + 100),
            "endedAt": _time(queued + TOOK_MS), "childrenSpans": [], "attempts": 0,
        }  # fmt: skip
        return {"runId": _ulid(queued, number, "R"), "rootSpan": span}

    def _events(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        self.world.let_arrive()
        known = self.world.queued
        after = bisect_right(known, _ms(query["received_after"][0]))
        until = bisect_right(known, self.world.now)
        if "cursor" in query:
            cursor = query["cursor"][0]
            ms = 0
            for letter in cursor[:10]:
                ms = ms << 5 | _ALPHABET.index(letter)
            until = bisect_left(known, ms)
            while until < len(known) and _ulid(known[until], until, "E") < cursor:
                until += 1
        return [
            {
                "id": _ulid(known[n], n, "E"), "internal_id": _ulid(known[n], n, "E"), "name": "statements/pdf.generate",
                "received_at": _time(known[n]), "ts": known[n],
                "data": {"tenantId": f"tenant-{n % 400:04d}", "statementId": f"st_{n // 3}", "period": "2026-Q3"},
            }
            for n in range(until - 1, max(after, until - 51) - 1, -1)
        ]  # fmt: skip


@contextmanager
def fast_inngest(past: int, days: float) -> Iterator[str]:
    """Its address, while it plays."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, past, days), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(5)


def _serve(pipe: Connection, past: int, days: float) -> None:
    import threading

    _Handler.world = World(past, days)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(f"http://127.0.0.1:{server.server_port}")
    pipe.recv()
    server.shutdown()
