"""One honest sentence about right now, from counts, health and freshness. What was not measured is said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from salina_monitor.models import HealthCheckResult, HealthStatus, JobSummary, Service


class Level(StrEnum):
    """How much attention the sentence asks for; `UNKNOWN` is never shown green."""

    GOOD = "good"
    UNKNOWN = "unknown"
    ATTENTION = "attention"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence and its level."""

    level: Level
    text: str


def verdict(
    summary: JobSummary, health: Iterable[HealthCheckResult], *, stale_reason: str = "", filling: bool = False
) -> Verdict:
    """Judge what is known.

    `stale_reason` is why job data is old ("" = it is fresh); with `filling`, history is incomplete.
    """
    results = {result.service: result for result in health}
    levels: list[Level] = []
    parts: list[str] = []
    for judge in (_services, _jobs):
        level, text = judge(results, summary)
        levels.append(level)
        parts.append(text)
    if stale_reason:
        levels.append(Level.UNKNOWN)
        parts.append(stale_reason)
    elif filling:
        levels.append(Level.UNKNOWN)
        parts.append("History is still being read, so counts are at least these.")
    worst = max(levels, key=list(Level).index)
    return Verdict(worst, " ".join(parts))


def _services(results: dict[Service, HealthCheckResult], summary: JobSummary) -> tuple[Level, str]:
    by_status = {
        status: [s.label for s in Service if s in results and results[s].status is status] for status in HealthStatus
    }
    down, slow = by_status[HealthStatus.UNHEALTHY], by_status[HealthStatus.DEGRADED]
    open_ = [s.label for s in Service if s not in results or results[s].status is HealthStatus.CHECKING]
    off = by_status[HealthStatus.NOT_CONFIGURED]
    if len(down) == len(Service):
        return Level.TROUBLE, "No service answers: most likely this machine's own network is down."
    said = []
    if down:
        said.append(f"{_list(down)} {_is(down)} unhealthy")
    if slow:
        said.append(f"{_list(slow)} {_is(slow)} degraded")
    if open_:
        said.append(f"{_list(open_)} {_is(open_)} still being checked")
    if off:
        said.append(f"{_list(off)} {_is(off)} not configured")
    if not said:
        return Level.GOOD, "All five services are healthy."
    level = Level.TROUBLE if down else Level.ATTENTION if slow else Level.UNKNOWN
    return level, f"{'; '.join(said)}."


def _jobs(results: dict[Service, HealthCheckResult], summary: JobSummary) -> tuple[Level, str]:
    failed, completed = summary.failed_last_24h, summary.completed_last_24h
    if failed is None or completed is None:
        return Level.UNKNOWN, "No job has been read from Inngest yet."
    more = "+" if "failed_last_24h" in summary.capped else ""
    if failed == 0:
        level, text = Level.GOOD, "No job failed in the last 24 h"
    else:
        level = Level.ATTENTION
        text = f"{failed:,}{more} of {failed + completed:,}{more} ended jobs failed in the last 24 h"
        last_hour = summary.failed_by_hour[-1] if summary.failed_by_hour else 0
        text += f", {last_hour:,} of them in the last hour" if last_hour else ", none of them in the last hour"
        level = Level.ATTENTION if last_hour else Level.GOOD
    queued, active = summary.queued or 0, summary.active or 0
    text += f"; {active:,} running, {queued:,} queued"
    stuck = (summary.stuck_running or 0) + (summary.stuck_queued or 0)
    if stuck:
        level = Level.ATTENTION
        text += f", {stuck:,} of them for longer than usual for their type"
    text += "."
    return level, text


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
