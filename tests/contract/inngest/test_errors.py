"""Everything that can go wrong: code, sentence, setting to fix. One row a cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from salina_monitor import inngest as package
from salina_monitor.inngest import InngestClient, InngestError
from salina_monitor.inngest.errors import FAULTS, RateLimited
from tests.contract.inngest.replay import KEY, Reply, Server, client

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLOUD = "https://api.inngest.com"
SECRET = "sk-inn-api-deadbeef"

Question = Callable[[InngestClient], object]


def runs(inngest: InngestClient) -> object:
    return inngest.list_runs()


def more_runs(inngest: InngestClient) -> object:
    return inngest.list_runs(cursor="zzz")


def events(inngest: InngestClient) -> object:
    return inngest.list_events(received_after=NOW)


def run(inngest: InngestClient) -> object:
    return inngest.get_run("01M84RCY55SKSRCCNJCTG1TZZZ")


def trace(inngest: InngestClient) -> object:
    return inngest.get_trace("01M84RCY55SKSRCCNJCTG1TZZZ")


def attempt(inngest: InngestClient) -> object:
    return inngest.next_attempt("01M84RCY55SKSRCCNJCTG1TZZZ")


def functions(inngest: InngestClient) -> object:
    return inngest.list_functions()


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={k.replace("_", "-"): v for k, v in headers.items()}, content=b"")


PAGE = httpx.Response(200, headers={"content-type": "text/html"}, content=b"<!doctype html><title>Hello</title>")
NOT_FOUND_PAGE = httpx.Response(404, headers={"content-type": "text/html"}, content=b"<h1>404</h1>")
V2_401 = httpx.Response(401, json={"errors": [{"code": "unauthenticated", "message": "No"}]})
V2_501 = httpx.Response(501, json={"errors": [{"code": "not_implemented", "message": "no"}]})
ENV_400 = httpx.Response(400, json={"errors": [{"code": "missing_field", "message": "X-Inngest-Env is required"}]})

TABLE: list[tuple[str, Question, Reply, dict[str, str], str, str, str, str | None]] = [
    # what happens, question, answer, settings → class, code, words of the sentence, setting
    ("no key on Cloud", runs, PAGE, {"INNGEST_API_URL": CLOUD, "INNGEST_SIGNING_KEY": ""},
     "NotConfigured", "not_configured", "Set INNGEST_SIGNING_KEY", "INNGEST_SIGNING_KEY"),
    ("key with a blank", runs, PAGE, {"INNGEST_SIGNING_KEY": "signkey prod"},
     "NotConfigured", "bad_setting", "INNGEST_SIGNING_KEY contains blanks", "INNGEST_SIGNING_KEY"),
    ("base URL that is none", runs, PAGE, {"INNGEST_API_URL": "inngest:8288"},
     "NotConfigured", "bad_setting", "INNGEST_API_URL is not an http(s) URL", "INNGEST_API_URL"),
    ("app with a blank", runs, PAGE, {"INNGEST_APP_ID": "salina erp"},
     "NotConfigured", "bad_setting", "INNGEST_APP_ID contains blanks", "INNGEST_APP_ID"),
    ("environment with a blank", runs, PAGE, {"INNGEST_ENV": "a b"},
     "NotConfigured", "bad_setting", "INNGEST_ENV contains blanks", "INNGEST_ENV"),
    ("refused key", runs, "v2-runs.noauth", {},
     "BadKey", "bad_key", "refused the key. Check INNGEST_SIGNING_KEY", "INNGEST_SIGNING_KEY"),
    ("refused key in JSON", runs, V2_401, {},
     "BadKey", "bad_key", "refused the key", "INNGEST_SIGNING_KEY"),
    ("refused API key", runs, V2_401, {"INNGEST_SIGNING_KEY": "", "INNGEST_API_KEY": SECRET},
     "BadKey", "bad_key", "Check INNGEST_API_KEY", "INNGEST_API_KEY"),
    ("no key where one is wanted", runs, "v2-runs.noauth", {"INNGEST_SIGNING_KEY": ""},
     "BadKey", "key_wanted", "Set INNGEST_SIGNING_KEY to its signing key", "INNGEST_SIGNING_KEY"),
    ("forbidden", runs, status(403), {},
     "BadKey", "forbidden", "does not permit", "INNGEST_SIGNING_KEY"),
    ("refused key inside a 200", events, httpx.Response(200, json={"error": "no", "data": None, "status": 401}), {},
     "BadKey", "bad_key", "refused the key", "INNGEST_SIGNING_KEY"),
    ("API key for events", events, PAGE, {"INNGEST_SIGNING_KEY": "", "INNGEST_API_KEY": SECRET},
     "NeedsSigningKey", "needs_signing_key", "Set INNGEST_SIGNING_KEY as well", "INNGEST_SIGNING_KEY"),
    ("API key for the next attempt", attempt, PAGE, {"INNGEST_SIGNING_KEY": "", "INNGEST_API_KEY": SECRET},
     "NeedsSigningKey", "needs_signing_key", "Set INNGEST_SIGNING_KEY as well", "INNGEST_SIGNING_KEY"),
    ("API key in the signing key's place", events, PAGE, {"INNGEST_SIGNING_KEY": "sk-inn-api-0123"},
     "NeedsSigningKey", "needs_signing_key", "Set INNGEST_SIGNING_KEY as well", "INNGEST_SIGNING_KEY"),
    ("unusable signing key beside an API key", events, PAGE,
     {"INNGEST_SIGNING_KEY": "a b", "INNGEST_API_KEY": SECRET},
     "NotConfigured", "bad_setting", "INNGEST_SIGNING_KEY contains blanks", "INNGEST_SIGNING_KEY"),
    ("server before v1.38, 404", runs, "v1-runs-list", {},
     "TooOld", "too_old", "needs Inngest v1.38 or newer", "INNGEST_API_URL"),
    ("server before v1.38, 404 in JSON", runs, "v2-nope", {},
     "TooOld", "too_old", "needs Inngest v1.38 or newer", "INNGEST_API_URL"),
    ("server before v1.38, 501", runs, V2_501, {},
     "TooOld", "too_old", "needs Inngest v1.38 or newer", "INNGEST_API_URL"),
    ("server without single runs", run, "v1-runs-list", {},
     "TooOld", "too_old", "needs Inngest v1.38 or newer", "INNGEST_API_URL"),
    ("a web page", runs, "health_", {},
     "WrongBaseUrl", "wrong_base_url", "Check INNGEST_API_URL", "INNGEST_API_URL"),
    ("another web page", runs, PAGE, {},
     "WrongBaseUrl", "wrong_base_url", "A web page or redirect answered", "INNGEST_API_URL"),
    ("a 404 page", runs, NOT_FOUND_PAGE, {},
     "WrongBaseUrl", "wrong_base_url", "A web page or redirect answered", "INNGEST_API_URL"),
    ("a redirect", runs, status(302, location="https://elsewhere.example"), {},
     "WrongBaseUrl", "wrong_base_url", "A web page or redirect answered", "INNGEST_API_URL"),
    ("silence", runs, httpx.ReadTimeout(SECRET), {},
     "Unreachable", "timeout", "did not answer in time", "INNGEST_API_URL"),
    ("nobody there", runs, httpx.ConnectError(SECRET), {},
     "Unreachable", "refused", "Nothing accepts connections", "INNGEST_API_URL"),
    ("cut again and again", runs, httpx.ReadError(SECRET), {},
     "Unreachable", "reset", "was cut", "INNGEST_API_URL"),
    ("no HTTP", runs, httpx.RemoteProtocolError(SECRET), {},
     "BadAnswer", "protocol", "does not speak proper HTTP", "INNGEST_API_URL"),
    ("too fast", runs, status(429, retry_after="60"), {},
     "RateLimited", "rate_limited", "asks to slow down", "INNGEST_RATE"),
    ("too fast inside a 200", events, httpx.Response(200, json={"error": "slow", "data": None, "status": 429}), {},
     "RateLimited", "rate_limited", "asks to slow down", "INNGEST_RATE"),
    ("gateway down", runs, status(502), {},
     "VendorDown", "vendor_down", "not available right now (HTTP 502)", None),
    ("overloaded", runs, status(503), {},
     "VendorDown", "vendor_down", "HTTP 503", None),
    ("gateway timeout page", runs, httpx.Response(504, headers={"content-type": "text/html"}, content=b"<html>"), {},
     "VendorDown", "vendor_down", "HTTP 504", None),
    ("crash", runs, status(500), {},
     "VendorDown", "vendor_error", "failed on this question (HTTP 500)", None),
    ("nothing", runs, httpx.Response(200, content=b""), {},
     "BadAnswer", "bad_answer", "it is not JSON", "INNGEST_API_URL"),
    ("half an answer", runs, httpx.Response(200, content=b'{"data": ['), {},
     "BadAnswer", "bad_answer", "it is not JSON", "INNGEST_API_URL"),
    ("NaN", runs, httpx.Response(200, content=b'{"page": NaN}'), {},
     "BadAnswer", "bad_answer", "it is not JSON", "INNGEST_API_URL"),
    ("a hundred thousand brackets", runs, httpx.Response(200, content=b"[" * 100_000), {},
     "BadAnswer", "bad_answer", "it is not JSON", "INNGEST_API_URL"),
    ("binary", runs, httpx.Response(200, content=b"\xff\xfe\x00"), {},
     "BadAnswer", "bad_answer", "it is not JSON", "INNGEST_API_URL"),
    ("a list", runs, httpx.Response(200, json=[]), {},
     "BadAnswer", "bad_answer", "not a JSON object", "INNGEST_API_URL"),
    ("another service", runs, httpx.Response(200, json={"status": "ok"}), {},
     "BadAnswer", "bad_answer", "another shape", "INNGEST_API_URL"),
    ("another service, asked for events", events, httpx.Response(200, json={"status": "ok"}), {},
     "BadAnswer", "bad_answer", "another shape", "INNGEST_API_URL"),
    ("a run that is none", run, httpx.Response(200, json={"data": []}), {},
     "BadAnswer", "bad_answer", "not an object", "INNGEST_API_URL"),
    ("a trace that is none", trace, httpx.Response(200, json={"data": {}}), {},
     "BadAnswer", "bad_answer", "rootSpan is missing", "INNGEST_API_URL"),
    ("refused parameter", runs, "v2-runs.limit101", {},
     "BadAnswer", "bad_request", "refused the question (HTTP 400)", "INNGEST_API_URL"),
    ("refused parameter of a run", run, ENV_400, {},
     "BadAnswer", "bad_request", "refused the question (HTTP 400)", "INNGEST_API_URL"),
    ("errors inside a v2 200", runs, httpx.Response(200, json={"errors": [{"code": "x"}]}), {},
     "BadAnswer", "bad_answer", "it reports an error", "INNGEST_API_URL"),
    ("unknown run", run, "v2-run.unknown", {},
     "NotFound", "not_found", "knows no such run", None),
    ("unknown trace", trace, "v2-trace.unknown", {},
     "NotFound", "not_found", "knows no such trace", None),
    ("unknown run's next attempt", attempt, "v1-run-jobs.unknown", {},
     "NotFound", "not_found", "knows no such run", None),
    ("unknown app", functions, "v2-app.unknown", {},
     "NotFound", "app_not_found", "Check INNGEST_APP_ID", "INNGEST_APP_ID"),
    ("lost place", more_runs, "v2-runs.badcursor", {},
     "BadCursor", "bad_cursor", "from its start", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "reply", "env", "cls", "code", "words", "setting"),
    [row[1:] for row in TABLE],
    ids=[r[0] for r in TABLE],
)
def test_it_says_what_is_wrong_and_what_to_do(
    question: Question, reply: Reply, env: dict[str, str], cls: str, code: str, words: str, setting: str | None
) -> None:
    with pytest.raises(InngestError) as caught:
        question(client(Server(reply), **env))
    error = caught.value
    assert (type(error).__name__, error.code, error.setting) == (cls, code, setting)
    assert words in error.message
    assert str(error) == error.message
    assert error.message.endswith(".")
    for secret in (KEY, SECRET):
        assert secret not in error.message


# Codes that come from elsewhere: real sockets (tests of wire) and the rate (test_waiting).
ELSEWHERE = {"dns", "tls", "tls_cert", "too_large", "rate_full"}


# What a re-run and a cancel can meet: test_steering.py.
OF_STEERING = {"already_ended", "already_cancelled", "cannot_rerun", "unconfirmed"}


def test_the_table_names_every_code_and_class() -> None:
    assert {row[5] for row in TABLE} | ELSEWHERE | OF_STEERING == set(FAULTS)
    asked = {fault.cls.__name__ for code, fault in FAULTS.items() if code not in OF_STEERING}
    assert {row[4] for row in TABLE} == asked
    assert all(hasattr(package, row[4]) for row in TABLE)


@pytest.mark.parametrize("code", FAULTS)
def test_every_sentence_is_complete(code: str) -> None:
    error = package.errors.fault(code, "Something of our own.")
    assert isinstance(error, InngestError)
    assert "{" not in error.message
    assert error.message.rstrip().endswith(".")
    assert (error.setting or "INNGEST_").startswith("INNGEST_")


def test_an_error_carries_no_text_of_the_other_side() -> None:
    rude = httpx.Response(400, json={"errors": [{"code": "x", "message": f"<b>{SECRET}</b>"}]})
    with pytest.raises(InngestError) as caught:
        client(Server(rude)).list_runs()
    assert SECRET not in caught.value.message


def test_a_too_large_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package.asking, "CAP_BYTES", 1000)
    with pytest.raises(package.BadAnswer) as caught:
        client(Server("v2-runs.badparam")).list_runs()
    assert caught.value.code == "too_large"


def test_a_rate_limit_says_when_to_come_back() -> None:
    with pytest.raises(RateLimited) as caught:
        client(Server(status(429, retry_after="60"))).list_runs()
    assert caught.value.retry_after == pytest.approx(60)
