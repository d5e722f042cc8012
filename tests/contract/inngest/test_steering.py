"""Re-run and cancel against the recorded answers: asked once, and never said to be done when nobody knows."""

from __future__ import annotations

import httpx
import pytest

from salina_monitor.inngest import BadKey, InngestClient, NotFound, Refused, Unconfirmed, Unreachable
from salina_monitor.settings import Settings
from tests.contract.inngest.replay import KEY, SELF_HOSTED, FakeTime, Server

RUN = "01M84RCZBTEEEFXKM5YSB1DW88"


def client(server: Server) -> InngestClient:
    time = FakeTime()
    settings = Settings.load({"INNGEST_SIGNING_KEY": KEY, "INNGEST_API_URL": SELF_HOSTED})
    http = httpx.Client(transport=httpx.MockTransport(server))
    return InngestClient(settings, http=http, clock=time.clock, monotonic=time.monotonic, sleep=time.sleep)


def test_a_rerun_tells_the_new_run() -> None:
    server = Server("v2-rerun")
    assert client(server).rerun(RUN) == "01M84RHJRDV3NVTKX59BCBY1R6"
    (request,) = server.requests
    assert (request.method, request.url.path, request.content) == ("POST", f"/v2/runs/{RUN}/rerun", b"{}")
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_a_cancel_is_confirmed() -> None:
    server = Server("v2-cancel")
    client(server).cancel(RUN)
    assert server.targets == [f"/v2/runs/{RUN}/cancel"]


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        ("v2-cancel.again", Refused, "already_cancelled"),
        ("v2-cancel.ended", Refused, "already_ended"),
        ("v2-cancel.unknown", NotFound, "not_found"),
        (httpx.Response(401, text="Unauthorized"), BadKey, "bad_key"),
        (httpx.ConnectError("refused"), Unreachable, None),
        (httpx.ReadTimeout("silence"), Unconfirmed, "unconfirmed"),
        (httpx.RemoteProtocolError("cut"), Unconfirmed, "unconfirmed"),
        (httpx.Response(503, text="busy"), Unconfirmed, "unconfirmed"),
        (httpx.Response(200, text="no json"), Unconfirmed, "unconfirmed"),
    ],
)
def test_what_went_wrong_is_told_and_never_asked_for_twice(
    reply: str | httpx.Response | Exception, error: type[Exception], code: str | None
) -> None:
    server = Server(reply)
    with pytest.raises(error) as caught:
        client(server).cancel(RUN)
    assert code is None or caught.value.code == code  # type: ignore[attr-defined]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("v2-rerun.unknown", NotFound),
        (httpx.Response(501, json={"errors": [{"code": "not_implemented", "message": "no"}]}), Refused),
        (httpx.Response(200, json={"data": {}}), Unconfirmed),
    ],
)
def test_a_rerun_that_was_not_made(reply: str | httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        client(Server(reply)).rerun(RUN)


@pytest.mark.parametrize("run_id", ["../../v1/events", "a/b", "a?b", "%2e"])
def test_an_id_cannot_lead_elsewhere(run_id: str) -> None:
    server = Server("v2-cancel")
    client(server).cancel(run_id)
    (target,) = server.targets
    assert target.startswith("/v2/runs/")
    assert target.count("/") == 4
