"""People who work while things break: sockets that speak Streamlit's language, and a note of all they were told."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.chaos.house import House
from tests.chaos.plan import WEBS
from tests.e2e.processes import PASSWORDS

ANSWER_S = 20.0
LONGEST_PAUSE_S = 2.0
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person asked for. `mark` is unique and gets into the row about it; `told`: that it was done; `at`:
    when they had their answer."""

    kind: str
    mark: str
    told: bool
    web: str
    at: float


@dataclass
class Page:
    """One open page: what it shows, and the widgets on it by the end of their id."""

    socket: ClientConnection
    widgets: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def run(self, name: str = "", query: str = "", **typed: str | bool) -> None:
        """Run the page with these widgets set, until its end."""
        message = BackMsg()
        message.rerun_script.page_name = name
        message.rerun_script.query_string = query
        for key, value in typed.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id = self.id_of(key)
            if isinstance(value, str):
                state.string_value = value
            else:
                state.trigger_value = value
        self.socket.send(message.SerializeToString())
        self.widgets, seen = {}, []
        while True:
            frame = self.socket.recv(timeout=ANSWER_S)
            assert isinstance(frame, bytes)
            answer = ForwardMsg.FromString(frame)
            kind = answer.WhichOneof("type")
            if kind == "delta":
                self._keep(answer, seen)
            if kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.text = "\n".join(seen)
                return

    def id_of(self, key: str) -> str:
        return next((whole for name, whole in self.widgets.items() if name == key), "") or self._missing(key)

    def _missing(self, key: str) -> str:
        raise LookupError(f"no {key} on a page that shows {self.text[:200]!r}")

    def _keep(self, answer: ForwardMsg, seen: list[str]) -> None:
        element = answer.delta.new_element
        kind = element.WhichOneof("type")
        if kind in ("button", "text_input", "text_area"):
            widget = getattr(element, kind)
            # An id ends with the key; the fields of the sign-in form are known by their labels.
            self.widgets[widget.label.replace(" ", "_")] = widget.id
            self.widgets[widget.id.split("-", 2)[-1]] = widget.id
        elif kind in ("text", "markdown", "alert", "heading"):
            seen.append(getattr(element, kind).body)


@dataclass
class Person:
    """Signs in somewhere, does a few things, leaves; again and again. `acts` is what they asked for and heard, `came` where
    and when they came."""

    name: str
    house: House
    rng: random.Random
    acts: list[Act] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    visits: int = 0
    came: list[tuple[str, float]] = field(default_factory=list)

    def live(self, stopping: threading.Event) -> None:
        """Come again until told to stop. Trouble is part of life; what it may not be is kept in `bugs`."""
        while not stopping.is_set():
            try:
                self.visit(self.rng.choice(WEBS))
            except (OSError, WebSocketException, LookupError, psycopg.Error):
                pass  # whoever was not answered does not know, and says nothing
            except Exception as error:  # noqa: BLE001 - told at the end
                self.bugs.append(f"{type(error).__name__}: {error}")
            stopping.wait(self.rng.uniform(0.5, LONGEST_PAUSE_S))

    def visit(self, web: str) -> None:
        """One visit: sign in, run a job again, write to an incident, sign out."""
        mark = f"walk {next(_numbers)} of {self.name}"
        url = self.house.processes[web].url
        with connect(
            f"ws://{url.removeprefix('http://')}/admin/_stcore/stream", max_size=None, proxy=None, origin=url,  # type: ignore[arg-type]
            open_timeout=5, close_timeout=1, ping_interval=None, user_agent_header=mark,
        ) as socket:  # fmt: skip
            self.came.append((web, time.monotonic()))
            page = Page(socket)
            page.run("system")
            with self._act("sign_in", mark) as told:
                page.run("system", Name=self.name, Password=PASSWORDS[self.name], Sign_in=True)
                told(f"{self.name} (" in page.text)
            self._run_again(page)
            self._write(page)
            page.run("system")
            with self._act("sign_out", mark) as told:
                page.run("system", signout=True)
                told("Sandbox sign-ins" in page.text or "Password" in page.widgets)
        self.visits += 1

    def _run_again(self, page: Page) -> None:
        job = self._one("select id from runs where ended_at <> 'infinity' and not is_gone order by random() limit 1")
        page.run("job", f"id={job}")
        mark = f"walk {next(_numbers)} of {self.name}"
        why = f"rerun_why_{job}"
        with self._act("rerun", mark) as told:
            page.run("job", f"id={job}", **{why: mark, "rerun": True})
            told("Started again as job" in page.text)

    def _write(self, page: Page) -> None:
        incident = self._one("select id from incidents order by opened_at desc limit 1")
        if not incident:
            return
        page.run("health")
        mark = f"walk {next(_numbers)} of {self.name}"
        with self._act("incident_noted", mark) as told:
            page.run("health", **{f"note_{incident}": mark, f"note_add_{incident}": True})
            told("Kept with the incident." in page.text)

    def _one(self, statement: str) -> str:
        rows = self.house.rows(statement)
        return str(rows[0]["id"]) if rows else ""

    def _act(self, kind: str, mark: str) -> _Asking:
        return _Asking(self.acts, kind, mark, self.came[-1][0])


class _Asking:
    """Notes an act when it ends, however it ends."""

    def __init__(self, acts: list[Act], kind: str, mark: str, web: str) -> None:
        self._acts, self._kind, self._mark, self._web, self._told = acts, kind, mark, web, False

    def __enter__(self) -> Callable[[bool], None]:
        return self._hear

    def _hear(self, told: bool) -> None:
        self._told = told

    def __exit__(self, *_: object) -> None:
        self._acts.append(Act(self._kind, self._mark, self._told, self._web, time.monotonic()))
