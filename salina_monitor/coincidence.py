"""Which service an error points to, and whether more failures fell into its trouble than by chance. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache

from salina_monitor.models import JobError, Service
from salina_monitor.words import listed, percent, plural

_READ = 4_000
# Hosts, classes and codes that only this service's errors carry. Words that any error may hold (timeout, 503) point
# nowhere, nor does a name that is also a word: "resend the invitation", "clerk of the court", "cell S3".
_ANSWERS = r"(?:answered|responded|timed out|did not answer|API\b|HTTP [45]\d\d|[45]\d\d\b)"
_NO_ANSWER = r"(?:ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN) "
_OTHER_AWS = r"(?:rds|sqs|sns|ses|email|email-smtp|lambda|dynamodb|secretsmanager|kms|sts|cognito-idp)"
_POINTERS: tuple[tuple[Service, re.Pattern[str]], ...] = tuple(
    (service, re.compile(pattern, re.IGNORECASE))
    for service, pattern in (
        (Service.S3, r"\bS3(Service|Client)?(Exception|Error)\b|(?<![a-z0-9])s3://|\bclient-s3\b"
                     rf"|(?-i:\bS3) {_ANSWERS}|(?:https?://|{_NO_ANSWER})(?:[\w-]+\.)*s3[.-]"
                     rf"|(?<![\w.-])(?!(?:[\w-]+\.)*{_OTHER_AWS}\.)(?:[\w-]+\.)*amazonaws\.com"
                     r"|(?-i:\bNoSuch(?:Bucket|Key)\b|\bSlowDown\b|\b(?:Put|Get|Head)Object(?:Command)?\b)"),
        (Service.RESEND, r"(?-i:\bResend(?:API)?(?:Error|Exception)\b|\bResend:)|\bresend\.(?:com|dev|emails)\b"
                         rf"|(?-i:\bResend) {_ANSWERS}|(daily|monthly)_quota_exceeded|restricted_api_key"),
        (Service.CLERK, r"(?-i:\bClerk(?:API|Runtime|Error|Exception)\w*)|\bclerk\.(?:com|dev|services|accounts)\b"
                        rf"|@clerk/|\bclerk_key_invalid\b|(?-i:\bClerk) {_ANSWERS}"),
        (Service.DATABASE, r"\bprisma|postgres|: P(10(0[0-3]|08|17)|2024):|SQLSTATE|database server|:5432\b"
                           r"|\brds\.amazonaws\.com"
                           r"|too many (clients|connections)|remaining connection slots|\bpsycopg|deadlock detected"),
        (Service.INNGEST, r"\binngest(?!/)|\binn\.gs\b"),
    )
)  # fmt: skip
LEAST_TOGETHER = 3
LEAST_SHARE = 0.5
TIMES_CHANCE = 3
"""Fewer failures in the trouble, a smaller share of them, or one nearer to that of all jobs, may be chance."""


def points_to(error: JobError | None) -> Service | None:
    """The service that class or message name first; None where they name none of the five."""
    if error is None:
        return None
    return _pointed(f"{error.name or ''}: {error.message[:_READ]}")


@lru_cache(maxsize=2_000)  # the same causes are judged at every look at the page
def _pointed(text: str) -> Service | None:
    found = [(match.start(), service) for service, pattern in _POINTERS if (match := pattern.search(text))]
    return min(found, key=lambda pair: pair[0])[1] if found else None


class Link(IntEnum):
    """How sure the link is, in rising order."""

    CHANCE = 0
    TOGETHER = 1
    NAMED = 2


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident of one service. `until` None: it goes on."""

    id: int
    service: Service
    worst: str
    since: datetime
    until: datetime | None

    def told(self, clock: Callable[[datetime], str]) -> str:
        """`S3 was unhealthy 14:02 to 14:19`, `S3 has been degraded since 14:02`."""
        if self.until is None:
            return f"{self.service.label} has been {self.worst} since {clock(self.since)}"
        return f"{self.service.label} was {self.worst} {clock(self.since)} to {clock(self.until)}"


@dataclass(frozen=True, slots=True)
class Coincidence:
    """Failures of one cause that fell into the trouble of one service.

    `failed_in` of `failed` failures, and `ended_in` of all `ended` jobs of the same functions, ended in it.
    `named`: the error points to the service. `troubles` are those into which failures fell, oldest first.
    """

    service: Service
    troubles: tuple[Trouble, ...]
    failed_in: int
    failed: int
    ended_in: int
    ended: int
    named: bool = False
    cut: bool = False
    """There was more trouble, which was not looked at."""

    @property
    def link(self) -> Link:
        if self.named:
            return Link.NAMED
        share, chance = self.failed_in / max(1, self.failed), self.ended_in / max(1, self.ended)
        often = self.failed_in >= LEAST_TOGETHER and share >= LEAST_SHARE
        return Link.TOGETHER if often and share >= TIMES_CHANCE * chance else Link.CHANCE

    @property
    def worth_saying(self) -> bool:
        """One or two failures in some trouble tell nothing."""
        return self.named or self.failed_in >= LEAST_TOGETHER

    @property
    def base(self) -> str:
        """What share of all these jobs ended in the trouble, anyway."""
        return percent(self.ended_in, self.ended) if self.ended >= self.ended_in else percent(1, 1)

    def told(self, clock: Callable[[datetime], str]) -> str:
        """A sentence with its evidence: `118 of 142 failed while S3 was unhealthy …`."""
        if len(self.troubles) == 1:
            one = self.troubles[0]
            goes_on = f"{one.service.label} is {one.worst}, since {clock(one.since)}"
            when = goes_on if one.until is None else one.told(clock)
            during = f"{self.failed_in:,} of {self.failed:,} failed while {when}"
        else:
            first, last = self.troubles[0], self.troubles[-1]
            until = "now" if last.until is None else clock(last.until)
            during = (
                f"{self.failed_in:,} of {self.failed:,} failed in {plural(len(self.troubles), 'incident')} of "
                f"{self.service.label} between {clock(first.since)} and {until}"
            )
        if self.cut:
            during += " (older incidents are not counted)"
        chance = f"{self.base} of all jobs of the type ended then"
        if self.link is Link.NAMED:
            return f"{during}, and the error points to {self.service.label}; {chance}."
        if self.link is Link.TOGETHER:
            return f"{during}; {chance}, so it is hardly chance."
        return f"{during}; {chance}, so that may be chance."


def strongest(found: Iterable[Coincidence]) -> Coincidence | None:
    """The surest one, of equals the one with more failures; None when all may be chance."""
    best = max(found, key=lambda one: (one.link, one.failed_in), default=None)
    return best if best is not None and best.link is not Link.CHANCE else None


def told_of_job(error: JobError | None, troubles: Iterable[Trouble], clock: Callable[[datetime], str]) -> str:
    """What was wrong when one job failed, and what its error points to; "" when neither says anything."""
    named, met = points_to(error), tuple(troubles)
    said = f"When it failed: {listed([trouble.told(clock) for trouble in met])}. " if met else ""
    if named is None:
        return f"{said}The error names no service, so that may be chance." if met else ""
    if any(trouble.service is named for trouble in met):
        return f"{said}The error points to {named.label}."
    return f"{said}The error points to {named.label}, of which no incident is known at that time."
