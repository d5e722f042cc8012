"""Five services × every fault: in time, in the right words, without a secret, and the other four as ever.

One row a fault. Five refreshes run at once, in each another service is the patient, so a black hole costs five seconds
once and not five times.
"""

from __future__ import annotations

import datetime
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from salina_monitor import wire
from salina_monitor.checks import warm_up
from salina_monitor.checks.outcomes import OUTCOMES
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthCheckResult, Service
from salina_monitor.settings import Settings
from salina_monitor.store.embedded import EmbeddedServer
from tests.support import fault_server as faults
from tests.support import postgres_faults as pg
from tests.support.fault_server import Behaviour, FaultServer
from tests.support.peers import BUCKET, CANARY, GOOD, SECRETS, URLS

DATABASE, CLERK, S3, RESEND, INNGEST = Service
WALL_S = 5.3
OTHERS_S = 3.0  # of the four that are well; alone they take milliseconds, here 25 checks share the processor
NO_HTTP = "no HTTP is spoken with PostgreSQL; what it refuses itself is in test_database.py"
HEAD = "not_s3"  # an answer to HEAD has no body: its headers are judged, and they are not S3's


@dataclass(frozen=True)
class Fault:
    """One row: how vendors and PostgreSQL misbehave, and the code of each service; a reason where there is no such."""

    http: Behaviour | str
    database: Behaviour | str
    codes: tuple[str, str, str, str]
    """Clerk, S3, Resend, Inngest."""
    database_code: str = ""
    lasts: bool = False
    """It goes on for ever: only the deadline ends it."""

    def code(self, service: Service) -> str:
        http = dict(zip((CLERK, S3, RESEND, INNGEST), self.codes, strict=True))
        return self.database_code if service is DATABASE else http[service]


def each(code: str, **others: str) -> tuple[str, str, str, str]:
    """The same code for all four, but for those named."""
    return (others.get("clerk", code), others.get("s3", code), others.get("resend", code), others.get("inngest", code))


def status(number: int, code: str, **others: str) -> Fault:
    return Fault(faults.answers(number, {}), NO_HTTP, each(code, **others))


MATRIX = {
    "silence": Fault(faults.silence, pg.silence, each("timeout"), "timeout", lasts=True),
    "reset": Fault(faults.reset, pg.reset, each("reset"), "reset"),
    "header drip": Fault(faults.drip_headers, pg.drip_head, each("timeout"), "timeout", lasts=True),
    "body drip": Fault(faults.drip_body, pg.drip_answer, each("timeout", s3=HEAD), "timeout", lasts=True),
    "endless 1xx": Fault(faults.endless_1xx, pg.endless_notices, each("timeout"), "timeout", lasts=True),
    "401": status(401, "bad_key", s3="access_denied"),
    "403": status(403, "forbidden", s3="access_denied"),
    "404": status(404, "not_found", s3="no_bucket"),
    "429": status(429, "rate_limited"),
    "500": status(500, "vendor_error"),
    "502": status(502, "vendor_down"),
    "503": status(503, "vendor_down", s3="rate_limited"),
    "504": status(504, "vendor_down"),
    "malformed": Fault(faults.answers(200, b'{"object": '), pg.garbage, each("bad_body", s3=HEAD), "not_postgres"),
    "wrong shape": Fault(faults.answers(200, [1]), pg.other_columns, each("bad_body", s3=HEAD), "not_postgres"),
    "50 MB": Fault(faults.huge_body, pg.huge_row, each("too_large", s3=HEAD), "not_postgres"),
    "gzip bomb": Fault(faults.gzip_bomb, "PostgreSQL does not compress", each("protocol")),
    "redirect loop": Fault(faults.redirect_loop, "PostgreSQL does not redirect", each("redirect")),
    "other protocol": Fault(faults.not_http, pg.not_postgres, each("protocol"), "not_postgres"),
    "self-signed": Fault("tls", "tls", each("tls_cert"), "tls_cert"),
    "expired": Fault("tls", "tls", each("tls_cert"), "tls_cert"),
    "silent TLS": Fault("silent tls", pg.over_tls(None), each("timeout"), "timeout", lasts=True),
    "refused": Fault("refused", "refused", each("refused"), "refused"),
    "unresolvable": Fault("name", "name", each("dns"), "dns"),
    "silent name server": Fault("name", "name", each("dns"), "dns", lasts=True),
}  # fmt: skip
# What a tired person must find in the message; written here once more, for the product's table might be wrong.
WORDS = {
    "timeout": "No answer from", "reset": "broke the connection off", "bad_key": "refuses the key", "forbidden": "forbids",
    "access_denied": "Access refused", "not_found": "HTTP 404", "no_bucket": "AWS_S3_BUCKET", "rate_limited": "limits requests",
    "vendor_error": "HTTP 500", "vendor_down": "down or overloaded", "bad_body": "it is not the", "not_s3": "it is not S3",
    "not_postgres": "not as PostgreSQL does", "too_large": "far more than", "protocol": "proper HTTP", "redirect": "redirects",
    "tls_cert": "certificate of", "refused": "No connection to", "dns": "cannot be resolved",
}  # fmt: skip
SETTING = {DATABASE: "DATABASE_URL", **{Service(name): url for name, url in URLS.items()}}
NAMED_IN_CHECKS_MD = {
    "silence", "reset", "header drip", "body drip", "endless 1xx", "401", "403", "404", "429", "500", "503", "malformed",
    "wrong shape", "50 MB", "gzip bomb", "redirect loop", "self-signed", "expired", "silent TLS", "refused", "unresolvable",
}  # fmt: skip


def test_every_pair_is_in_the_matrix_or_left_out_for_a_reason():
    assert set(MATRIX) >= NAMED_IN_CHECKS_MD
    for name, fault in MATRIX.items():
        for service in Service:
            code = fault.code(service)
            if not code:
                assert isinstance(fault.database, str), name
                assert " " in fault.database, f"{name} × {service} is left out without a reason"
                continue
            assert service in OUTCOMES[code].services, f"{name}: the table of outcomes has no {code} for {service}"
            assert code in WORDS


class Ward:
    """Healthy peers, and for each fault the address of a sick one."""

    def __init__(self, stack: ExitStack, folder: Path, healthy_dsn: str) -> None:
        self._stack, self._folder = stack, folder
        self.ca = trustme.CA()
        self.good = {name: self._serve(faults.answers(*GOOD[name])).url for name in URLS}
        self.good_dsn = healthy_dsn

    def _serve(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> FaultServer:
        return self._stack.enter_context(FaultServer(behaviour, tls=tls))

    def settings(self, name: str, service: Service) -> Settings:
        """All well but one."""
        env = {URLS[other]: url for other, url in self.good.items()} | {"DATABASE_URL": self.good_dsn}
        sick = self._database(name) if service is DATABASE else self._vendor(name)
        return Settings.load({**SECRETS, **BUCKET, **env, SETTING[service]: sick})

    def _vendor(self, name: str) -> str:
        http = MATRIX[name].http
        if http == "name":
            return f"http://{name.replace(' ', '-')}.invalid"
        if http == "refused":
            return f"http://127.0.0.1:{faults.refused_port()}"
        if http == "tls":
            return self._serve(faults.answers(200), tls=self._certificate(name)).url
        if http == "silent tls":
            return self._serve(faults.silence_at_once).url.replace("http:", "https:")
        assert not isinstance(http, str)
        return self._serve(http).url

    def _database(self, name: str) -> str:
        database, options, host = MATRIX[name].database, "sslmode=disable", "127.0.0.1"
        if database == "name":
            return f"postgresql://erp:{CANARY}@{name.replace(' ', '-')}.invalid/erp"
        if database == "refused":
            return f"postgresql://erp:{CANARY}@127.0.0.1:{faults.refused_port()}/erp"
        if database == "tls":
            database, host = pg.over_tls(self._certificate(name)), "localhost"
            trusted = self._folder / f"{name}.pem"
            (trustme.CA() if name == "self-signed" else self.ca).cert_pem.write_to_path(trusted)
            options = f"sslmode=verify-full&sslrootcert={trusted}"
        elif MATRIX[name].http == "silent tls":
            options = "sslmode=require"
        assert not isinstance(database, str)
        return f"postgresql://erp:{CANARY}@{host}:{self._serve(database).port}/erp?{options}"

    def _certificate(self, name: str) -> ssl.SSLContext:
        """Of the trusted authority but expired, or of one that nobody knows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name == "expired":
            ended = datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC)
            self.ca.issue_cert("localhost", not_after=ended).configure_cert(context)
        else:
            trustme.CA().issue_cert("localhost").configure_cert(context)
        return context


@pytest.fixture
def ward(pg_server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    released, real = threading.Event(), socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        flags = kwargs.get("flags", 0)
        if str(host).endswith(".invalid") and not flags & socket.AI_NUMERICHOST:
            if "silent" in str(host):
                released.wait(15)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *args, **kwargs)

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    with ExitStack() as stack:
        made = Ward(stack, tmp_path, pg_server.dsn("postgres"))
        trusting = ssl.create_default_context()
        made.ca.configure_trust(trusting)
        monkeypatch.setattr(wire, "shared_ssl_context", lambda: trusting)
        stack.callback(released.set)
        yield made


Seen = dict[Service, tuple[float, HealthCheckResult]]


def refresh(runner: CheckRunner) -> Seen:
    """One refresh: when each result was there, and what it was."""
    began = time.monotonic()
    return {result.service: (time.monotonic() - began, result) for result in runner.iter(force=True)}


@pytest.mark.parametrize("name", MATRIX)
def test_a_fault_of_one_service_is_told_in_time_and_leaves_the_others_alone(
    name: str, ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    for talkative in ("httpx", "httpcore", "botocore", "urllib3"):  # as install_log_redaction does
        caplog.set_level(logging.WARNING, logger=talkative)
    fault = MATRIX[name]
    patients = [service for service in Service if fault.code(service)]
    runners = [CheckRunner(ward.settings(name, service)) for service in patients]
    for runner in runners:
        warm_up(runner.settings)
    with caplog.at_level(logging.DEBUG), ThreadPoolExecutor(len(runners)) as pool:
        refreshes = dict(zip(patients, pool.map(refresh, runners), strict=True))
    for patient, seen in refreshes.items():
        took, result = seen[patient]
        assert result.code == fault.code(patient), f"{name} × {patient}: {result.message}"
        assert WORDS[result.code] in result.message
        assert took <= WALL_S
        if not fault.lasts:
            assert took < OTHERS_S, f"{name} × {patient} waits although all was said"
        for service in set(Service) - {patient}:
            took, other = seen[service]
            assert other.code in ("ok", "slow"), f"{name} × {patient} disturbs {service}: {other.message}"
            assert took < OTHERS_S
        assert all(CANARY not in str(one) for _, one in seen.values())
    assert CANARY not in caplog.text


def ends(read: Callable[[], int], limit_s: float = 3.0) -> bool:
    """Whether `read()` comes back to zero."""
    give_up = time.monotonic() + limit_s
    while read() > 0:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


def test_black_holes_leave_no_thread_behind(ward: Ward) -> None:
    """All five silent at once: the refresh ends, and so do its threads."""
    before = set(threading.enumerate())
    sick = {SETTING[s]: ward._vendor("silence") for s in Service if s is not DATABASE}
    settings = Settings.load({**SECRETS, **BUCKET, **sick, "DATABASE_URL": ward._database("silence")})
    warm_up(settings)
    seen = refresh(CheckRunner(settings, inner_s=0.5, outer_s=1.5))
    assert {result.code for _, result in seen.values()} == {"timeout"}

    def left() -> int:
        return sum(t.name.startswith(("check-", "wire-")) for t in set(threading.enumerate()) - before)

    assert ends(left)
