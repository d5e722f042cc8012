"""Steps and attempts of a run as bars on one scale: what waited, what slept, what ran, what is between two tries.

Plain boxes: a chart library costs half a second, and Streamlit drops SVG from HTML. Names of steps are foreign
text; they are escaped here and nowhere interpreted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from salina_monitor.models import JobStatus, Step, StepKind
from salina_monitor.ui.format import plural, span
from salina_monitor.ui.text import one_line

_COLORS = {
    JobStatus.COMPLETED: "#2e9e6b",
    JobStatus.FAILED: "#dd4b4b",
    JobStatus.RUNNING: "#4c7df0",
    JobStatus.CANCELLED: "#8a8f98",
    JobStatus.QUEUED: "#d98a1f",
    JobStatus.UNKNOWN: "#8b5cf6",
}
_SLEEP = "#8b5cf6"
_STRIPES = "repeating-linear-gradient(45deg,{0} 0 3px,transparent 3px 7px)"
_WAIT, _RETRY = "#8a8f98", "#d98a1f"
_ROW = "display:grid;grid-template-columns:minmax(110px,26%) 1fr 92px;gap:10px;align-items:center;min-height:24px"
_NAME = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:14px"
_TRACK = "position:relative;height:14px;border-radius:3px;background:rgba(128,128,128,.12)"
_TOOK = "font-size:13px;text-align:right;opacity:.8;white-space:nowrap"
_SCALE = "display:flex;justify-content:space-between;font-size:12px"
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line: percent of the width, how it is drawn, what it says when pointed at."""

    left: float
    width: float
    fill: str
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the picture; `took` is its duration in words."""

    name: str
    depth: int
    pieces: tuple[Piece, ...]
    took: str


def lines_of(steps: Sequence[Step], start: datetime, end: datetime, *, most: int = MOST_LINES) -> tuple[Line, ...]:
    """The first `most` lines, to scale between `start` and `end`; what has not ended reaches to the end."""
    whole = max((end - start).total_seconds(), 0.001)

    def piece(since: datetime | None, until: datetime | None, fill: str, words: str) -> Piece | None:
        if since is None or until is None or until <= since:
            return None
        left = min(max((since - start).total_seconds() / whole, 0.0), 1.0)
        right = min(max((until - start).total_seconds() / whole, left), 1.0)
        return Piece(round(100 * left, 3), round(100 * (right - left), 3), fill, f"{words} {_took(since, until)}")

    lines = []
    before: Step | None = None
    for step in steps[:most]:
        retrying = step.kind is StepKind.ATTEMPT and (step.attempt or 1) > 1
        waited = "waited for its retry" if retrying else "waited"
        colour = _RETRY if retrying else _WAIT
        queued = step.queued_at
        if retrying and before is not None and before.ended_at is not None and before.kind is StepKind.ATTEMPT:
            queued = min(before.ended_at, queued or before.ended_at)  # the wait begins where the last try ended
        before = step
        wait = piece(queued, step.started_at or end, _STRIPES.format(colour), waited)
        ran = _drawn(step)
        run = piece(step.started_at, step.ended_at or end, ran[0], ran[1]) if step.started_at else None
        took = _took(step.started_at, step.ended_at or end) if step.started_at else "not started"
        more = " so far" if step.started_at and step.ended_at is None else ""
        lines.append(Line(_label(step), step.depth, tuple(p for p in (wait, run) if p), f"{took}{more}"))
    return tuple(lines)


def _drawn(step: Step) -> tuple[str, str]:
    if step.kind is StepKind.SLEEP:
        return _STRIPES.format(_SLEEP), "asleep" if step.ended_at is None else "slept"
    return _COLORS[step.status], step.status.value


def _label(step: Step) -> str:
    return f"Attempt {step.attempt}" if step.kind is StepKind.ATTEMPT else one_line(step.name, 80)


def _took(since: datetime, until: datetime) -> str:
    return span(max(0, round((until - since) / timedelta(milliseconds=1))))


def waterfall(lines: Sequence[Line], total: str, *, of: int | None = None) -> str:
    """HTML of the lines, the first ones `of` so many. Who hears the page gets each line in words."""
    rows = [_row(line) for line in lines]
    ends = f'<span style="{_SCALE}"><i>0</i><i>{escape(total)}</i></span>'
    scale = f'<div style="{_ROW};opacity:.7"><span></span>{ends}</div>'
    cut = f"the first {len(lines):,} of " if of is not None and of > len(lines) else ""
    label = escape(f"Timeline: {cut}{plural(len(lines) if of is None else of, 'line')} over {total}", quote=True)
    return f'<div role="list" aria-label="{label}">{scale}{"".join(rows)}</div>'


def _row(line: Line) -> str:
    words = "; ".join(piece.says for piece in line.pieces) or "no time measured"
    boxes = "".join(
        f'<div title="{escape(piece.says, quote=True)}" style="position:absolute;top:0;bottom:0;left:{piece.left}%;'
        f'width:max({piece.width}%,2px);background:{piece.fill};border-radius:3px"></div>'
        for piece in line.pieces
    )
    name = escape(line.name, quote=True)
    return (
        f'<div role="listitem" aria-label="{name}: {escape(words, quote=True)}" style="{_ROW}">'
        f'<span title="{name}" style="{_NAME};padding-left:{14 * line.depth}px">{name}</span>'
        f'<div style="{_TRACK}">{boxes}</div><span style="{_TOOK}">{escape(line.took)}</span></div>'
    )


LEGEND = (
    ("ran", _COLORS[JobStatus.COMPLETED]),
    ("failed", _COLORS[JobStatus.FAILED]),
    ("running", _COLORS[JobStatus.RUNNING]),
    ("waited", _STRIPES.format(_WAIT)),
    ("waited for a retry", _STRIPES.format(_RETRY)),
    ("asleep", _STRIPES.format(_SLEEP)),
)


def legend() -> str:
    """HTML that names the ways of drawing."""
    boxes = "".join(
        '<span style="display:inline-flex;align-items:center;gap:5px;font-size:12px;opacity:.8">'
        f'<span style="width:16px;height:10px;border-radius:2px;background:{fill}"></span>{escape(word)}</span>'
        for word, fill in LEGEND
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:4px 14px">{boxes}</div>'
