"""The state on the screen as Markdown for a ticket, a chat or a mail: plain words, UTC times, foreign text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from salina_monitor.failures import FailureGroup, state_of, told
from salina_monitor.models import AsOf, HealthCheckResult, JobEntry, JobFilters, JobSummary, TimeRange, iso
from salina_monitor.words import plural

_SPECIAL = "\\`*_{}[]()<>#+!|~$&"
MOST_JOBS = 20
MOST_GROUPS = 10


def plain(text: str, limit: int = 300) -> str:
    """Foreign text on one line that stays text where Markdown is read; addresses in it are not linked."""
    line = (
        " ".join(text.split())[:limit].replace("://", ":\u200b//").replace("www.", "www\u200b.").replace("@", "\u200b@")
    )
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in line if c.isprintable() or c == "\u200b")


def incident(
    *,
    verdict: str,
    health: Iterable[HealthCheckResult],
    summary: JobSummary,
    groups: Sequence[FailureGroup],
    jobs: Sequence[JobEntry],
    total: int,
    filters: JobFilters,
    as_of: AsOf,
    total_is_capped: bool = False,
    left_out: str = "",
) -> str:
    """Verdict, health, numbers, causes with the tenants hit, and the filtered jobs, capped with the cap said.

    `groups` are causes of the filtered jobs.

    `left_out` says which failures the causes do not hold.
    """
    lines = [
        "# Salina: state of background jobs", "", f"As of {iso(as_of.at)}.", "", plain(verdict, 1000), "",
        "## Services", "",
        "| service | state | latency | what it says | checked |", "|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [_service(result) for result in health]
    lines += ["", "## Jobs", "", _numbers(summary), "", f"## Causes of failures, {_about(filters)}", ""]
    lines += [_cause(group, as_of) for group in groups[:MOST_GROUPS]] or ["None of these jobs failed."]
    if len(groups) > MOST_GROUPS:
        lines.append(f"- … and {plural(len(groups) - MOST_GROUPS, 'more cause')}")
    lines += ["", left_out] if left_out else []
    lines += ["", f"## Jobs listed: {plain(chosen(filters), 1000)}", ""]
    lines += ["| job | type | tenant | state | queued | error |", "|---|---|---|---|---|---|"] if jobs else ["None."]
    lines += [_job(job) for job in jobs[:MOST_JOBS]]
    if total > len(jobs[:MOST_JOBS]):
        held = f"the newest {total:,}" if total_is_capped else "the others"
        more = "+" if total_is_capped else ""
        lines += ["", f"The newest {len(jobs[:MOST_JOBS])} of {total:,}{more}; the CSV holds {held}."]
    return "\n".join(lines) + "\n"


def _about(filters: JobFilters) -> str:
    """Which failures the causes are of: the same as the list, which without a range goes back 90 days at most."""
    if filters.since is not None:
        return plain(chosen(filters), 1000)
    narrowed = plain(chosen(replace(filters, range=TimeRange.ALL)).removesuffix("range all").removesuffix(", "), 1000)
    span = "90d" if filters.range is TimeRange.ALL else filters.range.value
    return f"last {span}{': ' if narrowed else ''}{narrowed}"


def _service(result: HealthCheckResult) -> str:
    latency = "" if result.latency_ms is None else f"{result.latency_ms} ms"
    state = result.status.value.replace("_", " ")
    return f"| {result.service.label} | {state} | {latency} | {plain(result.message)} | {iso(result.checked_at)} |"


def _numbers(summary: JobSummary) -> str:
    def number(name: str) -> str:
        value = getattr(summary, name)
        return "unknown" if value is None else f"{value:,}{'+' if name in summary.capped else ''}"

    return (
        f"{number('active')} active, {number('queued')} queued, {number('completed_last_24h')} completed and "
        f"{number('failed_last_24h')} failed in the last 24 h."
    )


def _cause(group: FailureGroup, as_of: AsOf) -> str:
    tenants = ", ".join(f"{plain(tenant or 'no tenant')} ({n})" for tenant, n in group.tenants)
    more = ", …" if group.tenant_count > len(group.tenants) else ""
    made = f", {group.superseded} made good later" if group.superseded else ""
    now = as_of.server_at or as_of.at
    decided = told(group, state_of(group, now)) if now else ""
    return (
        f"- **{group.count}×** {plain(group.title)}: {plain(', '.join(group.types))}{made}; hits "
        f"{plural(group.tenant_count, 'tenant')}: {tenants}{more}; {iso(group.first_seen)} to {iso(group.last_seen)}"
        f"{f'; {plain(decided)}' if decided else ''}"
    )


def chosen(filters: JobFilters) -> str:
    """What a list was narrowed to, in words: foreign text on one line, not escaped for anything."""
    parts = {
        "status": filters.status, "type": filters.type, "tenant": filters.tenant, "search": filters.text,
        "cause": filters.group, "stuck": "yes" if filters.stuck else "",
        "range": filters.range if filters.since is None else "",
        "ended from": iso(filters.since), "until": iso(filters.until),
    }  # fmt: skip
    return ", ".join(f"{name} {' '.join(str(value).split())[:300]}" for name, value in parts.items() if value)


def _job(job: JobEntry) -> str:
    error = plain(job.error.first_line, 120) if job.error else ""
    tenant = plain(job.tenant_id or "none")
    state = job.status.value
    return f"| {plain(job.id)} | {plain(job.type_label)} | {tenant} | {state} | {iso(job.queued_at)} | {error} |"
