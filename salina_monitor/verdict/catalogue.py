"""Everything the verdict can say, closed: each code has one level and at most one next step, and a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from salina_monitor.models import JobFilters


class Level(StrEnum):
    """How much attention the sentence asks for, in rising order; `UNKNOWN` is never shown green."""

    GOOD = "good"
    UNKNOWN = "unknown"
    ATTENTION = "attention"
    TROUBLE = "trouble"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class Code(StrEnum):
    """What was found. Of findings of one level, the first in this order gives the next step."""

    SERVICES_ALL_DOWN = "services_all_down"
    NEVER_READ = "never_read"
    STARTS_NONE = "starts_none"
    FAILING_MOSTLY = "failing_mostly"
    SERVICES_DOWN = "services_down"
    FAILING_NOW = "failing_now"
    STARTS_SLOW = "starts_slow"
    STARTS_STALLED = "starts_stalled"
    FAILED_EARLIER = "failed_earlier"
    RUNNING_LONG = "running_long"
    SERVICES_SLOW = "services_slow"
    DATA_OLD = "data_old"
    SERVICES_OFF = "services_off"
    SERVICES_UNCHECKED = "services_unchecked"
    FAILURES_UNJUDGED = "failures_unjudged"
    FINISHES_UNKNOWN = "finishes_unknown"
    HISTORY_FILLING = "history_filling"
    FAILURES_FEW = "failures_few"
    FAILURES_USUAL = "failures_usual"
    FAILURES_DEALT_WITH = "failures_dealt_with"
    SERVICES_OK = "services_ok"
    STARTS_OK = "starts_ok"
    FINISHES_OK = "finishes_ok"
    NO_JOBS = "no_jobs"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Level of a code, and what to do next; {service} is the one to look at."""

    level: Level
    step: str = ""


CATALOGUE: Mapping[Code, Meaning] = {
    Code.SERVICES_ALL_DOWN: Meaning(Level.TROUBLE, "Check this machine's own network first."),
    Code.NEVER_READ: Meaning(Level.UNKNOWN, "Wait for the first reading; if it fails, the reason is under the title."),
    Code.STARTS_NONE: Meaning(Level.TROUBLE, "Check that the ERP's worker runs and is connected to Inngest."),
    Code.FAILING_MOSTLY: Meaning(Level.TROUBLE, "Open the failed jobs; mend the cause, then run them again."),
    Code.SERVICES_DOWN: Meaning(Level.TROUBLE, "Start with the {service} card: it says what to do."),
    Code.FAILING_NOW: Meaning(Level.ATTENTION, "Open the failed jobs; mend the cause, then run them again."),
    Code.STARTS_SLOW: Meaning(
        Level.ATTENTION, "Open what waits; if nothing of its type runs, look at the ERP's worker."
    ),
    Code.STARTS_STALLED: Meaning(
        Level.ATTENTION, "Open what waits; if nothing of its type runs, look at the ERP's worker."
    ),
    Code.RUNNING_LONG: Meaning(Level.ATTENTION, "Open them and look at the step in which they hang."),
    Code.FAILED_EARLIER: Meaning(Level.ATTENTION, "Open the failed jobs; run again what was not made good."),
    Code.SERVICES_SLOW: Meaning(Level.ATTENTION, "Look at the {service} card; failures may follow."),
    Code.DATA_OLD: Meaning(Level.UNKNOWN, "Press Refresh; if that does not help, look at the Inngest card."),
    Code.SERVICES_OFF: Meaning(Level.UNKNOWN, "Set what the {service} card names."),
    Code.SERVICES_UNCHECKED: Meaning(Level.UNKNOWN),
    Code.FAILURES_UNJUDGED: Meaning(Level.UNKNOWN, "Open Failures and see whether they matter."),
    Code.FINISHES_UNKNOWN: Meaning(
        Level.UNKNOWN, "See when a job last completed; if some should have since, look at the ERP's worker."
    ),
    Code.HISTORY_FILLING: Meaning(Level.UNKNOWN),
    Code.FAILURES_FEW: Meaning(Level.GOOD),
    Code.FAILURES_USUAL: Meaning(Level.GOOD),
    Code.FAILURES_DEALT_WITH: Meaning(Level.GOOD),
    Code.SERVICES_OK: Meaning(Level.GOOD),
    Code.STARTS_OK: Meaning(Level.GOOD),
    Code.FINISHES_OK: Meaning(Level.GOOD),
    Code.NO_JOBS: Meaning(Level.GOOD),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, in a sentence. `show` are the jobs it speaks of."""

    code: Code
    text: str
    service: str = ""
    show: JobFilters | None = None

    @property
    def level(self) -> Level:
        return CATALOGUE[self.code].level

    @property
    def step(self) -> str:
        return CATALOGUE[self.code].step.format(service=self.service)
