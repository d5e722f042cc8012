"""A service over time as a row of plain boxes: up, degraded, down, and a gap where nobody watched."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from html import escape

from salina_monitor.health import Part, Uptime
from salina_monitor.ui.format import age, percent, window

UP, DEGRADED, DOWN = "#2e9e6b", "#d98a1f", "#dd4b4b"
_HEIGHT = 30
_GAP = "background:repeating-linear-gradient(45deg,rgba(128,128,128,.35) 0 2px,transparent 2px 6px)"
LEAST_HEIGHT = 25
"""Percent of a bar that trouble takes up, however short it was."""
LITTLE = 0.1
"""A part of which less than this share was watched is drawn as not watched."""


def bars(uptime: Uptime, tz: tzinfo, now: datetime) -> str:
    """HTML of one service's parts, oldest first; each says its time and shares when pointed at."""
    boxes = []
    for place, part in enumerate(uptime.parts):
        since, until = uptime.edges[place], uptime.edges[place + 1]
        passed = min(until, max(since, now)) - since
        title = escape(f"{window(since, until, tz)}: {words(part, passed)}", quote=True)
        style = f"flex:1;min-width:1px;border-radius:2px;height:{_HEIGHT}px;{_fill(part, passed)}"
        boxes.append(f'<div title="{title}" style="{style}"></div>')
    label = escape(f"{uptime.service.label}: {summary(uptime, now)}", quote=True)
    return f'<div role="img" aria-label="{label}" style="display:flex;gap:1px">{"".join(boxes)}</div>'


def summary(uptime: Uptime, now: datetime) -> str:
    """The whole range in words, as far as it has passed."""
    return words(uptime.whole, min(uptime.edges[-1], now) - uptime.edges[0])


def words(part: Part, length: timedelta) -> str:
    """`99.8 % up, 0.2 % down, 3.0 % of the time not watched`, `watched for 11 min: 100 % up`: shares of that time."""
    whole = part.watched_s
    if not whole:
        return "not watched"
    said = [f"{_share(part.up_s, whole)} up"]
    said += [f"{_share(part.degraded_s, whole)} degraded"] if part.degraded_s else []
    said += [f"{_share(part.down_s, whole)} down"] if part.down_s else []
    missing = max(0.0, length.total_seconds() - whole)
    if missing > 0.5 * length.total_seconds():
        return f"watched for {age(timedelta(seconds=whole))}: {', '.join(said)}"
    if missing > 0.01 * length.total_seconds():
        said.append(f"{_share(missing, length.total_seconds())} of the time not watched")
    return ", ".join(said)


def _fill(part: Part, length: timedelta) -> str:
    if not part.watched_s or part.watched_s < LITTLE * min(length.total_seconds(), 900):
        return _GAP
    # The trouble is drawn from the top, so that a minute in a day is seen and is not taken for the whole day.
    down, bad = _height(part.down_s, part), _height(part.down_s + part.degraded_s, part)
    heights = ((DOWN, 0, down), (DEGRADED, down, bad), (UP, bad, 100))
    layers = [(color, since, until) for color, since, until in heights if since < until]
    if len(layers) == 1:
        return f"background:{layers[0][0]}"
    drawn = ",".join(f"{color} {since}% {until}%" for color, since, until in layers)
    return f"background:linear-gradient({drawn})"


def _height(seconds: float, part: Part) -> int:
    return max(LEAST_HEIGHT, round(100 * seconds / part.watched_s)) if seconds else 0


def _share(part: float, whole: float) -> str:
    return percent(round(part * 1000), round(whole * 1000))


def legend() -> str:
    """What the colours mean, in words."""

    def item(style: str, word: str) -> str:
        box = f'<span style="display:inline-block;width:12px;height:12px;border-radius:2px;{style}"></span>'
        return f'<span style="display:inline-flex;gap:6px;align-items:center">{box}{word}</span>'

    items = [item(f"background:{UP}", "up"), item(f"background:{DEGRADED}", "degraded"),
             item(f"background:{DOWN}", "down"), item(_GAP, "not watched")]  # fmt: skip
    return f'<div style="display:flex;gap:18px;font-size:13px;opacity:.85">{"".join(items)}</div>'
