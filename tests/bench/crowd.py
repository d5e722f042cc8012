"""People at the System page without browsers: sockets that speak Streamlit's language, each with a session of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

LIMIT_S = 60.0
QUIET_S = 0.1


@dataclass
class Person:
    """One open page. `took_ms` has each of their refreshes, `errors` what went wrong."""

    url: str
    cookie: str
    took_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def come(self) -> ClientConnection:
        """Open the page and wait until it stands."""
        address = urlsplit(self.url)
        socket = connect(
            f"ws://{address.netloc}/admin/_stcore/stream", max_size=None, proxy=None, ping_interval=None, origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": self.cookie},
        )  # fmt: skip
        self.refresh(socket)
        return socket

    def refresh(self, socket: ClientConnection) -> None:
        """Run the page once more, as its Refresh does, until its end; the list must be among what came."""
        with suppress(TimeoutError):  # what an earlier run still sent is no answer to this one
            while True:
                socket.recv(timeout=QUIET_S)
        message = BackMsg()
        message.rerun_script.page_name = "system"
        began, has_list = time.monotonic(), False
        socket.send(message.SerializeToString())
        while True:
            frame = socket.recv(timeout=LIMIT_S)
            assert isinstance(frame, bytes)
            answer = ForwardMsg.FromString(frame)
            has_list |= b"newest first" in frame
            if answer.WhichOneof("type") == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
                self.errors.append(answer.delta.new_element.exception.message)
            if answer.WhichOneof("type") == "script_finished" and has_list:
                self.took_ms.append((time.monotonic() - began) * 1000)
                return


def at_once(people: Sequence[Person], rounds: int, *, pause_s: float = 0.5) -> list[float]:
    """Everybody refreshes at the same moments; milliseconds of each refresh but the first load."""
    start = threading.Barrier(len(people))

    def live(person: Person) -> None:
        with person.come() as socket:
            for _ in range(rounds):
                start.wait(LIMIT_S * 2)
                person.refresh(socket)
                time.sleep(pause_s)

    def guarded(person: Person) -> None:
        try:
            live(person)
        except Exception as error:  # noqa: BLE001 - told with the numbers
            person.errors.append(f"{type(error).__name__}: {error}")
            start.abort()

    threads = [threading.Thread(target=guarded, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [ms for person in people for ms in person.took_ms[1:]]
