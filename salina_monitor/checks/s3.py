"""S3: does the bucket answer these keys? boto3's `head_bucket`, carried by our own wire.

botocore chooses the endpoint, finds credentials and signs; its transport is left out, for it keeps no total
deadline, follows redirects without end and hides the certificate's fault. The `before-send` event is made for this.
"""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from salina_monitor import wire
from salina_monitor.checks import http
from salina_monitor.checks.context import unusable
from salina_monitor.checks.outcomes import Finding, found
from salina_monitor.settings import Settings
from salina_monitor.wire import Answer, WireError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_SETTINGS = (
    "AWS_REGION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)


class _Signed(Exception):
    """Carries the signed request out of botocore, which then sends nothing itself."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__("signed")
        self.request = request


def probe(settings: Settings, budget_s: float) -> Finding:
    """Ask for the bucket once, within `budget_s` seconds; signing and credentials count too."""
    required = ("AWS_S3_BUCKET",) if settings.aws_endpoint_url_s3 else ("AWS_S3_BUCKET", "AWS_REGION")
    if finding := unusable(settings, required, _SETTINGS):
        return finding
    if bool(settings.aws_access_key_id) != bool(settings.aws_secret_access_key):
        return found("no_credentials", None)
    started = time.monotonic()
    request = _signed_request(settings)
    if isinstance(request, Finding):
        return request
    try:
        answer = _send(request, budget_s - (time.monotonic() - started))
    except WireError as error:
        # The time until giving up includes signing; that of an answer below is the network's alone.
        return http.not_answered(WireError(error.kind, round((time.monotonic() - started) * 1000), error.detail))
    return _judge(answer, settings.aws_region)


def warm_up(settings: Settings) -> None:
    """Import boto3 and build the client, 0.3-0.5 s in all, so that the first check does not read "slow"."""
    _signed_request(settings)


def _signed_request(settings: Settings) -> AWSPreparedRequest | Finding:
    from botocore.exceptions import BotoCoreError, NoCredentialsError, PartialCredentialsError, ProfileNotFound

    try:
        _client(
            settings.aws_endpoint_url_s3,
            settings.aws_region or "us-east-1",
            settings.aws_access_key_id,
            settings.aws_secret_access_key,
            settings.aws_session_token,
        ).head_bucket(Bucket=settings.aws_s3_bucket)
    except _Signed as signed:
        return signed.request
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound):
        return found("no_credentials", None)
    except BotoCoreError:
        # What botocore refuses before sending is a name: bucket, region or endpoint. Its text may hold values.
        problem = "AWS_S3_BUCKET, AWS_REGION or AWS_ENDPOINT_URL_S3 is not valid; check the three."
        return found("bad_setting", None, problem=problem)
    raise AssertionError("botocore sent the request itself")


@lru_cache(maxsize=4)
def _client(
    endpoint: str, region: str, key_id: str, secret: str, token: str
) -> Any:  # boto3's clients are made at run time and have no type
    """One kept client for the settings: the first one of a process takes 80-300 ms."""
    import boto3
    import botocore.session
    from botocore.config import Config

    session = botocore.session.Session()
    if not key_id and not _on_ec2():
        # The metadata service exists on EC2 only; elsewhere asking for it blocks for 2 s.
        session.get_component("credential_provider").remove("iam-role")
    client = boto3.Session(botocore_session=session).client(
        "s3",
        region_name=region,
        endpoint_url=endpoint or None,
        aws_access_key_id=key_id or None,
        aws_secret_access_key=secret or None,
        aws_session_token=token or None,
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send.s3.HeadBucket", _carry_out)
    return client


def _carry_out(request: AWSPreparedRequest, **_: Any) -> NoReturn:
    raise _Signed(request)


def _on_ec2() -> bool:
    """Whether this machine is an EC2 instance, by what its firmware says (Nitro and Xen)."""
    for name, word in (("sys_vendor", "amazon ec2"), ("product_version", "amazon")):
        try:
            if word in Path("/sys/class/dmi/id", name).read_text(errors="replace").lower():
                return True
        except OSError:  # no such firmware table: not a PC, or not Linux
            return False
    return False


def _send(request: AWSPreparedRequest, budget_s: float) -> Answer:
    headers = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in request.headers.items()}
    with wire.new_client(keepalive=False) as client:
        return wire.fetch(client, "HEAD", str(request.url), headers=headers, deadline_s=budget_s)


def _judge(answer: Answer, wanted_region: str) -> Finding:
    status, ms = answer.status, answer.elapsed_ms
    from_s3 = any(name.lower().startswith("x-amz-") for name in answer.headers)
    region = answer.headers.get("x-amz-bucket-region", "")
    elsewhere = bool(region and wanted_region and region != wanted_region)
    if status == 200:
        if not from_s3:
            return found("not_s3", ms)
        if elsewhere:
            return found("other_region", ms, region=region)
        return found("ok", ms, said="Bucket reachable")
    if elsewhere and (300 <= status < 400 or status == 400):
        return found("wrong_region", ms, region=region)
    # Some stores of S3's kind answer a wrong key with 401; a 400 without S3's marks is anybody's.
    if status in (401, 403) or (status == 400 and from_s3):
        return found("access_denied", ms, http=status)
    if status == 404:
        return found("no_bucket", ms)
    if status in (429, 503):  # S3 says SlowDown with 503
        return http.limited(answer)
    return found("not_s3", ms) if 200 <= status < 300 else http.judge(answer)
