"""What people are told, step by step: incidents, jobs, flapping, reminders, restarts, two processes, maintenance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from salina_monitor.alerts import watch
from salina_monitor.health import LeaseGone, read_collector
from salina_monitor.models import JobStatus, Role, Service
from salina_monitor.store import Store, StoreUnavailable
from tests.integration.alerts.conftest import Desk
from tests.integration.health.test_collector import Scene
from tests.support.waiting import wait_until


def test_an_incident_is_one_mail_and_its_end_another(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    for _ in range(20):
        desk.round()
    assert desk.subjects == ["S3 is down"]
    desk.over(number)
    for _ in range(5):
        desk.round()
    assert desk.subjects == ["S3 is down", "Over: S3 is down"]
    assert [mail["to"] for mail in desk.resend.box.mails()] == [("ada@example.com",)] * 2
    assert desk.open() == []


def test_a_restart_between_any_two_steps_neither_repeats_nor_forgets(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    for _ in range(3):
        desk.restart()
        desk.round(sending=False)
        desk.restart()
        desk.send()
    desk.over(number)
    for _ in range(3):
        desk.restart()
        desk.round(sending=False)
        desk.restart()
        desk.send()
    assert desk.subjects == ["S3 is down", "Over: S3 is down"]


def test_a_service_that_flaps_is_one_alert_and_a_handful_of_mails(desk: Desk) -> None:
    desk.person("ada")
    for _ in range(12):  # a minute bad, a minute and a half good
        desk.restart()
        number = desk.incident("s3")
        for _ in range(6):
            desk.round()
        desk.over(number)
        for _ in range(9):
            desk.round()
    assert desk.subjects == ["S3 is down", "Over: S3 is down", "S3 is down again"]
    assert desk.open() == ["service"]
    for _ in range(27):
        desk.round(60)
    assert len(desk.subjects) == 3
    for _ in range(3):
        desk.restart()
        desk.round(60)
    assert desk.subjects[3:] == ["Over: S3 is down again"]
    text = desk.resend.box.mails()[0]["text"]
    assert (
        "Since 12:00 UTC, 24 Nov, over since 12:28 UTC, 24 Nov, after 28 min. It came back 11 times meanwhile." in text
    )
    desk.now += timedelta(minutes=1)
    desk.incident("s3")
    desk.round()
    assert desk.subjects[4:] == ["S3 is down"], "after the quiet it is another trouble"


def test_who_looks_after_a_flapping_service_is_not_reminded_of_it(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    desk.sql("update incidents set acknowledged_at = %s, acknowledged_by = 'ada' where id = %s", desk.now, number)
    desk.round()
    desk.over(number)
    desk.round()
    desk.incident("s3")
    desk.round()
    for _ in range(20):
        desk.round(3600)
    assert desk.subjects == ["S3 is down", "Over: S3 is down", "S3 is down again"]


def test_incidents_that_open_in_one_round_are_one_mail(desk: Desk) -> None:
    desk.person("ada")
    desk.incident("s3", worst="degraded")
    desk.incident("clerk")
    desk.round()
    assert desk.subjects == ["Clerk is down; S3 is degraded"]
    (mail,) = desk.resend.box.mails()
    assert "S3 is degraded" in mail["text"]


def test_an_incident_that_gets_worse_is_said_once(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3", worst="degraded")
    desk.round()
    desk.sql("update incidents set worst = 'unhealthy' where id = %s", number)
    for _ in range(5):
        desk.round()
    assert desk.subjects == ["S3 is degraded", "Worse: S3 is down"]


def test_the_network_is_one_alert_and_not_five(desk: Desk) -> None:
    """The first services to turn bad are kept back until another was well since: then it is not the network."""
    desk.person("ada")
    for service in ("database", "clerk", "s3", "resend", "inngest"):
        desk.sql("insert into incident_watch (service, last_at, bad) values (%s, %s, 1)", service, desk.now)
    first = desk.incident("s3")
    desk.round()
    assert desk.subjects == []
    network = desk.incident("network", message="No service answers: most likely this machine's own network.")
    for service in ("database", "clerk", "resend", "inngest"):
        desk.incident(service)
    desk.sql("update incidents set part_of = %s where scope <> 'network'", network)
    for _ in range(20):
        desk.round()
    assert desk.subjects == ["No service answers"]
    desk.sql("update incidents set closed_at = %s, part_of = null where id <> %s", desk.now, first)
    desk.sql("update incidents set part_of = null")
    desk.sql("update incident_watch set bad = 0, last_at = %s where service <> 's3'", desk.now)
    for _ in range(3):
        desk.round()
    assert desk.subjects[1:] == ["S3 is down", "Over: No service answers"], "what stays is the service's own trouble"


def test_a_service_alone_is_told_as_soon_as_another_was_well_and_after_two_minutes_at_the_latest(desk: Desk) -> None:
    desk.person("ada")
    for service in ("clerk", "s3", "resend"):
        desk.sql("insert into incident_watch (service, last_at, bad) values (%s, %s, 1)", service, desk.now)
    desk.incident("s3")
    desk.round()
    assert desk.subjects == []
    desk.sql("update incident_watch set bad = 0, last_at = %s where service = 'clerk'", desk.now)
    desk.round()
    assert desk.subjects == ["S3 is down"]
    desk.sql("update incident_watch set bad = 1")
    desk.incident("clerk")
    desk.round(60)
    assert len(desk.subjects) == 1
    desk.round(61)
    assert desk.subjects[1:] == ["Clerk is down"]


def test_failures_above_the_usual_are_told_after_two_looks_and_over_after_two(desk: Desk) -> None:
    desk.person("ada")
    desk.jobs(1, 6)
    assert desk.round(60, reading=True) == 0, "once is not enough"
    assert desk.round(10, reading=True) == 0, "a look ten seconds later is the same look"
    assert desk.round(60, reading=True) == 1
    assert desk.subjects == ["PDF generation: jobs fail more than usual"]
    desk.now += timedelta(hours=1)
    desk.round(60, reading=True)
    assert desk.open() == ["failing"]
    desk.round(60, reading=True)
    assert desk.subjects[1:] == ["Over: PDF generation: jobs fail more than usual"]


def test_flapping_sends_one_mail(desk: Desk) -> None:
    """Bad, good, bad, good …: seen never twice in a row it does not open, and gone never twice it does not close."""
    desk.person("ada")
    desk.jobs(1, 6)
    bad, good = "update runs set superseded_seq = 9223372036854775807", "update runs set superseded_seq = 0"
    for _ in range(4):
        desk.sql(bad)
        desk.round(60, reading=True)
        desk.sql(good)
        desk.round(60, reading=True)
    assert desk.subjects == []
    desk.sql(bad)
    desk.round(60, reading=True)
    desk.round(60, reading=True)
    for _ in range(4):
        desk.sql(good)
        desk.round(60, reading=True)
        desk.sql(bad)
        desk.round(60, reading=True)
    assert desk.subjects == ["PDF generation: jobs fail more than usual"]


def test_stuck_jobs_and_the_oldest_of_the_queue(desk: Desk) -> None:
    desk.person("ada")
    desk.jobs(1, 2, JobStatus.QUEUED)
    desk.round(60, reading=True)
    desk.now += timedelta(minutes=70)
    for _ in range(3):
        desk.round(60, reading=True)
    assert desk.open() == ["queue", "stuck"]
    assert desk.subjects == ["A job waits very long for its turn; PDF generation: jobs are stuck"]
    text = desk.resend.box.mails()[0]["text"]
    assert "2 jobs of 2 queued waited longer than usual" in text
    assert "The oldest of 2 queued jobs waits for 1" in text


def test_old_data_is_told_and_freezes_what_is_judged_of_jobs(desk: Desk) -> None:
    desk.person("ada")
    desk.jobs(1, 6)
    for _ in range(2):
        desk.round(60, reading=True)
    assert desk.open() == ["failing"]
    for _ in range(90):
        desk.round(60)
    assert desk.open() == ["failing", "stale"], "nobody knows whether they still fail"
    assert desk.subjects[1:] == ["Job data is old"]
    for _ in range(2):
        desk.round(60, reading=True)
    assert desk.subjects[2:] == ["Over: PDF generation: jobs fail more than usual; Job data is old"]


def test_old_data_is_not_told_beside_the_incident_that_explains_it(desk: Desk) -> None:
    desk.person("ada")
    desk.round(60, reading=True)
    desk.incident("inngest")
    for _ in range(20):
        desk.round(60)
    assert desk.subjects == ["Inngest is down"]


def test_a_type_that_succeeds_no_more_is_told_after_longer_than_its_longest_silence(desk: Desk) -> None:
    desk.person("ada")
    for hours in range(0, 48, 4):
        number = 100 + hours
        desk.now -= timedelta(hours=hours)
        desk.jobs(number, 1, JobStatus.COMPLETED)
        desk.now += timedelta(hours=hours)
    desk.round(60, reading=True)
    desk.now += timedelta(hours=5)
    for _ in range(3):
        desk.round(60, reading=True)
    assert desk.open() == [], "it was silent for four hours before"
    desk.now += timedelta(hours=1, minutes=30)
    for _ in range(3):
        desk.round(60, reading=True)
    assert desk.subjects == ["PDF generation: no success for 6 h"]


def silence(desk: Desk) -> None:
    """One is told: a job succeeded every four hours, and then none for eight."""
    desk.person("ada")
    for hours in range(0, 48, 4):
        desk.now -= timedelta(hours=hours)
        desk.jobs(100 + hours, 1, JobStatus.COMPLETED)
        desk.now += timedelta(hours=hours)
    desk.round(60, reading=True)
    desk.now += timedelta(hours=8)
    for _ in range(2):
        desk.round(60, reading=True)


def test_a_silence_that_is_forgotten_is_not_told_as_over(desk: Desk) -> None:
    silence(desk)
    assert desk.subjects == ["PDF generation: no success for 8 h"]
    desk.now += timedelta(days=24)
    for _ in range(4):
        desk.restart()
        desk.round(60, reading=True)
    assert desk.subjects[-1].endswith("no longer judged")
    assert not [subject for subject in desk.subjects if subject.startswith("Over")]
    assert desk.open() == []
    assert "This is no all-clear" in desk.resend.box.mails()[0]["text"]


def test_a_silence_is_over_with_the_next_success(desk: Desk) -> None:
    silence(desk)
    desk.jobs(900, 1, JobStatus.COMPLETED)
    for _ in range(3):
        desk.round(60, reading=True)
    assert desk.subjects[1:] == ["Over: PDF generation: no success for 8 h"]


def test_what_is_usual_is_not_known_of_a_few_successes_and_then_nothing_is_told(desk: Desk) -> None:
    desk.person("ada")
    desk.jobs(1, 3, JobStatus.COMPLETED)
    desk.round(60, reading=True)
    desk.now += timedelta(days=3)
    for _ in range(3):
        desk.round(60, reading=True)
    assert desk.subjects == []


def test_reminders_come_once_then_daily_and_one_after_a_long_sleep(desk: Desk) -> None:
    desk.person("ada")
    desk.incident("s3")
    desk.round()
    for _ in range(3 * 60 + 55):
        desk.round(60)
    assert desk.subjects == ["S3 is down"]
    for _ in range(10):
        desk.round(60)
    assert desk.subjects[1:] == ["Still: S3 is down"]
    for _ in range(60):
        desk.round(1200)
    assert desk.subjects[2:] == []
    desk.now += timedelta(days=5)
    for _ in range(10):
        desk.restart()
        desk.round()
    assert desk.subjects[2:] == ["Still: S3 is down"], "one after the machine slept"


def test_who_looks_after_an_incident_is_not_reminded(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    desk.round()
    desk.sql("update incidents set acknowledged_at = %s, acknowledged_by = 'ada' where id = %s", desk.now, number)
    for _ in range(30):
        desk.round(3600)
    assert desk.subjects == ["S3 is down"]


def test_reminders_can_be_switched_off(desk: Desk) -> None:
    desk.restart(MONITOR_ALERT_REMIND_HOURS="0")
    desk.person("ada")
    desk.incident("s3")
    for _ in range(60):
        desk.round(3600)
    assert desk.subjects == ["S3 is down"]


def test_a_clock_that_is_set_back_repeats_nothing_and_goes_on(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    desk.round()
    desk.now -= timedelta(days=2)
    for _ in range(3):
        desk.round(60)
    assert desk.subjects == ["S3 is down"]
    for _ in range(5):
        desk.round(3600)
    assert desk.subjects[1:] == ["Still: S3 is down"]
    desk.over(number)
    desk.round()
    assert desk.subjects[2:] == ["Over: S3 is down"]


def test_of_two_processes_one_decides_and_the_other_writes_nothing(desk: Desk) -> None:
    desk.person("ada")
    desk.incident("s3")
    other_alerts, other = desk.another()
    other.owner = "two"
    desk.round(sending=False)
    with pytest.raises(LeaseGone):
        other_alerts.round(other, desk.now)
    desk.lease.drop()
    assert other.take()
    other_alerts.round(other, desk.now)
    with pytest.raises(LeaseGone):
        desk.alerts.round(desk.lease, desk.now)
    desk.send()
    desk.send()
    assert desk.subjects == ["S3 is down"]


def window(desk: Desk, *scopes: str, minutes: int = 30) -> None:
    desk.sql(
        "insert into maintenance_windows (starts_at, ends_at, scopes, why, who, created_at) values (%s, %s, %s, 'x', 'ada', %s)",
        desk.now, desk.now + timedelta(minutes=minutes), list(scopes), desk.now,
    )  # fmt: skip


def test_in_maintenance_nothing_is_told_and_what_stays_is_told_afterwards(desk: Desk) -> None:
    desk.person("ada")
    window(desk, "s3")
    desk.incident("s3")
    desk.incident("clerk")
    for _ in range(28):
        desk.round(60)
    assert desk.subjects == ["Clerk is down"]
    for _ in range(3):
        desk.round(60)
    assert desk.subjects[1:] == ["S3 is down"]


def test_what_began_and_ended_in_maintenance_is_never_told(desk: Desk) -> None:
    desk.person("ada")
    window(desk, "s3")
    number = desk.incident("s3")
    desk.round()
    desk.over(number)
    for _ in range(40):
        desk.round(60)
    assert desk.subjects == []


def test_the_end_of_what_was_told_waits_for_the_end_of_the_maintenance(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    desk.round()
    window(desk, "s3")
    desk.over(number)
    for _ in range(28):
        desk.round(60)
    assert desk.subjects == ["S3 is down"]
    for _ in range(4):
        desk.round(60)
    assert desk.subjects[1:] == ["Over: S3 is down"]
    assert "after 1 min" in desk.resend.box.mails()[0]["text"], "over when it was over, not when it was told"


def test_maintenance_of_jobs_quietens_what_is_judged_of_jobs(desk: Desk) -> None:
    desk.person("ada")
    window(desk, "jobs")
    desk.jobs(1, 6)
    for _ in range(5):
        desk.round(60, reading=True)
    assert desk.open() == ["failing"]
    assert desk.subjects == []


def test_mail_goes_to_those_who_may_have_it_when_it_is_sent(desk: Desk) -> None:
    desk.person("ada")
    desk.person("bob", Role.ADMIN)
    desk.person("eve", Role.FINANCE)
    desk.person("tim", Role.ADMIN, tenant="acme")
    desk.person("off", Role.ADMIN)
    desk.person("lent", Role.ADMIN)
    desk.sql("update users set disabled = true where name = 'off'")
    desk.sql("update users set must_change = true where name = 'lent'")
    desk.incident("s3")
    desk.round(sending=False)
    desk.sql("update users set role = 'author' where name = 'bob'")
    desk.send()
    assert [mail["to"] for mail in desk.resend.box.mails()] == [("ada@example.com",)]
    assert desk.outbox() == [("mail", "sent", 1), ("mail", "dropped", 1)]


def test_trouble_of_services_is_told_while_jobs_cannot_be_judged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question about jobs that takes too long must not keep back that the database is down."""

    def too_slow(**_: object) -> None:
        raise StoreUnavailable("store_timeout", "Too slow.")

    desk.person("ada")
    desk.jobs(1, 6)
    desk.round(60, reading=True)
    monkeypatch.setattr(watch, "get_evidence", too_slow)
    desk.incident("database")
    for _ in range(3):
        desk.round(60)
    assert desk.subjects == ["Database is down"]
    monkeypatch.undo()
    desk.round(60, reading=True)
    assert desk.open() == ["failing", "service"]


def test_a_collector_tells_by_itself(store: Store, settings_for: Any, desk: Desk) -> None:
    scene = Scene(store, settings_for, **desk.env)
    desk.person("ada")
    scene.run(35)
    scene.codes[Service.S3] = "timeout"
    scene.run(70)
    wait_until(lambda: len(desk.resend.posts) == 1)
    scene.codes[Service.S3] = "ok"
    scene.run(80)
    wait_until(lambda: len(desk.resend.posts) == 2)
    scene.collector.monitor.background.close()
    assert desk.subjects == ["S3 is down", "Over: S3 is down"]
    assert read_collector(store).errors == 0


def test_nothing_is_reminded_of_while_nobody_watches(desk: Desk) -> None:
    desk.person("ada")
    number = desk.incident("s3")
    watched = "insert into incident_watch (service, last_at, bad, is_bad, holds_until) values ('s3', %s, 2, true, %s)"
    desk.sql(watched, desk.now, desk.now + timedelta(seconds=90))
    desk.round()
    desk.now += timedelta(hours=8)
    desk.round()
    assert desk.subjects == ["S3 is down"]
    desk.sql("update incident_watch set holds_until = %s", desk.now + timedelta(minutes=5))
    desk.round()
    assert desk.subjects[1:] == ["Still: S3 is down"]
    ended = desk.now - timedelta(hours=8)
    desk.sql("update incidents set closed_at = %s, unwatched = true where id = %s", ended, number)
    desk.round()
    assert desk.subjects[2:] == ["Over: S3 is down (no longer watched)"]
    assert f"over since {ended:%H:%M} UTC" in desk.resend.box.mails()[0]["text"]
