"""The played Resend takes mails as the real one does: what is missing, who may send, known keys, too many at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salina_monitor.sandbox.control import control
from salina_monitor.sandbox.faults import FaultBoard
from salina_monitor.sandbox.mailbox import A_SECOND, KEPT, Mailbox
from salina_monitor.sandbox.resend import DOMAIN, resend
from tests.contract.sandbox.scene import Client

MAIL = {"from": f"Monitor <m@{DOMAIN}>", "to": ["ada@example.com"], "subject": "Hello", "text": "Words", "html": "<p>W"}


class Played:
    """A played Resend whose clock goes a second with each request."""

    def __init__(self) -> None:
        self.board, self.seconds = FaultBoard(), 0.0
        self.box = Mailbox(DOMAIN, clock=lambda: self.seconds)
        self.client = Client(resend(self.board, "re_x", self.box), {"authorization": "Bearer re_x"})

    def send(self, *, key: str = "", later: float = 1.0, headers: dict[str, str] | None = None, **changed: Any) -> Any:
        self.seconds += later
        body = {name: value for name, value in {**MAIL, **changed}.items() if value is not None}
        return self.client.post("/emails", json=body, headers={"idempotency-key": key, **(headers or {})})


def test_a_mail_is_taken_and_seen() -> None:
    played = Played()
    answer = played.send()
    assert answer.status_code == 200
    assert list(answer.json()) == ["id"]
    (mail,) = Client(control(played.board, "token", played.box)).get("/token/mails").json()
    assert (mail["id"], mail["to"], mail["subject"], mail["text"]) == (
        answer.json()["id"],
        ["ada@example.com"],
        "Hello",
        "Words",
    )


@pytest.mark.parametrize(
    ("changed", "status", "name"),
    [
        ({"from": None}, 422, "missing_required_field"),
        ({"to": None}, 422, "missing_required_field"),
        ({"subject": ""}, 422, "missing_required_field"),
        ({"text": None, "html": None}, 422, "missing_required_field"),
        ({"from": "nobody"}, 422, "validation_error"),
        ({"to": ["ada"]}, 422, "validation_error"),
        ({"to": ["ada@example.com"] * 51}, 422, "validation_error"),
        ({"subject": "a\nBcc: b@example.com"}, 422, "validation_error"),
        ({"from": "m@elsewhere.example"}, 403, "validation_error"),
    ],
)
def test_what_the_real_one_refuses_is_refused(changed: dict[str, Any], status: int, name: str) -> None:
    played = Played()
    answer = played.send(**changed)
    assert (answer.status_code, answer.json()["name"], answer.json()["statusCode"]) == (status, name, status)
    assert played.box.mails() == []


def test_a_known_key_is_the_same_mail_and_with_another_content_a_conflict() -> None:
    played = Played()
    first, second = played.send(key="k"), played.send(key="k")
    assert first.json() == second.json()
    assert len(played.box.mails()) == 1
    other = played.send(key="k", subject="Other")
    assert (other.status_code, other.json()["name"]) == (409, "invalid_idempotent_request")


def test_too_many_at_once_are_told_to_wait() -> None:
    played = Played()
    answers = [played.send(later=0) for _ in range(A_SECOND + 1)]
    assert [answer.status_code for answer in answers] == [200] * A_SECOND + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert played.send(later=1.1).status_code == 200


@pytest.mark.parametrize(("fault", "status"), [("error", 500), ("refused_key", 400)])
def test_the_panel_breaks_sending_too(fault: str, status: int) -> None:
    played = Played()
    played.board.set("resend", fault)
    assert played.send().status_code == status
    assert played.box.mails() == []


def test_another_key_and_no_json_are_refused() -> None:
    played = Played()
    assert played.send(headers={"authorization": "Bearer other"}).status_code == 400
    assert played.client.post("/emails", content="{").status_code == 400
    assert played.client.get("/emails").status_code in (404, 405)


def test_only_the_last_mails_are_kept() -> None:
    played = Played()
    for number in range(KEPT + 5):
        played.seconds += 1
        assert played.box.take(json.dumps({**MAIL, "subject": str(number)}).encode(), "").status == 200
    assert [mail["subject"] for mail in played.box.mails()][:2] == [str(KEPT + 4), str(KEPT + 3)]
    assert len(played.box.mails()) == KEPT
