"""The S3 check against moto's server: botocore's signing and addressing are real, so is the bucket."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from salina_monitor.checks.runner import CheckRunner
from salina_monitor.models import HealthCheckResult, Service
from tests.support.peers import settings_at


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def check(endpoint: str, **env: str) -> HealthCheckResult:
    return CheckRunner(settings_at(endpoint, **env)).check(Service.S3)


def test_it_reaches_a_bucket_that_is_there_and_misses_one_that_is_not(endpoint):
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-west-3"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket="statements", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    client.close()
    assert check(endpoint).code == "ok"
    missing = check(endpoint, AWS_S3_BUCKET="elsewhere")
    assert missing.code == "no_bucket"
    assert "AWS_S3_BUCKET" in missing.message


def test_it_finds_no_credentials_where_there_are_none(endpoint, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    result = check(
        endpoint, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_SESSION_TOKEN="", AWS_REGION="us-east-2"
    )
    assert result.code == "no_credentials"
    assert "AWS_ACCESS_KEY_ID" in result.message
