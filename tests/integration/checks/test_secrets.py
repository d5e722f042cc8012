"""A canary in every setting is in no message and in no log record, whatever happens."""

from __future__ import annotations

import logging

import pytest

from salina_monitor import checks
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.settings import SETTINGS, Settings
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.peers import BUCKET, CANARY, SECRETS, URLS, settings_at


@pytest.mark.parametrize(
    "behaviour",
    [
        faults.answers(401, {"message": f"key sk_live_{CANARY} is invalid", "name": f"re_{CANARY}"}),
        faults.answers(302, b"", {"Location": f"http://evil.example/?key={CANARY}"}),
        faults.answers(200, f"<html>{CANARY}</html>".encode()),
        faults.reset,
        faults.not_http,
    ],
    ids=["echoes the key", "redirect", "html", "reset", "not http"],
)
def test_it_lets_no_secret_out_whatever_the_peer_does(behaviour, caplog):
    with FaultServer(behaviour) as server, caplog.at_level(logging.DEBUG):
        logging.getLogger("botocore").setLevel(logging.WARNING)  # as install_log_redaction does
        dsn = f"postgresql://erp:{CANARY}@127.0.0.1:{server.port}/erp"
        results = CheckRunner(settings_at(server.url, DATABASE_URL=dsn), inner_s=0.5).run_all()
        logging.getLogger("botocore").setLevel(logging.NOTSET)
    assert all(CANARY not in str(result) for result in results.values())
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "botocore"))]
    assert all(CANARY not in record.getMessage() for record in ours)


@pytest.mark.parametrize("spoil", ["{} {}", "{}\n{}", "{}ü{}", "pk_{}{}", "postgres//{}@{}"])
def test_it_lets_no_malformed_setting_out(spoil, caplog):
    env = {s.name: spoil.format(CANARY, CANARY) for s in SETTINGS}
    with caplog.at_level(logging.DEBUG):
        results = checks.run_all_health_checks(Settings.load(env))
    assert all(CANARY not in result.message for result in results.values())
    assert CANARY not in caplog.text


def test_it_plants_a_canary_in_every_secret_the_checks_read():
    """A secret added later must be planted here too."""
    read = {s.name for s in SETTINGS if s.secret and s.group == "The ERP's own"}
    assert read <= {*SECRETS, "DATABASE_URL", "INNGEST_API_KEY"}
    assert not {*URLS.values(), *BUCKET} & read
