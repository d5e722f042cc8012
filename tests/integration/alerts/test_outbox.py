"""What waits to be sent: Resend away and back, answers lost, the webhook, order, giving up, and no word of a vendor."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.alerts import get_deliveries, mail, webhook
from salina_monitor.alerts.outbox import GIVE_UP, LONGEST_PAUSE, pause
from salina_monitor.alerts.outcomes import Outcome, not_sent, taken
from salina_monitor.background import Background
from salina_monitor.models import utcnow
from tests.integration.alerts.conftest import Desk
from tests.support.fault_server import FaultServer, drip_headers, endless_1xx, huge_body
from tests.support.waiting import wait_until

SECRET = "a-secret-of-the-operators"


@pytest.fixture
def hooked(desk: Desk) -> Desk:
    desk.restart(MONITOR_WEBHOOK_URL=f"{desk.hook.url}/services/T000", MONITOR_WEBHOOK_SECRET=SECRET)
    return desk


def test_resend_away_and_back_sends_once(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("resend")
    desk.resend.fault = 500
    for _ in range(30):
        desk.restart()
        desk.round()
    (delivery,) = get_deliveries(desk.store, desk.now)
    assert (delivery.waiting, delivery.said) == (1, "Resend failed with an error of its own (HTTP 500).")
    assert delivery.in_trouble(desk.now)
    assert 3 <= delivery.attempts <= 6, "with growing pauses"
    desk.over(number)
    desk.round()
    desk.resend.fault = ""
    desk.round(LONGEST_PAUSE.total_seconds())
    for _ in range(5):
        desk.round()
    assert desk.subjects == ["Resend is down", "Over: Resend is down"], "in order, each once"
    (delivery,) = get_deliveries(desk.store, desk.now)
    assert (delivery.waiting, delivery.in_trouble(desk.now)) == (0, False)


def test_letters_to_many_go_at_the_pace_that_the_vendor_names(desk: Desk) -> None:
    """Resend takes a few a second and says when to come again; a pause of minutes would make alerts late."""
    people = [f"person-{n}" for n in range(7)]
    for name in people:
        desk.person(name)
    desk.resend.most_a_second = 2
    desk.incident("s3")
    desk.round(1)
    desk.round(1)
    assert desk.outbox() == [("mail", "sent", attempts) for _, _, attempts in desk.outbox()]
    assert len(desk.resend.subjects) == len(people)
    assert len(desk.resend.posts) <= 2 * len(people), "and is not asked more often than that"


def test_an_answer_that_was_lost_does_not_mail_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend took it and we never heard: the same key goes with the next try, and it knows it."""
    monkeypatch.setattr(mail, "SEND_S", 0.3)
    desk.person("ada")
    desk.incident("s3")
    desk.resend.fault = "lost"
    desk.round()
    assert desk.outbox() == [("mail", "waiting", 1)]
    (delivery,) = get_deliveries(desk.store, desk.now)
    assert delivery.said == "Resend did not answer in time; whether it was taken is not known."
    desk.resend.fault = ""
    desk.restart()
    desk.round(60)
    assert desk.outbox() == [("mail", "sent", 2)]
    assert desk.subjects == ["S3 is down"]
    keys = {headers["idempotency-key"] for headers, _ in desk.resend.posts}
    assert len(keys) == 1
    assert len(desk.resend.posts) == 2


def test_a_process_that_dies_after_sending_does_not_mail_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.person("ada")
    desk.incident("s3")
    desk.round(sending=False)
    monkeypatch.setattr(type(desk.alerts.postman), "_settle", lambda *_: None)
    desk.alerts.postman.one()
    monkeypatch.undo()
    desk.restart()
    desk.send()
    assert len(desk.resend.posts) == 1, "another process leaves it alone for a minute"
    desk.sql("update alert_outbox set held_until = now() - interval '1 second'")
    desk.send()
    assert desk.outbox() == [("mail", "sent", 2)]
    assert desk.subjects == ["S3 is down"]


def test_two_processes_send_a_letter_once(desk: Desk) -> None:
    desk.person("ada")
    desk.person("bob")
    desk.incident("s3")
    desk.round(sending=False)
    posts = [desk.another()[0].postman for _ in range(4)]
    threads = [threading.Thread(target=post.work, args=(threading.Event(),)) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail["to"][0] for mail in desk.resend.box.mails()) == ["ada@example.com", "bob@example.com"]


def test_a_new_sender_or_address_is_another_mail_to_resend(desk: Desk) -> None:
    """Resend refuses a known key with another content (409); somebody who mends the address must not meet that."""
    desk.person("ada", address="ada@wrong.example")
    desk.incident("s3")
    desk.round(sending=False)
    desk.resend.fault = 500
    desk.send()
    desk.sql("update alert_subscriptions set address = 'ada@right.example'")
    desk.resend.fault = ""
    desk.restart(MONITOR_MAIL_FROM="other@example.com")
    desk.round(60)
    (mail,) = desk.resend.box.mails()
    assert (mail["to"], mail["sender"]) == (("ada@right.example",), "other@example.com")


def test_without_a_sender_it_waits_and_says_which_setting_is_missing(desk: Desk) -> None:
    desk.person("ada")
    desk.restart(MONITOR_MAIL_FROM="", RESEND_API_KEY="")
    desk.incident("s3")
    for _ in range(5):
        desk.round(60)
    (delivery,) = get_deliveries(desk.store, desk.now)
    assert delivery.said == "Set RESEND_API_KEY and MONITOR_MAIL_FROM to send this."
    assert desk.resend.posts == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "Resend refuses the key (HTTP 401): put another one into RESEND_API_KEY."),
        (403, "Resend refuses the sender or receiver (HTTP 403): its domain has to be verified there, see"
              " MONITOR_MAIL_FROM."),
        (409, "Resend is still at the last try (HTTP 409)."),
        (422, "Resend does not take it (HTTP 422); look at MONITOR_MAIL_FROM and the address."),
        (429, "Resend limits requests just now (HTTP 429)."),
        (302, "Resend redirects elsewhere (HTTP 302); write the final address into RESEND_API_URL."),
        (503, "Resend failed with an error of its own (HTTP 503)."),
    ],
)  # fmt: skip
def test_what_resend_refuses_is_said_in_our_words_and_waits(desk: Desk, status: int, said: str) -> None:
    desk.person("ada")
    desk.resend.fault = status
    desk.incident("s3")
    desk.round()
    (delivery,) = get_deliveries(desk.store, desk.now)
    assert (delivery.said, delivery.waiting) == (said, 1)


@pytest.mark.parametrize("behaviour", [drip_headers, endless_1xx, huge_body])
def test_no_vendor_holds_a_send_beyond_its_deadline(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, behaviour: Any
) -> None:
    """The package's own client has no total deadline: headers dripped byte by byte held it for half a minute."""
    monkeypatch.setattr(mail, "SEND_S", 0.5)
    monkeypatch.setattr(webhook, "SEND_S", 0.5)
    with FaultServer(behaviour) as server:
        desk.restart(RESEND_API_URL=server.url, MONITOR_WEBHOOK_URL=server.url)
        began = utcnow()
        assert not mail.send(desk.settings, "a@example.com", "s", "t", "<p>t</p>", "k").sent
        letter = {"subject": "s", "text": "t", "alerts": []}
        assert not webhook.post(desk.settings, letter, "k", began).sent
        assert utcnow() - began < timedelta(seconds=2.5)


def test_nobody_there_is_refused_in_words(desk: Desk) -> None:
    desk.restart(RESEND_API_URL="http://127.0.0.1:1")
    outcome = mail.send(desk.settings, "a@example.com", "s", "t", "<p>t</p>", "k")
    assert outcome.said == "No connection to Resend: refused, or no route."


def test_pauses_grow_and_are_bounded_and_after_days_it_is_given_up(desk: Desk) -> None:
    assert [pause(n, 1.0).total_seconds() for n in (1, 2, 3, 5, 6, 50)] == [20, 40, 80, 320, 600, 600]
    desk.person("ada")
    desk.resend.fault = 500
    desk.incident("s3")
    desk.round()
    while desk.outbox()[0][1] == "waiting":
        desk.round(1800, sending=True)
        assert desk.now - desk.sql("select made_at from alert_outbox order by id")[0]["made_at"] < 2 * GIVE_UP
    (delivery,) = get_deliveries(desk.store, desk.now)
    assert delivery.given_up_at == desk.now
    assert delivery.in_trouble(desk.now)


def test_one_receiver_who_is_refused_keeps_nobody_else_waiting(desk: Desk) -> None:
    desk.person("ada")
    desk.person("bob", address="bob@nowhere")
    desk.incident("s3")
    for _ in range(3):
        desk.round(60)
    assert [mail["to"] for mail in desk.resend.box.mails()] == [("ada@example.com",)]
    waiting = {d.user: d.waiting for d in get_deliveries(desk.store, desk.now)}
    assert waiting == {"ada": 0, "bob": 1}


def test_the_webhook_gets_every_letter_signed(hooked: Desk) -> None:
    number = hooked.incident("s3")
    hooked.round()
    hooked.over(number)
    hooked.round()
    (first, body), (_, second) = hooked.hook.posts
    expected = hmac.new(SECRET.encode(), first["x-salina-timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert first["x-salina-signature"] == f"v1={expected}"
    assert abs(int(first["x-salina-timestamp"]) - utcnow().timestamp()) < 30
    content = json.loads(body)
    assert content["id"] == first["x-salina-delivery"]
    assert content["text"].startswith(
        "[Salina Monitor] S3 is down\n\nS3 is down\nSince 12:00 UTC, 24 Nov, for 10 s now."
    )
    (alert,) = content["alerts"]
    assert (alert["event"], alert["rule"], alert["scope"], alert["level"]) == ("opened", "service", "s3", "trouble")
    assert alert["url"] == "https://monitor.example.com/admin/health"
    assert json.loads(second)["alerts"][0]["event"] == "resolved"


def test_a_webhook_without_a_secret_is_posted_unsigned(desk: Desk) -> None:
    desk.restart(MONITOR_WEBHOOK_URL=desk.hook.url)
    desk.incident("s3")
    desk.round()
    assert "x-salina-signature" not in desk.hook.posts[0][0]


def test_the_webhook_tells_of_resend_when_mail_cannot(hooked: Desk) -> None:
    hooked.person("ada")
    hooked.resend.fault = 500
    hooked.incident("resend")
    hooked.round()
    assert "Resend is down" in json.loads(hooked.hook.posts[0][1])["text"]
    assert hooked.outbox() == [("mail", "waiting", 1), ("webhook", "sent", 1)]


def test_the_webhook_does_not_wait_behind_mails_while_resend_hangs(
    hooked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def hangs(*_: object) -> Outcome:
        hooked.now += timedelta(seconds=8)
        sent.append("mail")
        return not_sent("timeout", mail.WHO)

    def takes(*_: object) -> Outcome:
        sent.append("webhook")
        return taken("The webhook", 200)

    monkeypatch.setattr(mail, "send", hangs)
    monkeypatch.setattr(webhook, "post", takes)
    for number in range(6):
        hooked.person(f"user{number}")
    first = hooked.incident("resend")
    hooked.round()
    assert sent == ["webhook"] + ["mail"] * 6 + sent[7:]
    hooked.over(first)
    sent.clear()
    hooked.round(600, sending=False)
    hooked.alerts.postman.one()
    assert sent == ["webhook"], "what is new passes the mails that wait to be tried again"


@pytest.mark.parametrize("fault", [500, 404, 302, 429])
def test_a_webhook_that_was_down_gets_it_once_it_is_back_and_is_never_redirected(hooked: Desk, fault: int) -> None:
    hooked.hook.fault = fault
    hooked.incident("s3")
    for _ in range(3):
        hooked.round(60)
    tried = len(hooked.hook.posts)
    assert tried >= 2
    hooked.hook.fault = ""
    for _ in range(5):
        hooked.round(600)
    assert len(hooked.hook.posts) == tried + 1
    assert hooked.outbox()[0][1] == "sent"


def test_no_secret_and_no_word_of_a_customer_leaves_the_house(hooked: Desk) -> None:
    """Errors of jobs may say anything, and messages of checks name hosts: neither may carry a key outside."""
    canary = "c4naryOfACustomer"
    hooked.person("ada")
    hooked.jobs(1, 8, message=f"no invoice for {canary}@customer.example, token {SECRET}")
    hooked.incident("s3", message=f"Refused: {hooked.settings.resend_api_key} and {SECRET} at {hooked.hook.url}")
    for _ in range(4):
        hooked.round(60, reading=True)
    kept = json.dumps(hooked.sql("select letter from alert_outbox"))
    sent = kept + "".join(body.decode() for _, body in (*hooked.resend.posts, *hooked.hook.posts))
    assert "PDF generation: jobs fail more than usual" in sent
    for secret in (canary, SECRET, hooked.settings.resend_api_key, "boom", "Traceback"):
        assert secret not in sent


def test_no_log_line_holds_an_address_or_a_secret(hooked: Desk, caplog: pytest.LogCaptureFixture) -> None:
    hooked.person("ada")
    hooked.resend.fault, hooked.hook.fault = 500, 404
    hooked.incident("s3")
    with caplog.at_level("DEBUG", logger="salina_monitor"):
        hooked.round()
    assert "an alert was not sent (mail, try 1): vendor_error" in caplog.text
    for secret in ("ada@", SECRET, "T000", hooked.settings.resend_api_key):
        assert secret not in caplog.text


def test_sending_goes_on_beside_the_round(desk: Desk) -> None:
    desk.person("ada")
    desk.incident("s3")
    desk.round(sending=False)
    background = Background()
    desk.alerts.send(background)
    wait_until(lambda: desk.subjects == ["S3 is down"])
    background.close()
    desk.alerts.send(background)
    assert len(desk.resend.posts) == 1
