"""24 hourly bars as a few plain boxes. A chart library costs half a second on every load of the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from salina_monitor.ui.format import plural

# Readable on the light and on the dark background.
COLORS = {"blue": "#4c7df0", "orange": "#d98a1f", "green": "#2e9e6b", "red": "#dd4b4b"}
_HEIGHT = 44
_LOW = 22
_ROW = f"display:flex;align-items:flex-end;gap:3px;height:{_HEIGHT}px"
_BAR = "flex:1;border-radius:2px"


def trend(counts: Sequence[int], color: str, what: str) -> str:
    """HTML of `counts` over any range in equal parts, oldest first, low enough to stand in a list."""
    top = max(counts, default=0)
    boxes = "".join(
        f'<div title="{plural(count, "job")}" style="{_BAR};height:{_height(count, top)}px;background:{COLORS[color]};'
        f'opacity:{1 if count else 0.35}"></div>'
        for count in counts
    )
    label = escape(f"{what}: {plural(sum(counts), 'job')}, at most {top:,} in one of {len(counts)} parts", quote=True)
    row = f"display:flex;align-items:flex-end;gap:3px;height:{_LOW}px;max-width:420px"
    return f'<div role="img" aria-label="{label}" style="{row}">{boxes}</div>'


def _height(count: int, top: int) -> int:
    return max(2, round(_LOW * count / top)) if count else 1


def bars(counts: Sequence[int], color: str, what: str) -> str:
    """HTML of hourly `counts`, oldest first; each bar says its number and hour when pointed at.

    `what` names what is counted, for those who hear the page. (Boxes, because Streamlit drops SVG from HTML.)
    """
    top = max(counts, default=0)
    boxes = []
    for place, count in enumerate(counts):
        height = max(2, round(_HEIGHT * count / top)) if count else 1
        ago = len(counts) - place
        when = "in the last hour" if ago == 1 else f"{ago - 1} to {ago} h ago"
        style = f"{_BAR};height:{height}px;background:{COLORS[color]};opacity:{1 if count else 0.35}"
        boxes.append(f'<div title="{plural(count, "job")} {when}" style="{style}"></div>')
    label = escape(f"{what}: {plural(sum(counts), 'job')} in 24 hours, at most {top:,} in one", quote=True)
    return f'<div role="img" aria-label="{label}" style="{_ROW}">{"".join(boxes)}</div>'
