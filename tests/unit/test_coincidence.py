"""Which service an error points to; what is hardly chance and what may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.coincidence import Coincidence, Link, Trouble, points_to, strongest, told_of_job
from salina_monitor.models import JobError, Service

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
S3_DOWN = Trouble(1, Service.S3, "unhealthy", NOON, NOON + timedelta(minutes=17))


def clock(at: datetime) -> str:
    return f"{at:%H:%M}"


@pytest.mark.parametrize(
    ("name", "message", "service"),
    [
        ("S3ServiceException", "503 SlowDown", Service.S3),
        ("Error", "PutObject s3://salina-statements/acme: no answer within 30 s", Service.S3),
        ("NoSuchBucket", "The specified bucket does not exist", Service.S3),
        ("TimeoutError", "connect ETIMEDOUT eu-central-1.amazonaws.com:443", Service.S3),
        ("ResendError", "application_error (500)", Service.RESEND),
        ("Error", "POST https://api.resend.com/emails: 500", Service.RESEND),
        (None, "daily_quota_exceeded: you have reached your daily quota", Service.RESEND),
        ("ClerkAPIResponseError", "Clerk answered 503", Service.CLERK),
        ("PrismaClientInitializationError", "Can't reach database server at `db:5432`", Service.DATABASE),
        ("PrismaClientKnownRequestError", "P2024: Timed out fetching a new connection", Service.DATABASE),
        ("error", "sorry, too many clients already", Service.DATABASE),
        ("Error", "Inngest API Error: 503", Service.INNGEST),
        ("Error", "S3 503 for s3://b/1.pdf", Service.S3),
        ("Error", "S3 503", Service.S3),
        ("Error", "getaddrinfo ENOTFOUND salina.s3.eu-central-1.example.com", Service.S3),
        ("Error", "request to https://s3.eu-central-1.amazonaws.com/x failed", Service.S3),
        ("Error", "Resend answered 500", Service.RESEND),
        ("Error", "Resend: rate limit", Service.RESEND),
        ("Error", "resend.emails.send failed", Service.RESEND),
        ("Resend", "too many", Service.RESEND),
        ("Error", "GET https://api.clerk.com/v1/users: no answer", Service.CLERK),
        ("Error", "Clerk did not answer", Service.CLERK),
        ("ClerkRuntimeError", "x", Service.CLERK),
        ("Error", "connect ETIMEDOUT db.abc.eu-central-1.rds.amazonaws.com:5432", Service.DATABASE),
        ("Error", "P1001: cannot reach it", Service.DATABASE),
        ("Error", "while writing to s3://x the database server went away", Service.S3),
    ],
)
def test_an_error_points_to_the_service_it_names_first(name: str | None, message: str, service: Service) -> None:
    assert points_to(JobError(name, message)) is service


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("TimeoutError", "no answer within 30 s"), ("Error", "503 Service Unavailable"),
        ("TypeError", "Cannot read properties of undefined (reading 'royalties')"),
        ("ValidationError", "Title 'Resending letters' has no ISBN"), ("Error", "css3 is no clue, nor is is3"),
        ("Error", "resend the invitation first"), ("Error", "Resend the invitation first"),
        ("ResendInvitationError", "expired"), ("Error", "Please resend: it was lost"),
        ("Error", "Clerk of the court name missing"), ("Error", "clerk_ref missing"), ("ClerkOfCourtMissing", "x"),
        ("Error", "cell S3 is empty"), ("Error", "cell S3: empty"), ("Error", "s3 300 is no rate"),
        ("Error", "cache.getObject is not a function"), ("Error", "product P1001 is not known"),
        ("Error", "sqs.eu-central-1.amazonaws.com refused"),
        ("Error", "event inngest/function.failed carried no tenant"), ("Error", "the clerical review is open"), (None, ""),
    ],
)  # fmt: skip
def test_words_that_any_error_may_hold_point_nowhere(name: str | None, message: str) -> None:
    assert points_to(JobError(name, message)) is None
    assert points_to(None) is None


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_breaks_it(name: str, message: str) -> None:
    assert points_to(JobError(name, message)) in (None, *Service)


def coincidence(failed_in: int, failed: int, ended_in: int, ended: int, *, named: bool = False) -> Coincidence:
    return Coincidence(Service.S3, (S3_DOWN,), failed_in, failed, ended_in, ended, named)


@pytest.mark.parametrize(
    ("numbers", "link"),
    [
        ((118, 142, 30, 1000), Link.TOGETHER),
        ((2, 2, 3, 1000), Link.CHANCE),  # too few
        ((60, 142, 30, 1000), Link.CHANCE),  # less than half
        ((118, 142, 500, 1000), Link.CHANCE),  # half of all jobs ended then, of whatever kind
        ((3, 3, 100, 100), Link.CHANCE),  # the trouble lasted as long as the range
        ((3, 3, 33, 100), Link.TOGETHER),
    ],
)
def test_a_link_is_said_only_where_chance_would_not_do(numbers: tuple[int, int, int, int], link: Link) -> None:
    assert coincidence(*numbers).link is link
    assert coincidence(*numbers, named=True).link is Link.NAMED


def test_the_sentence_carries_its_evidence_and_the_base_rate() -> None:
    said = coincidence(118, 142, 30, 1000, named=True).told(clock)
    assert said == (
        "118 of 142 failed while S3 was unhealthy 12:00 to 12:17, and the error points to S3; "
        "3.0 % of all jobs of the type ended then."
    )
    assert coincidence(118, 142, 30, 1000).told(clock).endswith("so it is hardly chance.")
    assert coincidence(2, 142, 30, 1000).told(clock).endswith("so that may be chance.")


def test_several_incidents_are_counted_and_an_open_one_goes_on() -> None:
    now = Trouble(2, Service.S3, "degraded", NOON + timedelta(hours=2), None)
    said = Coincidence(Service.S3, (S3_DOWN, now), 10, 12, 5, 500).told(clock)
    assert said.startswith("10 of 12 failed in 2 incidents of S3 between 12:00 and now")
    assert (
        Coincidence(Service.S3, (now,), 10, 12, 5, 500)
        .told(clock)
        .startswith("10 of 12 failed while S3 is degraded, since 14:00")
    )


def test_the_strongest_is_the_surest_and_chance_is_none() -> None:
    named, often = coincidence(1, 10, 1, 100, named=True), coincidence(9, 10, 1, 100)
    assert strongest([often, named]) is named
    assert strongest([often]) is often
    assert strongest([coincidence(1, 10, 50, 100)]) is None
    assert strongest([]) is None


def test_a_job_says_what_was_wrong_and_what_its_error_names() -> None:
    s3, other = JobError("S3ServiceException", "503"), JobError("Error", "boom")
    assert told_of_job(s3, [S3_DOWN], clock) == (
        "When it failed: S3 was unhealthy 12:00 to 12:17. The error points to S3."
    )
    assert told_of_job(other, [S3_DOWN], clock).endswith("The error names no service, so that may be chance.")
    assert told_of_job(s3, [], clock) == "The error points to S3, of which no incident is known at that time."
    assert told_of_job(other, [], clock) == ""
