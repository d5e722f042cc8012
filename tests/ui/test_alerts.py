"""Alerts on the pages: who asks for mail under Account, what the Health page tells, the banner, the sandbox's mails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.activity import ActivityFilters
from salina_monitor.alerts import Alerts, Postman
from salina_monitor.alerts.outbox import GIVE_UP
from salina_monitor.health import Lease
from salina_monitor.models import Role, User, utcnow
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui.session import TOKEN
from tests.support.played_resend import Receiver
from tests.ui.stage import Stage, opened, texts

ACCOUNT = "from salina_monitor.ui import account\naccount.render()\n"


@pytest.fixture
def resend() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def stage(store: Store, settings_for: Callable[..., Settings], resend: Receiver) -> Iterator[Stage]:
    settings = settings_for(
        MONITOR_BCRYPT_COST="4", RESEND_API_KEY="re_played_0000000000000000", RESEND_API_URL=resend.url,
        MONITOR_MAIL_FROM="alerts@example.com",
    )  # fmt: skip
    runtime.configure(settings, store=store)
    made = Stage(store, settings)
    yield made
    monitors.close()
    runtime.configure(settings)


def account(stage: Stage, token: str = "") -> AppTest:
    app = AppTest.from_string(ACCOUNT, default_timeout=20)
    app.session_state[TOKEN] = token or stage.token
    app.run()
    assert not app.exception
    return app


def page(stage: Stage, name: str, token: str = "") -> AppTest:
    return opened(name, token or stage.token)


def user(stage: Stage, name: str, role: Role, tenant: str | None = None) -> str:
    accounts = runtime.get().accounts
    accounts.users.add(name, role, "correct horse battery", tenant=tenant)
    return accounts.sessions.start(name, address="local", agent="")


def sql(stage: Stage, text: str, *values: Any) -> list[dict[str, Any]]:
    with stage.monitor.store.connection() as conn:
        found = conn.execute(text.encode(), values)
        return found.fetchall() if found.description else []


def press(app: AppTest, key: str) -> str:
    app.button(key=key).click().run()
    return texts(app)


def opted_in(stage: Stage) -> AppTest:
    app = account(stage)
    app.text_input(key="alert_address").set_value("boss@example.com")
    assert "Alerts go to boss@example.com from now on." in press(app, "alerts_on")
    return app


def test_an_owner_asks_for_mail_tests_it_and_leaves_it(stage: Stage, resend: Receiver) -> None:
    app = account(stage)
    assert "You get none." in texts(app)
    app = opted_in(stage)
    assert "Sent to boss@example.com, since" in texts(app)
    assert "Resend took it (HTTP 200). Look into your inbox, and into spam." in press(app, "alerts_test")
    assert resend.subjects == ["[Salina Monitor] A test"]
    assert "A test was sent less than a minute ago" in press(app, "alerts_test")
    assert len(resend.posts) == 1
    assert "You get no more mail." in press(app, "alerts_off")
    assert "You get none." in texts(app.run())
    rows = runtime.get().accounts.activity.rows(ActivityFilters())
    kinds = [row.kind for row in rows]
    assert kinds[:3] == ["alert_mail_off", "alert_tested", "alert_mail_on"]
    assert "boss@" not in repr(rows)


@pytest.mark.parametrize("fault", [500, 403])
def test_a_test_says_why_it_did_not_arrive(stage: Stage, resend: Receiver, fault: int) -> None:
    app = opted_in(stage)
    resend.fault = fault
    said = press(app, "alerts_test")
    assert f"(HTTP {fault})" in said
    assert "Look into your inbox" not in said


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "ada@example", "Ada <ada@example.com>", "a@example.com, b@example.com",
     "ada@example.com\nBcc: all@example.com", "ada@example.com\r\nX: y", "ada@exam ple.com", "a" * 250 + "@example.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_a_sentence(stage: Stage, address: str) -> None:
    app = account(stage)
    app.text_input(key="alert_address").set_value(address[:254])
    assert "That is not a mail address: write one alone" in press(app, "alerts_on")
    assert sql(stage, "select * from alert_subscriptions") == []


def test_who_sees_one_tenant_gets_none_and_is_told_why(stage: Stage) -> None:
    app = account(stage, user(stage, "tim", Role.ADMIN, "acme"))
    assert "Alerts are about all tenants" in texts(app)
    assert not [box for box in app.text_input if box.key == "alert_address"]


def test_other_roles_do_not_see_the_section(stage: Stage) -> None:
    assert "Alerts by mail" not in texts(account(stage, user(stage, "eve", Role.EDITOR)))


def test_whose_role_was_taken_away_meanwhile_is_refused_by_the_action(stage: Stage) -> None:
    token = user(stage, "ada", Role.ADMIN)
    app = account(stage, token)
    app.text_input(key="alert_address").set_value("ada@example.com")
    runtime.get().accounts.users.set_role("ada", Role.AUTHOR)
    app.button(key="alerts_on").click().run()
    assert sql(stage, "select * from alert_subscriptions") == []


def test_another_address_takes_the_place_of_the_first(stage: Stage, resend: Receiver) -> None:
    app = opted_in(stage)
    app.text_input(key="alert_address").set_value("night@example.com")
    assert "Alerts go to night@example.com from now on." in press(app, "alerts_on")
    press(app, "alerts_test")
    assert [mail["to"] for mail in resend.box.mails()] == [("night@example.com",)]
    assert "boss@example.com" not in texts(account(stage))


def test_each_admin_asks_for_themselves_and_the_health_page_names_who_is_told(stage: Stage) -> None:
    opted_in(stage)
    for name in ("ada", "bob"):
        app = account(stage, user(stage, name, Role.ADMIN))
        assert "You get none." in texts(app), "what another chose is not theirs"
        app.text_input(key="alert_address").set_value(f"{name}@example.com")
        press(app, "alerts_on")
    assert "Told: mail to ada, mail to bob, mail to owner." in texts(page(stage, "health"))
    runtime.get().accounts.users.set_disabled("ada", True)
    runtime.get().accounts.users.set_role("bob", Role.EDITOR)
    assert "Told: mail to owner." in texts(page(stage, "health"))


def test_who_asks_where_nothing_can_be_sent_is_told_what_is_missing(
    stage: Stage, settings_for: Callable[..., Settings]
) -> None:
    runtime.configure(settings_for(MONITOR_BCRYPT_COST="4"), store=stage.monitor.store)
    said = texts(account(stage))
    assert "Set RESEND_API_KEY and MONITOR_MAIL_FROM to send this." in said
    assert "Mails hold no links, for MONITOR_PUBLIC_URL is not set." in said


def alert(stage: Stage, rule: str = "service", scope: str = "s3", title: str = "S3 is down", *, told: int = 1) -> None:
    now = utcnow()
    sql(
        stage,
        "insert into alerts (key, rule, scope, level, title, began_at, opened_at, told_at, told)"
        " values (%s, %s, %s, 'trouble', %s, %s, %s, %s, %s)",
        f"{rule}:{title}", rule, scope, title, now - timedelta(minutes=9), now, now if told else None, told,
    )  # fmt: skip


def waiting(stage: Stage, attempts: int) -> None:
    now = utcnow()
    sql(
        stage,
        "insert into alert_outbox (channel, user_name, letter, made_at, attempts, next_at, tried_at, code, said)"
        " values ('mail', 'owner', '{}', %s, %s, %s, %s, 'bad_key', 'Resend refuses the key (HTTP 401).')",
        now - timedelta(minutes=5), attempts, now + timedelta(minutes=1), now,
    )  # fmt: skip


def test_the_health_page_with_nothing_to_tell(stage: Stage) -> None:
    said = texts(page(stage, "health"))
    assert "No alert is open." in said
    assert "Nobody is told: nobody asked for mail under Account, and MONITOR_WEBHOOK_URL is not set." in said


def test_where_nobody_wants_to_hear_nobody_was_told(stage: Stage) -> None:
    alert(stage)
    said = texts(page(stage, "health"))
    assert "told to nobody" in said
    assert " · told 1" not in said


def test_of_what_is_open_trouble_comes_before_what_wants_attention(stage: Stage) -> None:
    alert(stage)
    alert(stage, "stuck", "jobs", "PDF generation: jobs are stuck")
    sql(
        stage, "update alerts set level = 'attention', opened_at = opened_at + interval '1 minute' where rule = 'stuck'"
    )
    said = texts(page(stage, "health"))
    assert said.index("S3 is down") < said.index("PDF generation: jobs are stuck")


def test_the_health_page_tells_what_is_open_who_knows_and_what_waits(stage: Stage) -> None:
    opted_in(stage)
    alert(stage)
    alert(stage, "failing", "jobs", "PDF generation: jobs fail more than usual", told=0)
    waiting(stage, 4)
    said = texts(page(stage, "health"))
    assert "S3 is down" in said
    assert "not told: quiet for maintenance" in said
    assert "Told: mail to owner." in said
    assert "Mail to owner: last sent never; 1 letter waiting since" in said
    assert "tried 4 times" in said
    assert "Resend refuses the key (HTTP 401)." in said


def test_who_sees_one_tenant_is_shown_no_numbers_of_others(stage: Stage) -> None:
    alert(stage)
    alert(stage, "failing", "jobs", "PDF generation: jobs fail more than usual")
    waiting(stage, 4)
    token = user(stage, "tim", Role.ADMIN, "acme")
    said = texts(page(stage, "health", token))
    assert "S3 is down" in said
    assert "PDF generation" not in said
    assert "Mail to owner" not in said
    assert "Alerts not delivered" not in texts(page(stage, "system", token))


def test_the_health_page_names_what_keeps_mail_from_going_out(
    stage: Stage, settings_for: Callable[..., Settings]
) -> None:
    opted_in(stage)
    without = settings_for(MONITOR_BCRYPT_COST="4")
    object.__setattr__(stage.monitor, "settings", without)
    assert "Set RESEND_API_KEY and MONITOR_MAIL_FROM to send this." in texts(page(stage, "health"))


@pytest.mark.parametrize(("attempts", "shown"), [(0, False), (1, False), (2, True)])
def test_the_banner_is_there_while_something_cannot_be_delivered(stage: Stage, attempts: int, shown: bool) -> None:
    waiting(stage, attempts)
    said = texts(stage.open())
    assert ("Mail to owner: 1 letter waiting since " in said) is shown
    assert (", tried again by itself. Resend refuses the key (HTTP 401)." in said) is shown


MAILING = ("MONITOR_BCRYPT_COST", "RESEND_API_KEY", "RESEND_API_URL", "MONITOR_MAIL_FROM")


def owner(stage: Stage) -> User:
    found = runtime.get().accounts.users.get("owner")
    assert found is not None
    return found


class TestWhenResendItselfIsThePatient:
    """What cannot be mailed is kept, tried again, shown on both pages, and goes out when Resend is back."""

    def post(self, stage: Stage, now: datetime) -> None:
        Postman(stage.monitor.store, stage.settings, now=lambda: now, jitter=lambda: 1.0).work(threading.Event())

    def trouble(self, stage: Stage, now: datetime) -> None:
        """Resend has been down since then, and it is to be told."""
        sql(stage, "insert into incidents (scope, opened_at, worst, code) values ('resend', %s, 'unhealthy', 'x')", now)
        lease = Lease(stage.monitor.store)
        assert lease.take()
        Alerts(stage.settings, stage.monitor.store, stage.monitor.jobs_for(owner(stage))).round(lease, now)

    def test_it_is_kept_shown_and_mailed_once_when_it_is_back(self, stage: Stage, resend: Receiver) -> None:
        opted_in(stage)
        resend.fault = 503
        began = utcnow() - timedelta(minutes=10)
        self.trouble(stage, began)
        self.post(stage, began)
        assert "Alerts not delivered" not in texts(stage.open()), "one try that failed is no news"
        self.post(stage, began + timedelta(minutes=1))
        said = texts(stage.open())
        assert "Alerts not delivered" in said
        assert "Mail to owner: 1 letter waiting since " in said
        assert ", tried again by itself. Resend failed with an error of its own (HTTP 503)." in said
        health = texts(page(stage, "health"))
        assert "Resend is down" in health
        assert "Mail to owner: last sent never; 1 letter waiting since" in health
        assert "tried 2 times, again" in health
        assert "not delivered yet" in health
        assert "told " not in health, "nobody has heard of it"
        assert resend.subjects == []
        resend.fault = ""
        self.post(stage, began + timedelta(minutes=9))
        assert resend.subjects == ["[Salina Monitor] Resend is down"]
        assert "Alerts not delivered" not in texts(stage.open())
        health = texts(page(stage, "health"))
        assert "Mail to owner: last sent" in health
        assert "last sent never" not in health
        assert "not delivered yet" not in health
        assert " · told " in health
        assert "waiting" not in health.partition("Mail to owner:")[2].partition("\n")[0]

    def test_what_was_given_up_is_shown_for_a_day(self, stage: Stage, resend: Receiver) -> None:
        opted_in(stage)
        resend.fault = 503
        began = utcnow() - GIVE_UP - timedelta(hours=1)
        self.trouble(stage, began)
        self.post(stage, began + GIVE_UP + timedelta(minutes=1))
        assert "Mail to owner: given up. Resend failed with an error of its own (HTTP 503)." in texts(stage.open())
        assert "; given up " in texts(page(stage, "health"))
        sql(stage, "update alert_outbox set settled_at = settled_at - interval '1 day'")
        assert "Alerts not delivered" not in texts(stage.open())

    def test_the_webhook_hears_of_it_and_its_address_is_not_shown(
        self, stage: Stage, resend: Receiver, settings_for: Callable[..., Settings]
    ) -> None:
        opted_in(stage)
        resend.fault = 503
        began = utcnow() - timedelta(minutes=5)
        with Receiver() as hook:
            env = {name: str(stage.settings.values[name.lower()]) for name in MAILING}
            settings = settings_for(**env, MONITOR_WEBHOOK_URL=f"{hook.url}/services/T0-secret")
            stage.settings = settings
            object.__setattr__(stage.monitor, "settings", settings)
            self.trouble(stage, began)
            self.post(stage, began)
            self.post(stage, began + timedelta(minutes=1))
            assert len(hook.posts) == 1
        assert b"Resend is down" in hook.posts[0][1]
        health = texts(page(stage, "health"))
        assert "Told: mail to owner, the webhook." in health
        assert "The webhook: last sent" in health
        assert " · told " in health, "one way is enough to have heard"
        assert "T0-secret" not in health
        assert "The webhook" not in texts(stage.open()), "what arrives needs nobody"
