"""Hosts and settings as messages name them, and configuration errors that make asking pointless."""

from __future__ import annotations

import pytest

from salina_monitor.checks.context import host, placeholders
from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthStatus, Service
from salina_monitor.settings import Settings


@pytest.mark.parametrize(
    ("service", "env", "expected"),
    [
        (Service.CLERK, {}, "api.clerk.com"),
        (Service.INNGEST, {"INNGEST_API_URL": "http://[::1]:8288"}, "[::1]:8288"),
        (Service.RESEND, {"RESEND_API_URL": "https://mail.test/base"}, "mail.test"),
        (Service.S3, {"AWS_REGION": "eu-west-3"}, "s3.eu-west-3.amazonaws.com"),
        (Service.S3, {"AWS_ENDPOINT_URL_S3": "http://minio:9000"}, "minio:9000"),
        (Service.DATABASE, {"DATABASE_URL": "postgresql://erp:pw@db.test:6432/erp?schema=x"}, "db.test:6432"),
        (Service.DATABASE, {"DATABASE_URL": "postgresql:///erp?host=/run/pg"}, "/run/pg"),
        (Service.DATABASE, {}, "the local server"),
    ],
)
def test_it_names_whom_it_asks(service, env, expected):
    assert host(service, Settings.load(env)) == expected


def test_it_names_the_inngest_key_that_is_in_use():
    assert placeholders(Service.INNGEST, Settings.load({"INNGEST_API_KEY": "k"}))["setting"] == "INNGEST_API_KEY"
    assert placeholders(Service.INNGEST, Settings.load({}))["setting"] == "INNGEST_SIGNING_KEY"


@pytest.mark.parametrize(
    ("service", "env", "names"),
    [
        (Service.DATABASE, {}, "DATABASE_URL"),
        (Service.CLERK, {}, "CLERK_SECRET_KEY"),
        (Service.S3, {}, "AWS_S3_BUCKET and AWS_REGION"),
        (Service.S3, {"AWS_S3_BUCKET": "b"}, "AWS_REGION"),
        (Service.RESEND, {}, "RESEND_API_KEY"),
        (Service.INNGEST, {}, "INNGEST_SIGNING_KEY"),
    ],
)
def test_it_is_not_configured_without_settings_and_names_the_variable(service, env, names):
    result = CheckRunner(Settings.load(env)).check(service)
    assert (result.status, result.code, result.latency_ms) == (HealthStatus.NOT_CONFIGURED, "not_configured", None)
    assert result.message == f"Set {names} to watch {service.label}."


@pytest.mark.parametrize(
    ("service", "env", "words"),
    [
        (Service.DATABASE, {"DATABASE_URL": "postgres//erp:hunter22@db"}, "DATABASE_URL is not a PostgreSQL address"),
        (Service.CLERK, {"CLERK_SECRET_KEY": "pk_live_hunter22"}, "publishable key"),
        (Service.CLERK, {"CLERK_SECRET_KEY": "sk_live hunter22"}, "CLERK_SECRET_KEY contains blanks"),
        (Service.CLERK, {"CLERK_SECRET_KEY": "sk_x", "CLERK_API_URL": "api.clerk.com"}, "CLERK_API_URL is not an http"),
        (Service.S3, {"AWS_S3_BUCKET": "b", "AWS_REGION": "eu west"}, "AWS_REGION contains blanks"),
        (Service.RESEND, {"RESEND_API_KEY": "re_\nhunter22"}, "RESEND_API_KEY contains blanks"),
        (Service.INNGEST, {"INNGEST_SIGNING_KEY": "sign key"}, "INNGEST_SIGNING_KEY contains blanks"),
        (Service.INNGEST, {"INNGEST_API_URL": "http://"}, "INNGEST_API_URL is not an http"),
    ],
)
def test_it_says_which_setting_cannot_be_used_and_asks_nothing(service, env, words):
    result = CheckRunner(Settings.load(env)).check(service)
    assert (result.status, result.code, result.latency_ms) == (HealthStatus.UNHEALTHY, "bad_setting", None)
    assert words in result.message
    assert "hunter22" not in result.message


def test_it_wants_both_halves_of_an_aws_key():
    env = {"AWS_S3_BUCKET": "bucket", "AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "AKIA"}
    assert CheckRunner(Settings.load(env)).check(Service.S3).code == "no_credentials"


@pytest.mark.parametrize("env", [{"AWS_S3_BUCKET": "B@d/Name"}, {"AWS_REGION": "eu/west"}])
def test_it_says_so_when_bucket_or_region_cannot_exist(env):
    good = {
        "AWS_S3_BUCKET": "bucket",
        "AWS_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "B",
    }
    assert CheckRunner(Settings.load({**good, **env})).check(Service.S3).code == "bad_setting"
