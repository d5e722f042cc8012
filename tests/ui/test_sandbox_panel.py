"""The sandbox's panel through AppTest: services broken and healed, and the mails that the played Resend took."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.models import Service
from salina_monitor.sandbox import SandboxUnreachable, TakenMail
from salina_monitor.sandbox.faults import FaultBoard
from salina_monitor.sandbox.mailbox import Mailbox
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui.sandbox_panel import MOST_MAILS
from salina_monitor.ui.session import TOKEN
from tests.ui.stage import NASTY, Stage, texts

PANEL = "from salina_monitor import monitor\nfrom salina_monitor.ui import sandbox_panel\nsandbox_panel.render(monitor.get())"
NONE_YET = "None yet. Break a service: within about a minute its alert is here."


class Played:
    """The switchboard of a sandbox in this process; `away`: it does not answer."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(minutes=30)
        self.board, self.away = FaultBoard(), False
        self.box = Mailbox("example.com", clock=lambda: self.now.timestamp(), now=lambda: self.now)

    def mail(self, subject: str, text: str = "words") -> None:
        self.now += timedelta(minutes=1)
        sent = {"from": "a@example.com", "to": ["owner@sandbox.example"], "subject": subject, "text": text}
        assert self.box.take(json.dumps(sent).encode(), "").status == 200

    def state(self) -> dict[Service, str]:
        if self.away:
            raise SandboxUnreachable("The sandbox's services do not answer.")
        return {Service(name): fault for name, fault in self.board.state().items()}

    def set(self, service: Service, fault: str) -> dict[Service, str]:
        self.board.set(service.value, fault)
        return self.state()

    def heal_all(self) -> dict[Service, str]:
        self.board.heal_all()
        return self.state()

    def mails(self) -> tuple[TakenMail, ...]:
        self.state()
        found = self.box.mails()
        return tuple(
            TakenMail(m["id"], datetime.fromisoformat(m["at"]), m["to"], m["subject"], m["text"]) for m in found
        )


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    made = Played()
    monkeypatch.setattr("salina_monitor.ui.sandbox_panel.SandboxControl", lambda url: made)
    return made


@pytest.fixture
def sandbox(store: Store, settings_for: Callable[..., Settings], played: Played) -> Iterator[Stage]:
    settings = settings_for(sandbox=True, MONITOR_BCRYPT_COST="4")
    runtime.configure(settings, store=store)
    made = Stage(store, settings)
    yield made
    monitors.close()
    runtime.configure(settings)


def panel(stage: Stage, *, unfolded: bool = True) -> AppTest:
    app = AppTest.from_string(PANEL, default_timeout=20)
    app.session_state[TOKEN] = stage.token
    if unfolded:
        app.session_state["sandbox_panel"] = True
    app.run()
    assert not app.exception
    return app


def subjects(app: AppTest) -> list[str]:
    lines = [str(line.value) for line in app.text]
    return [line.partition("owner@sandbox.example: ")[2] for line in lines if " to owner@sandbox.example: " in line]


def test_outside_the_sandbox_there_is_no_panel(stage: Stage, played: Played) -> None:
    app = panel(stage)
    assert not app.expander
    assert texts(app) == ""


def choice(app: AppTest, service: Service) -> Any:
    """The row of faults of one service."""
    (found,) = (group for group in app.button_group if group.label == service.label)
    return found


def test_a_service_is_broken_and_all_are_healed(sandbox: Stage, played: Played) -> None:
    app = panel(sandbox)
    choice(app, Service.S3).set_value("error").run()
    assert played.state()[Service.S3] == "error"
    app.button(key="heal_all").click().run()
    assert set(played.state().values()) == {"ok"}
    assert choice(app, Service.S3).value == "ok"


def test_a_browser_that_is_behind_does_not_break_again_what_was_healed(sandbox: Stage, played: Played) -> None:
    """The page's clock may send what is on the screen between the click and its answer: the old choice among it."""
    app = panel(sandbox)
    choice(app, Service.S3).set_value("error").run()
    behind = app._tree
    app.button(key="heal_all").click().run()
    app._tree = behind
    for service in Service:
        choice(app, service).set_value("error" if service is Service.S3 else "ok")
    app.button(key="heal_all").set_value(False)
    app.run()
    assert set(played.state().values()) == {"ok"}
    app.run()
    assert choice(app, Service.S3).value == "ok"


def test_what_could_not_be_switched_is_not_shown_as_switched(
    sandbox: Stage, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = panel(sandbox)

    def too_slow(*_: object) -> None:
        raise SandboxUnreachable("The sandbox's services do not answer.")

    monkeypatch.setattr(played, "set", too_slow)
    choice(app, Service.S3).set_value("error").run()
    assert choice(app, Service.S3).value == "ok"
    assert "Not switched: the sandbox's services did not answer. Try again." in texts(app)


def test_before_any_mail_it_says_how_one_comes(sandbox: Stage) -> None:
    assert NONE_YET in texts(panel(sandbox))


def test_mails_are_shown_the_newest_first_with_their_text(sandbox: Stage, played: Played) -> None:
    played.mail("[Salina sandbox] S3 is down", "S3 is down\nSince 14:01 UTC, 24 Nov, for 1 min now.")
    app = panel(sandbox)
    assert NONE_YET not in texts(app)
    played.mail("[Salina sandbox] Over: S3 is down")
    app.button(key="mails_again").click().run()
    assert subjects(app) == ["[Salina sandbox] Over: S3 is down", "[Salina sandbox] S3 is down"]
    assert [code.value for code in app.code][-1] == "S3 is down\nSince 14:01 UTC, 24 Nov, for 1 min now."


def test_of_many_mails_the_last_are_shown(sandbox: Stage, played: Played) -> None:
    for n in range(MOST_MAILS + 3):
        played.mail(f"[Salina sandbox] number {n}")
    found = subjects(panel(sandbox))
    assert found == [f"[Salina sandbox] number {n}" for n in range(MOST_MAILS + 2, 2, -1)]


def test_what_is_mailed_stays_text(sandbox: Stage, played: Played) -> None:
    played.mail(NASTY, NASTY)
    app = panel(sandbox)
    assert "evil.example" not in "\n".join(str(element.value) for element in app.markdown)
    assert subjects(app)[0].startswith("<img")


def test_services_that_do_not_answer_are_said(sandbox: Stage, played: Played) -> None:
    played.away = True
    app = panel(sandbox)
    assert "The sandbox's services do not answer." in texts(app)
    assert not app.button
