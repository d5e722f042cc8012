"""Rate, Retry-After, retries and deadlines, on a clock that moves only when somebody sleeps."""

from __future__ import annotations

import threading
import time as real_time

import httpx
import pytest

from salina_monitor.inngest import BadKey, InngestClient, InngestError, RateLimited, Unreachable, VendorDown
from tests.contract.inngest.replay import FakeTime, Server, answer, client, settings
from tests.support.fault_server import FaultServer, answers, drip_body


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={k.replace("_", "-"): v for k, v in headers.items()}, content=b"")


def test_it_asks_a_burst_of_one_second_and_then_keeps_the_rate() -> None:
    time = FakeTime()
    inngest = client(server := Server("v2-runs.default"), time, INNGEST_RATE="4")
    for _ in range(4):
        inngest.list_runs()
    assert time.slept == []
    for _ in range(8):
        inngest.list_runs()
    assert time.now - 1000.0 == pytest.approx(2.0)
    assert inngest.requests == len(server.requests) == 12
    assert inngest.waited_s >= 2.0


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "Mon, 23 Nov 2026 18:00:04 GMT"}, 4.0),
        # The server's clock runs an hour ahead of ours: its own Date tells what it means.
        ({"retry_after": "Mon, 23 Nov 2026 19:00:05 GMT", "date": "Mon, 23 Nov 2026 19:00:00 GMT"}, 5.0),
        ({"retry_after": "Sun, 22 Nov 2026 18:00:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, 1.0),
        ({"retry_after": "-5"}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_429_is_asked_again_when_the_server_wants_it(retry_after: dict[str, str], wait: float) -> None:
    time = FakeTime()
    inngest = client(server := Server(status(429, **retry_after), "v2-runs.default"), time)
    assert inngest.list_runs().runs
    assert time.now - 1000.0 == pytest.approx(wait)
    assert len(server.requests) == 2


def test_a_429_slows_every_other_question_too() -> None:
    time = FakeTime()
    inngest = client(Server(status(429, retry_after="60"), "v2-runs.default"), time)
    with pytest.raises(RateLimited):
        inngest.list_runs()
    with pytest.raises(RateLimited) as caught:
        inngest.get_run("01")
    assert caught.value.retry_after == pytest.approx(60)
    assert (inngest.requests, time.slept) == (1, [])  # neither waited in vain nor asked
    time.now += 60
    assert inngest.list_runs().runs


def test_after_a_429_no_burst_follows() -> None:
    time = FakeTime()
    inngest = client(Server(status(429, retry_after="2"), "v2-runs.default"), time, INNGEST_RATE="5")
    for _ in range(6):
        inngest.list_runs()
    assert time.now - 1000.0 == pytest.approx(2.0 + 5 * 0.2)


def test_an_absurd_retry_after_does_not_silence_it_for_ever() -> None:
    time = FakeTime()
    inngest = client(Server(status(429, retry_after="99999999999999999999"), "v2-runs.default"), time)
    with pytest.raises(RateLimited):
        inngest.list_runs()
    time.now += 3600
    assert inngest.list_runs().runs


@pytest.mark.parametrize("trouble", [status(502), status(503), status(504), httpx.ReadError("cut")])
def test_a_passing_trouble_is_asked_again_at_most_twice(trouble: httpx.Response | Exception) -> None:
    time = FakeTime()
    inngest = client(server := Server(trouble, trouble, "v2-runs.default"), time)
    assert inngest.list_runs().runs
    assert len(server.requests) == inngest.requests == 3
    assert 0.1 < time.slept[0] < 0.4
    assert 0.2 < time.slept[1] < 0.8
    with pytest.raises((VendorDown, Unreachable)):
        client(server := Server(trouble)).list_runs()
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "trouble",
    [status(500), status(401), status(400), httpx.ReadTimeout("slow"), httpx.ConnectError("refused"), "v2-nope"],
)
def test_what_will_not_pass_is_not_asked_again(trouble: httpx.Response | Exception | str) -> None:
    with pytest.raises(InngestError):
        client(server := Server(trouble)).list_runs()
    assert len(server.requests) == 1


def test_the_deadline_covers_waiting_for_the_rate() -> None:
    time = FakeTime()
    inngest = client(server := Server("v2-runs.default"), time, INNGEST_RATE="1")
    inngest.list_runs()
    with pytest.raises(RateLimited) as caught:
        inngest.list_runs(deadline=time.now + 0.5)
    assert caught.value.code == "rate_full"
    assert caught.value.setting == "INNGEST_RATE"
    assert (len(server.requests), time.slept) == (1, [])
    inngest.list_runs(deadline=time.now + 1.5)


def test_the_deadline_covers_retries() -> None:
    time = FakeTime()

    def slowly_down(request: httpx.Request) -> httpx.Response:
        time.now += 2.0
        return status(503)

    inngest = client(server := Server(slowly_down), time)
    with pytest.raises(VendorDown):
        inngest.list_runs(deadline=time.now + 3.0)
    assert len(server.requests) == 2


def test_a_deadline_that_has_passed_asks_nothing() -> None:
    time = FakeTime()
    inngest = client(server := Server("v2-runs.default"), time)
    with pytest.raises(Unreachable) as caught:
        inngest.list_runs(deadline=time.now - 1)
    assert caught.value.code == "timeout"
    assert server.requests == []


def test_a_silent_server_is_given_up_at_the_deadline() -> None:
    """Over a real socket: the total deadline holds although every byte renews httpx's own timeout."""

    with FaultServer(drip_body) as server, InngestClient(settings(INNGEST_API_URL=server.url)) as inngest:
        began = real_time.monotonic()
        with pytest.raises(Unreachable) as caught:
            inngest.list_runs(deadline=began + 0.5)
        assert 0.4 < real_time.monotonic() - began < 3
    assert caught.value.code == "timeout"
    assert inngest.waited_s > 0.4


def test_threads_share_one_rate() -> None:
    time, lock = FakeTime(), threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            time.now += seconds

    server = Server("v2-runs.default")
    transport = httpx.MockTransport(lambda request: server(request))
    inngest = InngestClient(
        settings(INNGEST_RATE="5"), http=httpx.Client(transport=transport), monotonic=time.monotonic, sleep=sleep
    )
    threads = [threading.Thread(target=lambda: [inngest.list_runs(deadline=1e9) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert inngest.requests == 40
    assert time.now - 1000.0 >= (40 - 5) / 5 - 0.01


def test_a_handed_in_http_client_stays_open_and_an_own_one_is_closed() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: answer("v2-runs.default")))
    with InngestClient(settings(), http=http):
        pass
    assert not http.is_closed
    http.close()
    own = InngestClient(settings())
    own.close()
    with pytest.raises(RuntimeError):
        own.list_runs()


def test_it_reads_a_recording_over_a_real_connection_and_keeps_it() -> None:
    raw = answer("v2-runs.page1")
    with (
        FaultServer(answers(200, raw.content, keep_alive=True)) as server,
        InngestClient(settings(INNGEST_API_URL=server.url)) as inngest,
    ):
        assert len(inngest.list_runs().runs) == 2
        assert len(inngest.list_runs().runs) == 2
    assert server.accepted == 1


def test_a_refused_key_over_a_real_connection() -> None:
    raw = answer("v2-runs.noauth")
    with (
        FaultServer(answers(401, raw.content)) as server,
        InngestClient(settings(INNGEST_API_URL=server.url)) as inngest,
        pytest.raises(BadKey),
    ):
        inngest.list_runs()
