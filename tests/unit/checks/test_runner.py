"""Single flight, pace, deadlines and bugs, with probes that do as they are told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from salina_monitor import checks
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthStatus, Service
from salina_monitor.settings import Settings

SETTINGS = Settings.load({"CLERK_SECRET_KEY": "sk_live_0123456789"})
PATIENT = 5.0

pytestmark = pytest.mark.alone


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Peer:
    """A probe that counts its calls and, while closed, waits inside."""

    def __init__(self, answer: Callable[[], Finding] | None = None) -> None:
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.answer = answer or (lambda: found("ok", 5, said="fine"))

    def __call__(self, settings: Settings, budget_s: float) -> Finding:
        self.calls += 1
        self.entered.set()
        self.gate.wait(PATIENT)
        return self.answer()


def runner(clock: Callable[[], float] | None = None, **peers: Peer) -> CheckRunner:
    probes = {Service(name): peer for name, peer in peers.items()}
    return CheckRunner(SETTINGS, probes=probes, outer_s=0.3, inner_s=0.25, **({"clock": clock} if clock else {}))


def test_it_joins_a_probe_in_flight_and_never_doubles_it():
    peer = Peer()
    peer.gate.clear()
    run = CheckRunner(SETTINGS, probes={Service.CLERK: peer})
    answers = []
    callers = [threading.Thread(target=lambda: answers.append(run.check(Service.CLERK))) for _ in range(20)]
    for caller in callers:
        caller.start()
    _until(lambda: len(run._flights) == 1 and len(run._flights[Service.CLERK].waiting) == 20)
    waiting = run.iter(force=True)
    peer.gate.set()
    for caller in callers:
        caller.join(PATIENT)
    assert next(waiting).code == "ok"
    assert len(answers) == 20
    assert peer.calls == 1


def test_it_starts_probes_with_the_call_and_not_with_the_first_next():
    peer = Peer()
    results = runner(clerk=peer).iter()
    assert peer.entered.wait(PATIENT)
    assert [r.code for r in results] == ["ok"]


def test_it_yields_each_result_as_it_ends_and_the_slow_one_last():
    slow, quick = Peer(), Peer()
    slow.gate.clear()
    results = CheckRunner(SETTINGS, probes={Service.CLERK: slow, Service.S3: quick}).iter()
    assert next(results).service is Service.S3
    slow.gate.set()
    assert next(results).service is Service.CLERK


def test_it_gives_up_at_the_outer_deadline_and_joins_the_hung_probe_next_time():
    hung, quick = Peer(), Peer()
    hung.gate.clear()
    run = runner(clerk=hung, s3=quick)
    started = time.monotonic()
    results = run.run_all()
    assert 0.29 <= time.monotonic() - started < 1.0
    assert results[Service.S3].status is HealthStatus.HEALTHY
    assert results[Service.CLERK].code == "timeout"
    assert results[Service.CLERK].latency_ms >= 300
    assert run.latest(Service.CLERK) == results[Service.CLERK]
    assert run.check(Service.CLERK).code == "timeout"
    assert hung.calls == 1
    hung.gate.set()


def test_it_does_not_call_a_success_healthy_that_came_after_the_deadline():
    late = Peer()
    late.gate.clear()
    run = runner(clerk=late)
    assert run.check(Service.CLERK).code == "timeout"
    late.gate.set()
    _until(lambda: not run._flights)
    assert run.latest(Service.CLERK).code == "timeout"


def test_it_asks_automatically_every_ten_seconds_at_most():
    clock, peer = Clock(), Peer()
    run = runner(clock, clerk=peer)
    first = next(run.iter())
    clock.now += 9.99
    assert next(run.iter()) is first
    assert peer.calls == 1
    clock.now += 0.01
    assert next(run.iter()) is not first
    assert peer.calls == 2


def test_it_asks_at_once_when_forced_but_once_for_a_crowd():
    clock, peer = Clock(), Peer()
    run = runner(clock, clerk=peer)
    next(run.iter())
    clock.now += 0.5
    next(run.iter(force=True))
    assert peer.calls == 2
    clock.now += 0.49
    next(run.iter(force=True))
    assert peer.calls == 2
    run.check(Service.CLERK)
    assert peer.calls == 3


def test_it_waits_for_retry_after_even_when_forced():
    clock = Clock()
    peer = Peer(lambda: found("rate_limited", 5, retry_after_s=60, again="in 60 s"))
    run = runner(clock, clerk=peer)
    first = run.check(Service.CLERK)
    assert first.status is HealthStatus.DEGRADED
    clock.now += 59.9
    assert run.check(Service.CLERK) is first
    assert next(run.iter(force=True)) is first
    assert peer.calls == 1
    clock.now += 0.1
    run.check(Service.CLERK)
    assert peer.calls == 2


def test_it_reports_a_bug_as_check_bug_without_the_text_of_the_exception(caplog):
    def bug() -> Finding:
        raise RuntimeError("token sk_live_0123456789 lost")

    with caplog.at_level(logging.DEBUG):
        result = runner(clerk=Peer(bug)).check(Service.CLERK)
    assert (result.code, result.status) == ("check_bug", HealthStatus.UNHEALTHY)
    assert "RuntimeError" in caplog.text
    assert "test_runner.py" in caplog.text
    assert "sk_live_0123456789" not in caplog.text + result.message


@pytest.mark.parametrize("finding", [found("no_such_code", 1), found("ok", 1)])
def test_it_reports_a_gap_in_the_table_as_a_bug(finding):
    run = runner(clerk=Peer(lambda: finding))
    assert run.check(Service.CLERK).code == "check_bug"
    assert run.check(Service.CLERK).code == "check_bug"  # and the service is not stuck


def test_it_masks_a_secret_that_a_check_let_through():
    result = runner(clerk=Peer(lambda: found("ok", 1, said="got sk_live_0123456789"))).check(Service.CLERK)
    assert result.message == "got •••"


def test_it_recovers_when_no_thread_can_be_started(monkeypatch):
    peer = Peer()
    run = runner(clerk=peer)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        with pytest.raises(RuntimeError):
            run.check(Service.CLERK)
    assert run.check(Service.CLERK).code == "ok"


def _no_thread(self: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_it_orders_all_results_as_they_are_shown():
    peers = {service.value: Peer() for service in reversed(Service)}
    assert list(runner(**peers).run_all()) == list(Service)


def test_it_asks_only_the_services_named():
    clerk, s3 = Peer(), Peer()
    results = list(runner(clerk=clerk, s3=s3).iter(services=[Service.S3]))
    assert [r.service for r in results] == [Service.S3]
    assert clerk.calls == 0


def test_it_shares_one_runner_for_equal_settings():
    one, same, other = (Settings.load({"AWS_REGION": region}) for region in ("a", "a", "b"))
    assert checks.runner_for(one) is checks.runner_for(same)
    assert checks.runner_for(one) is not checks.runner_for(other)


def test_it_knows_nothing_before_the_first_check():
    assert runner(clerk=Peer()).latest(Service.CLERK) is None


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
