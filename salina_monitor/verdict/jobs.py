"""Do jobs start, do they get on, do they finish: each against what is usual for its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from salina_monitor.evidence import (
    FLOOR_FAILED,
    FLOOR_SHARE,
    PACE_OVER,
    SHORT_QUEUE,
    TIMES_USUAL,
    Cause,
    Evidence,
    TypeEvidence,
    main_cause,
    pace,
)
from salina_monitor.models import JobFilters, JobStatus, JobSummary, TimeRange
from salina_monitor.verdict.catalogue import Code, Finding
from salina_monitor.words import age, listed, percent, plural

Clock = Callable[[datetime], str]
TITLE_LIMIT = 90
MOST_NAMED = 3


def judge_starts(summary: JobSummary, evidence: Evidence) -> Finding:
    """Whether what is queued gets its turn."""
    more = "+" if "queued" in summary.capped else ""
    queued, wait, late = summary.queued or 0, evidence.oldest_wait(), evidence.waiting_long
    oldest = f"the oldest for {age(wait)}" if wait is not None else ""
    ends = f"; the queue {pace(evidence)}" if pace(evidence).startswith(("drains", "grows", "holds")) else ""
    stuck = JobFilters(stuck=True, status=JobStatus.QUEUED)
    running = f"{summary.active or 0:,}{'+' if 'active' in summary.capped else ''} running"
    if late and evidence.still:
        verb = "waits" if queued == 1 else "wait"
        text = f"Jobs do not start: {queued:,}{more} {verb}, {oldest}; none started or ended in 15 min, {running}."
        return Finding(Code.STARTS_NONE, text, show=stuck)
    if evidence.still and queued >= SHORT_QUEUE and wait is not None and wait > PACE_OVER:
        what = "started or ended" if evidence.arrived else "moved"
        text = f"Nothing {what} in 15 min: {queued:,}{more} queued, {oldest}{ends}, {running}."
        return Finding(Code.STARTS_STALLED, text, show=JobFilters(status=JobStatus.QUEUED))
    if late:
        whose = _mostly([(one.label, one.waiting_long) for one in evidence.types])
        verb = "waits" if late == 1 else "wait"
        text = (
            f"{late:,} of {queued:,}{more} queued jobs {verb} longer than usual for their type, {oldest}{whose}{ends}."
        )
        return Finding(Code.STARTS_SLOW, text, show=stuck)
    waiting = f"{queued:,}{more} queued" + (f", {oldest}{ends}" if queued else "")
    if not summary.active and evidence.still:  # so nothing shows that jobs start
        text = f"Nothing runs, {waiting}." if queued else "Nothing is queued and nothing runs."
        return Finding(Code.STARTS_OK, text)
    return Finding(Code.STARTS_OK, f"Jobs start: {running}, {waiting}.")


def judge_running(evidence: Evidence) -> list[Finding]:
    """Whether what runs takes longer than usual; nothing is said of what does not."""
    late = evidence.running_long
    if not late:
        return []
    whose = _mostly([(one.label, one.running_long) for one in evidence.types])
    text = (
        f"{plural(late, 'job runs', 'jobs run')} longer than usual for {'its' if late == 1 else 'their'} type{whose}."
    )
    return [Finding(Code.RUNNING_LONG, text, show=JobFilters(stuck=True, status=JobStatus.RUNNING))]


def judge_finishes(summary: JobSummary, evidence: Evidence, clock: Clock) -> Finding:
    """Whether what runs comes to a good end, and if not, why and for whom; what is not concerned is said as well."""
    now = [one for one in evidence.types if one.fails_now]
    if now:
        failed, ended = sum(one.open_hour for one in now), sum(one.ended_hour for one in now)
        code = Code.FAILING_MOSTLY if 2 * failed >= ended else Code.FAILING_NOW
        return _failing(code, now, evidence, clock)
    earlier = [one for one in evidence.types if one.failed_earlier or one.all_failed]
    if earlier:
        return _failing(Code.FAILED_EARLIER, earlier, evidence, clock)
    failed, completed = summary.failed_last_24h or 0, summary.completed_last_24h or 0
    more = "+" if "failed_last_24h" in summary.capped else ""
    of_all = "+" if summary.capped & {"failed_last_24h", "completed_last_24h"} else ""
    if not failed + completed:
        return _nothing_ended(summary, evidence)
    if not failed:
        return Finding(Code.FINISHES_OK, "No job failed in the last 24 h.")
    lately = summary.failed_by_hour[-1] if summary.failed_by_hour else 0
    text = f"{failed:,}{more} of {failed + completed:,}{of_all} ended jobs failed in the last 24 h"
    text += f", {lately:,} of them in the last hour" if lately else ", none of them in the last hour"
    left = [one for one in evidence.types if one.open_day]
    if not left:
        return Finding(Code.FAILURES_DEALT_WITH, f"{text}; all were made good or decided about.")
    if any(one.usual_share is None for one in left):
        text += "; too few jobs of their type ended in the week before to know whether that is usual."
        return Finding(Code.FAILURES_UNJUDGED, text, show=JobFilters(status=JobStatus.FAILED))
    dealt_with = sum(max(0, one.failed_day - one.open_day) for one in evidence.types)
    if dealt_with:
        text += f"; {dealt_with:,} of them {'was' if dealt_with == 1 else 'were'} made good or decided about"
    few = [one for one in left if not one.as_usual]
    if few:
        text += f". Few, though more than usual: {_few(few)}."
        return Finding(Code.FAILURES_FEW, text, show=JobFilters(status=JobStatus.FAILED))
    usual = "; the others are" if dealt_with else ", as is"
    return Finding(Code.FAILURES_USUAL, f"{text}{usual} usual for their types.")


def _nothing_ended(summary: JobSummary, evidence: Evidence) -> Finding:
    """Calm only where there is nothing that could end, and usually was not."""
    usual = any(one.usual_ended for one in evidence.types)
    if not (usual or summary.active or summary.queued):
        return Finding(Code.NO_JOBS, "No job in 24 h, nor in the week before.")
    text = "Nothing ended in 24 h, so it is not known whether started jobs finish."
    last = JobFilters(status=JobStatus.COMPLETED, range=TimeRange.MONTH)
    return Finding(Code.FINISHES_UNKNOWN, text, show=last)


def _few(types: Sequence[TypeEvidence]) -> str:
    """What failed of each type, why that is few, and what is usual; most first."""
    said = []
    for one in sorted(types, key=lambda one: -one.open_day)[:MOST_NAMED]:
        why = f"less than {TIMES_USUAL} times the usual share"
        if one.open_day < FLOOR_FAILED:
            why = f"fewer than {FLOOR_FAILED}"
        elif one.open_day < FLOOR_SHARE * one.ended_day:
            why = f"below {FLOOR_SHARE * 100:.0f} %"
        said.append(f"{one.label} {one.open_day:,} of {max(one.open_day, one.ended_day):,} ({why}; {_usually([one])})")
    more = len(types) - len(said)
    return listed([*said, plural(more, "other type")] if more else said)


def _failing(code: Code, types: Sequence[TypeEvidence], evidence: Evidence, clock: Clock) -> Finding:
    lately = code is not Code.FAILED_EARLIER
    # What fails now is not blamed on what failed last night and has stopped.
    causes = tuple(c for one in types for c in one.causes if not c.decided and (c.hour or not lately))
    cause, owned, failed = main_cause(causes, lately=False)
    of_hour = main_cause(causes, lately=True)
    # Nor on what owns the day but not the hour, or the other way round: then the hour alone is spoken of.
    hour_only = lately and _key(of_hour[0]) != _key(cause)
    if hour_only:
        cause, owned, failed = of_hour

    def when(first: datetime, last: datetime) -> str:
        if hour_only:
            return "in the last hour"
        if lately:
            return f"since {clock(first)}"
        return f"between {clock(first)} and {clock(last)}" if clock(first) != clock(last) else f"at {clock(first)}"

    names = [one.label for one in types]
    whose = listed(names) if len(names) <= MOST_NAMED else f"{len(names)} types"
    text = f"{whose}: {plural(failed, 'job')} failed"
    if cause is None:
        text += f" {when(min(c.first for c in causes), max(c.last for c in causes))}"
        text += ", for several causes, none behind half of them"
    elif owned == failed:
        text += f" {when(cause.first, cause.last)}, all with “{_cut(cause.title)}”"
    else:
        text += f", {owned:,} of them {when(cause.first, cause.last)} with “{_cut(cause.title)}”"
    if len(types) == 1 and types[0].tenants and failed == types[0].open_day:
        text += f", {plural(types[0].tenants, 'tenant')} hit"
    text += f" ({_share(types) if lately else _share_of_day(types)})"
    link = evidence.links.get(cause.fingerprint) if cause is not None and cause.fingerprint is not None else None
    trouble = f" {link.told(clock)}" if link is not None else ""
    one_type = types[0].id if len(types) == 1 else None
    group = cause.fingerprint if cause is not None and owned == failed else None
    show = JobFilters(status=JobStatus.FAILED, type=one_type, group=group)
    return Finding(code, f"{text}.{trouble}{_normal(types, evidence)}", show=show)


def _key(cause: Cause | None) -> str | None:
    return cause.fingerprint if cause is not None else None


def _share(types: Sequence[TypeEvidence]) -> str:
    ended = sum(one.ended_hour for one in types)
    failed = sum(one.open_hour for one in types)
    usually = _usually(types)
    if any(one.many_now for one in types):
        usually += f", {failed:,} in the hour, before that never more than {sum(t.usual_busiest for t in types):,}"
    return f"{percent(failed, max(failed, ended))} of the last hour's, {usually}"


def _share_of_day(types: Sequence[TypeEvidence]) -> str:
    failed = sum(one.open_day for one in types)
    return f"of {max(failed, sum(one.ended_day for one in types)):,} that ended in 24 h, {_usually(types)}"


def _usually(types: Sequence[TypeEvidence]) -> str:
    if any(one.usual_share is None for one in types):
        return "what is usual is not known yet"
    return f"usually {percent(sum(t.usual_failed for t in types), sum(t.usual_ended for t in types))}"


def _normal(types: Sequence[TypeEvidence], evidence: Evidence) -> str:
    """Which other types ended enough jobs and are known to be as usual."""
    others = [
        one.label for one in evidence.types
        if one not in types and one.ended_day >= FLOOR_FAILED and one.as_usual
        and not (one.fails_now or one.failed_earlier or one.waiting_long or one.running_long)
    ]  # fmt: skip
    if not others:
        return ""
    return f" {listed(others) if len(others) <= MOST_NAMED else f'{len(others)} other types'} as usual."


def _mostly(counts: Sequence[tuple[str, int]]) -> str:
    """The type that owns at least half, if one does."""
    label, most = max(counts, key=lambda pair: pair[1], default=("", 0))
    whole = sum(n for _, n in counts)
    if not most or 2 * most < whole:
        return ""
    return f", all {label}" if most == whole > 1 else f", {label}" if most == whole else f", mostly {label}"


def _cut(title: str) -> str:
    line = " ".join(title.split()).rstrip(".")  # it stands in the middle of a sentence
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"
