"""Alerts over a real store with a clock of the test, a played Resend and a webhook."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salina_monitor.accounts import users_of
from salina_monitor.alerts import Alerts, Postman, get_alerts
from salina_monitor.health import Lease
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import Mirror
from salina_monitor.models import JobStatus, Role
from salina_monitor.queries import JobSource
from salina_monitor.store import Store
from tests.support.fake_client import FakeClient, run
from tests.support.played_resend import Receiver

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = "re_played_0000000000000000"


class Desk:
    """One alerting process over the store; `restart` makes a new one, so that nothing lives in memory."""

    def __init__(self, store: Store, settings_for: Callable[..., Any], resend: Receiver, hook: Receiver) -> None:
        self.store, self.settings_for, self.resend, self.hook = store, settings_for, resend, hook
        self.now = START
        self.client = FakeClient(now=START)
        self.env = {
            "RESEND_API_KEY": KEY, "RESEND_API_URL": resend.url, "MONITOR_MAIL_FROM": "Monitor <alerts@example.com>",
            "MONITOR_PUBLIC_URL": "https://monitor.example.com", "MONITOR_BCRYPT_COST": "4",
        }  # fmt: skip
        self.restart()

    def restart(self, **env: str) -> None:
        self.env |= env
        self.settings = self.settings_for(**self.env)
        assert not self.settings.problems
        self.alerts, self.lease = self.another()

    def another(self) -> tuple[Alerts, Lease]:
        """Another process: its alerts and its claim."""
        source = JobSource(self.store, JobTypes.of(self.settings), clock=lambda: self.now)
        postman = Postman(self.store, self.settings, now=lambda: self.now, jitter=lambda: 1.0)
        return Alerts(self.settings, self.store, source, postman=postman), Lease(self.store, owner="one")

    def person(self, name: str, role: Role = Role.OWNER, *, tenant: str | None = None, address: str = "") -> None:
        users_of(self.store, self.settings).add(name, role, "correct horse battery", tenant=tenant)
        self.sql(
            "insert into alert_subscriptions (user_name, address, since) values (%s, %s, %s)",
            name, address or f"{name}@example.com", self.now,
        )  # fmt: skip

    def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        with self.store.connection() as conn:
            found = conn.execute(text.encode(), values)
            return found.fetchall() if found.description else []

    def incident(self, scope: str, *, worst: str = "unhealthy", message: str = "No answer within 4.8 s.") -> int:
        (row,) = self.sql(
            "insert into incidents (scope, opened_at, worst, code, message) values (%s, %s, %s, 'timeout', %s) returning id",
            scope, self.now, worst, message,
        )  # fmt: skip
        return int(row["id"])

    def over(self, incident_id: int) -> None:
        self.sql("update incidents set closed_at = %s where id = %s", self.now, incident_id)

    def jobs(self, first: int, n: int, status: JobStatus = JobStatus.FAILED, **more: Any) -> None:
        for number in range(first, first + n):
            queued = self.now - timedelta(minutes=2)
            self.client.put(run(number, status, queued=queued, took_s=30, **more))

    def read(self) -> None:
        """Read everything from Inngest, now."""
        self.client.now = self.now
        mirror = Mirror(self.store, self.client, self.settings, clock=lambda: self.now)  # type: ignore[arg-type]
        mirror.sync_now()
        mirror.close()

    def round(self, seconds: float = 10, *, reading: bool = False, sending: bool = True) -> int:
        """Let time pass, then one round, and whatever is to be sent is."""
        self.now += timedelta(seconds=seconds)
        if reading:
            self.read()
        assert self.lease.take()
        told = self.alerts.round(self.lease, self.now)
        if sending:
            self.send()
        return told

    def send(self) -> None:
        self.alerts.postman.work(threading.Event())

    @property
    def subjects(self) -> list[str]:
        return [subject.removeprefix("[Salina Monitor] ") for subject in self.resend.subjects]

    def open(self) -> list[str]:
        return sorted(a.key.split(":")[0] for a in get_alerts(self.store, self.now) if a.closed_at is None)

    def outbox(self) -> list[tuple[str, str, int]]:
        rows = self.sql("select channel, state, attempts from alert_outbox order by id")
        return [(row["channel"], row["state"], row["attempts"]) for row in rows]


@pytest.fixture
def desk(store: Store, settings_for: Callable[..., Any]) -> Iterator[Desk]:
    with Receiver() as resend, Receiver() as hook:
        yield Desk(store, settings_for, resend, hook)
