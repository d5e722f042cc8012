"""No spelling of a configured secret survives the redactor or reaches a log."""

from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.redact import MASK, RedactingFilter, Redactor, install_log_redaction
from salina_monitor.settings import Settings

SECRET = 'p@ss w/ö"\\rd'


@pytest.mark.parametrize("spell", [str, quote, quote_plus, lambda s: quote(s, safe=""), lambda s: repr(s)[1:-1]])
def test_it_masks_a_secret_in_every_spelling(spell):
    assert Redactor([SECRET])(f"before {spell(SECRET)} after") == f"before {MASK} after"


def test_it_masks_the_longer_of_two_secrets_that_overlap():
    assert Redactor(["abcd", "abcdefgh"])("x abcdefgh y") == f"x {MASK} y"


def test_it_changes_nothing_without_secrets():
    assert Redactor([])("a text") == "a text"


@given(secret=st.text(min_size=4, max_size=30), before=st.text(max_size=20), after=st.text(max_size=20))
def test_it_never_leaves_a_secret_behind(secret, before, after):
    if secret in MASK or MASK in secret:
        return
    masked = Redactor([secret])(f"{before}{secret}{after}")
    assert masked.count(secret) <= f"{before}{MASK}{after}".count(secret)


@pytest.fixture
def log():
    """A root handler as `logging.basicConfig` makes one, taken away afterwards."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    before = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "botocore", "urllib3")}
    yield stream
    root.removeHandler(handler)
    for other in root.handlers:
        for installed in [f for f in other.filters if isinstance(f, RedactingFilter)]:
            other.removeFilter(installed)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_it_masks_messages_arguments_and_tracebacks(log):
    install_log_redaction(Settings.load({"CLERK_SECRET_KEY": "sk_live_0123456789"}))
    logger = logging.getLogger("anything")
    logger.error("key %s", "sk_live_0123456789")
    logger.error("wrong %s %s", "sk_live_0123456789")
    try:
        raise ValueError("bad header sk_live_0123456789")
    except ValueError:
        logger.exception("it failed")
    text = log.getvalue()
    assert "sk_live_0123456789" not in text
    assert text.count(MASK) >= 2
    assert "ValueError" in text


def test_it_masks_the_password_inside_an_address(log):
    install_log_redaction(Settings.load({"DATABASE_URL": "postgresql://erp:s%40crets@db:5432/erp"}))
    logging.getLogger("x").error("tried s@crets and s%40crets")
    assert "crets" not in log.getvalue()


def test_it_quietens_libraries_that_log_addresses(log):
    install_log_redaction(Settings.load({}))
    logging.getLogger("httpx").info("HTTP Request: GET https://api/?key=1")
    logging.getLogger("botocore").debug("signature")
    assert log.getvalue() == ""


def test_it_replaces_the_secrets_of_an_earlier_call(log):
    install_log_redaction(Settings.load({"RESEND_API_KEY": "re_first_one"}))
    install_log_redaction(Settings.load({"RESEND_API_KEY": "re_second_one"}))
    assert all(sum(isinstance(f, RedactingFilter) for f in h.filters) == 1 for h in logging.getLogger().handlers)
    logging.getLogger("x").error("re_second_one")
    assert "re_second_one" not in log.getvalue()


def test_it_masks_a_secret_inside_json(log):
    install_log_redaction(Settings.load({"RESEND_API_KEY": 're_"quoted"'}))
    logging.getLogger("x").error("%s", json.dumps({"key": 're_"quoted"'}))
    assert "quoted" not in log.getvalue()
