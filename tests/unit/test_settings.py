"""Settings: whatever people write, nothing raises, no secret is repeated, and the sentence says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.settings import CLOUD_API, SETTINGS, Settings, setting

CANARY = "canary7Xq"


def test_nothing_set_is_no_problem_and_has_the_defaults_of_the_table() -> None:
    settings = Settings.load({})
    assert settings.problems == ()
    assert (settings.port, settings.monitor_host, settings.monitor_history_days) == (8501, "127.0.0.1", 7)
    assert (settings.inngest_api_url, settings.inngest_app_id) == (CLOUD_API, "salina-erp")
    assert settings.data_dir == Path(".salina").absolute()
    assert settings.sandbox is False
    assert [job_type.id for job_type in settings.job_types] == ["pdf-generation", "batch-statements"]


@pytest.mark.parametrize("name", [s.name for s in SETTINGS])
def test_an_empty_value_is_as_good_as_none(name: str) -> None:
    assert Settings.load({name: "  "}).values == Settings.load({}).values


def test_surrounding_blanks_and_line_ends_are_dropped() -> None:
    assert Settings.load({"RESEND_API_KEY": " re_123\r\n"}).resend_api_key == "re_123"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CLERK_SECRET_KEY", "sk_a b", "contains blanks or a line break"),
        ("CLERK_SECRET_KEY", "pk_live_x", "is a publishable key"),
        ("RESEND_API_KEY", "re_–", "contains characters a key cannot have"),
        ("INNGEST_SIGNING_KEY", "sign\nkey", "contains blanks or a line break"),
        ("DATABASE_URL", "mysql://h/db", "is not a PostgreSQL address"),
        ("DATABASE_URL", "postgresql://u:p@h:99999/db", "is not a PostgreSQL address"),
        ("MONITOR_DATABASE_URL", "postgresql://u:p@[::/x", "is not a PostgreSQL address"),
        ("CLERK_API_URL", "api.clerk.com", "is not an http(s) URL"),
        ("CLERK_API_URL", "ftp://api.clerk.com", "is not an http(s) URL"),
        ("RESEND_API_URL", "https://api .resend.com", "contains blanks"),
        ("INNGEST_API_URL", "http://host:port", "is not a URL"),
        ("INNGEST_API_URL", "http://[::1", "is not a URL"),
        ("INNGEST_API_URL", "http://u:p@host", "must not hold a user or password"),
        ("INNGEST_API_URL", "http://host?x=1", "must not hold a query"),
        ("INNGEST_RATE", "fast", "is not a number; write one from 0.1 to 1000"),
        ("INNGEST_RATE", "0", "is out of bounds"),
        ("INNGEST_RATE", "nan", "is out of bounds"),
        ("MONITOR_PORT", "0", "is out of bounds"),
        ("MONITOR_PORT", "8501.5", "is not a number"),
        ("MONITOR_BCRYPT_COST", "31", "is out of bounds"),
        ("MONITOR_SESSION_KEY", "short", "is too short"),
        ("MONITOR_MAIL_FROM", "alerts", "is not a sender"),
        ("MONITOR_MAIL_FROM", "a@example.com\r\nBcc: b@example.com", "is not a sender"),
        ("MONITOR_MAIL_FROM", "a@example.com, b@example.com", "is not a sender"),
        ("MONITOR_WEBHOOK_URL", "http://chat.example/x", "is not an https URL; http is allowed to this machine only"),
        ("MONITOR_WEBHOOK_URL", "http://127.0.0.1.evil.example/x", "is not an https URL"),
        ("MONITOR_WEBHOOK_URL", "ftp://127.0.0.1/x", "is not an https URL"),
        ("MONITOR_WEBHOOK_URL", "https://u:p@chat.example/x", "must not hold a user"),
        ("MONITOR_WEBHOOK_URL", "https://chat.example/x y", "contains blanks"),
        ("MONITOR_WEBHOOK_URL", "https://[::1", "is not a URL"),
        ("MONITOR_WEBHOOK_SECRET", "short", "is too short; write at least 16 random characters"),
        ("MONITOR_ALERT_REMIND_HOURS", "-1", "is out of bounds"),
        ("MONITOR_SANDBOX", "perhaps", "is neither yes nor no"),
        ("MONITOR_JOB_TYPES", "{", "is not a map of job types"),
        ("MONITOR_JOB_TYPES", "[]", "is not a map of job types"),
        ("MONITOR_JOB_TYPES", '{"a": {"label": "A"}}', "is not a map of job types"),
        (
            "MONITOR_JOB_TYPES",
            '{"a": {"label": "A", "functions": ["f"]}, "b": {"label": "B", "functions": ["f"]}}',
            "names a function in two types: f",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_a_problem_in_words(name: str, value: str, sentence: str) -> None:
    settings = Settings.load({name: value})
    problem = settings.problem(name)
    assert problem is not None
    assert (problem.name, problem.code) == (name, "bad_setting")
    assert problem.message.startswith(f"{name} {sentence}")
    assert problem.message.endswith(".")
    assert settings.values == Settings.load({}).values  # the default stays
    assert [p.name for p in settings.problems] == [name]  # and the others are not harmed


@pytest.mark.parametrize("name", [s.name for s in SETTINGS if s.secret])
@pytest.mark.parametrize("value", ["{0} {0}", "{0}–", "postgresql://u:{0}@[::/x", "pk_{0}"])
def test_no_problem_repeats_a_secret(name: str, value: str) -> None:
    settings = Settings.load({name: value.format(CANARY)})
    assert CANARY not in repr(settings.problems) + repr(settings)


@given(st.dictionaries(st.sampled_from([s.name for s in SETTINGS] + ["PORT"]), st.text(max_size=60)))
def test_it_never_raises(env: dict[str, str]) -> None:
    settings = Settings.load(env)
    assert isinstance(settings.port, int)
    assert {p.name for p in settings.problems} <= {s.name for s in SETTINGS}
    assert settings.secrets() == tuple(sorted(settings.secrets(), key=len, reverse=True))


def test_the_port_falls_back_to_port() -> None:
    assert Settings.load({"PORT": "8080"}).port == 8080
    assert Settings.load({"PORT": "8080", "MONITOR_PORT": "8600"}).port == 8600
    assert Settings.load({"PORT": "x"}).problem("MONITOR_PORT") is not None


@pytest.mark.parametrize(
    ("url", "is_cloud", "rate"),
    [
        ("https://api.inngest.com", True, 5.0),
        ("https://EU.API.inngest.com/", True, 5.0),
        ("https://inngest.com.example.org", False, 50.0),
        ("https://notinngest.com", False, 50.0),
        ("http://127.0.0.1:8288", False, 50.0),
    ],
)
def test_only_inngests_own_hosts_are_cloud(url: str, is_cloud: bool, rate: float) -> None:
    settings = Settings.load({"INNGEST_API_URL": url})
    assert (settings.inngest_is_cloud, settings.inngest_requests_per_second) == (is_cloud, rate)
    assert Settings.load({"INNGEST_API_URL": url, "INNGEST_RATE": "2.5"}).inngest_requests_per_second == 2.5


def test_urls_lose_their_last_slash() -> None:
    assert Settings.load({"CLERK_API_URL": "https://api.clerk.com/v1/"}).clerk_api_url == "https://api.clerk.com/v1"


@pytest.mark.parametrize(
    ("url", "secure"), [("https://m.example.com", True), ("http://m.example.com", False), ("", False)]
)
def test_the_cookie_is_secure_behind_tls(url: str, secure: bool) -> None:
    assert Settings.load({"MONITOR_PUBLIC_URL": url}).cookie_secure is secure


def test_secrets_hold_every_key_and_the_passwords_in_addresses() -> None:
    env = {s.name: f"{CANARY}-{s.name}-0123456789abcdef0123456789" for s in SETTINGS if s.secret}
    env |= {"DATABASE_URL": "postgresql://u:p%40ss-word@h/db", "MONITOR_DATABASE_URL": "host=h password=second-one"}
    secrets = Settings.load(env).secrets()
    assert set(env.values()) <= set(secrets)
    assert {"p@ss-word", "p%40ss-word", "second-one"} <= set(secrets)


def test_proxies_and_types_are_lists() -> None:
    settings = Settings.load(
        {
            "MONITOR_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2,,",
            "MONITOR_JOB_TYPES": '{"feeds": {"label": "Feeds", "functions": ["import-feed"]}}',
        }
    )
    assert settings.monitor_trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert [(t.id, t.label, t.functions) for t in settings.job_types] == [("feeds", "Feeds", ("import-feed",))]


def test_every_setting_is_named_once_and_helped() -> None:
    names = [s.name for s in SETTINGS]
    assert len(set(names)) == len(names)
    assert all(s.help.endswith(".") and setting(s.name) is s for s in SETTINGS)
    assert {
        s.name for s in SETTINGS if any(w in s.name for w in ("KEY", "SECRET", "TOKEN", "DATABASE_URL", "WEBHOOK_URL"))
    } == {s.name for s in SETTINGS if s.secret}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = Settings.load({}).no_such_setting


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONITOR_MAIL_FROM", "alerts@example.com"),
        ("MONITOR_MAIL_FROM", "Salina Monitor <alerts@mail.example.com>"),
        ("MONITOR_WEBHOOK_URL", "https://hooks.example.com/services/T0/B0/x?wait=true"),
        ("MONITOR_WEBHOOK_URL", "http://127.0.0.1:9000/x"),
        ("MONITOR_WEBHOOK_URL", "http://localhost/x"),
        ("MONITOR_WEBHOOK_URL", "http://[::1]:9000/x"),
    ],
)
def test_senders_and_webhooks_as_they_are_written(name: str, value: str) -> None:
    settings = Settings.load({name: value})
    assert settings.problems == ()
    assert settings.values[name.lower()] == value


def test_the_key_in_the_address_of_a_chat_tool_is_a_secret() -> None:
    secrets = Settings.load(
        {"MONITOR_WEBHOOK_URL": "https://chat.example/hook/abcdefghijkl?sig=mnopqrstuvwx"}
    ).secrets()
    assert {"abcdefghijkl", "sig=mnopqrstuvwx"} <= set(secrets)
