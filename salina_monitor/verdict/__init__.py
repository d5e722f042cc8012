"""One honest sentence about right now: are the services healthy, do jobs start, do they finish, is this fresh?

Each is measured or said to be unknown, and judged by what is usual for the type. What was not measured is never green.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from salina_monitor.evidence import Evidence
from salina_monitor.models import HealthCheckResult, JobFilters, JobSummary, iso
from salina_monitor.verdict.catalogue import CATALOGUE, Code, Finding, Level
from salina_monitor.verdict.jobs import judge_finishes, judge_running, judge_starts
from salina_monitor.verdict.services import judge_services

__all__ = ["CATALOGUE", "Code", "Finding", "Level", "Verdict", "verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, in the order in which it is said."""

    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst of all."""
        return self._first.level

    @property
    def text(self) -> str:
        return " ".join(finding.text for finding in self.findings)

    @property
    def step(self) -> str:
        """The one thing to do next; "" when there is nothing to do."""
        return self._first.step

    @property
    def show(self) -> JobFilters | None:
        """The jobs that the next step is about."""
        return self._first.show

    @property
    def codes(self) -> tuple[Code, ...]:
        return tuple(finding.code for finding in self.findings)

    @property
    def _first(self) -> Finding:
        order = list(Code)
        return min(self.findings, key=lambda finding: (-finding.level.rank, order.index(finding.code)))


def verdict(
    summary: JobSummary,
    health: Iterable[HealthCheckResult],
    evidence: Evidence | None,
    *,
    stale_reason: str = "",
    filling: bool = False,
    clock: Callable[[datetime], str] = lambda moment: iso(moment) or "",
) -> Verdict:
    """Judge what is known.

    `evidence` None: no job was ever read. `stale_reason` is why job data is old ("" = it is fresh); with `filling`,
    history is incomplete. `clock` writes a moment for whoever reads.
    """
    findings = [judge_services(health)]
    if evidence is None or summary.failed_last_24h is None:
        findings.append(Finding(Code.NEVER_READ, "No job has been read from Inngest yet."))
    else:
        findings.append(judge_starts(summary, evidence))
        findings += judge_running(evidence)
        findings.append(judge_finishes(summary, evidence, clock))
    if stale_reason:
        findings.append(Finding(Code.DATA_OLD, stale_reason))
    elif filling:
        text = "History is still being read, so counts are at least these."
        findings.append(Finding(Code.HISTORY_FILLING, text))
    return Verdict(tuple(findings))
