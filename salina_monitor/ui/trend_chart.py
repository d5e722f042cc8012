"""Stacked bars of ended jobs over hours or days, drawn by Vega. A click picks one piece of a bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, cast

import altair as alt
import pandas as pd

from salina_monitor.coincidence import Trouble
from salina_monitor.parts import is_days
from salina_monitor.queries import Counts
from salina_monitor.ui.format import plural, window

PICKED = "picked"
HEIGHT = 240
_LEGEND_COLUMNS, _LEGEND_ROW = 3, 22  # three names stand side by side on a phone
# A gap between bars, as a share of a bar's width.
_GAP = 0.12
# The same room for the words at the left, so that bars and bands stand under each other.
_AXIS, _BAND = 56, 22


def frame(counts: Counts, labels: Mapping[str, str], tz: tzinfo) -> pd.DataFrame:
    """One row a piece that is not empty: `part`, `key`, `what`, `n`, `from`/`to` and `low`/`high` where it is drawn."""
    rows: list[dict[str, Any]] = []
    for part, (since, until) in enumerate(zip(counts.edges, counts.edges[1:], strict=False)):
        when, gap, low = window(since, until, tz), (until - since) * (_GAP / 2), 0
        for key, bars in counts.series.items():
            if bars[part]:
                rows.append({
                    "part": part, "key": key, "what": labels[key], "n": bars[part], "when": when,
                    "from": since + gap, "to": until - gap, "low": low, "high": low + bars[part],
                })  # fmt: skip
                low += bars[part]
    columns = ["part", "key", "what", "n", "when", "from", "to", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def chart(counts: Counts, labels: Mapping[str, str], colors: Sequence[str], tz: tzinfo) -> alt.Chart:
    """The chart; moments are shown in the browser's zone, which is the viewer's."""
    shown = list(dict.fromkeys(labels[key] for key in counts.series))
    picked = alt.selection_point(name=PICKED, fields=["part", "key"], on="click", toggle=False, empty=True)
    first, last = counts.edges[0], counts.edges[-1]
    axis = alt.Axis(format="%d %b" if is_days(counts.edges) else "%H:%M", labelOverlap=True, title=None, grid=False)
    if len(counts.edges) > 30 and not is_days(counts.edges):
        axis = alt.Axis(format="%a %H:%M", labelOverlap=True, title=None, grid=False)
    drawn = (
        alt.Chart(frame(counts, labels, tz))
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("from:T", axis=axis, scale=alt.Scale(domain=[_moment(first), _moment(last)])),
            x2="to:T",
            y=alt.Y("low:Q", title=None, axis=alt.Axis(tickMinStep=1, minExtent=_AXIS, maxExtent=_AXIS)),
            y2="high:Q",
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=shown, range=list(colors[: len(shown)])),
                legend=alt.Legend(title=None, orient="top", labelLimit=120, columns=_LEGEND_COLUMNS),
            ),
            opacity=alt.condition(picked, alt.value(1.0), alt.value(0.35)),
            tooltip=[alt.Tooltip("when:N", title="Ended"), alt.Tooltip("what:N", title="What"),
                     alt.Tooltip("n:Q", title="Jobs", format=",")],
        )
        .add_params(picked)
        .properties(height=HEIGHT + _LEGEND_ROW * -(-len(shown) // _LEGEND_COLUMNS))
    )  # fmt: skip
    return cast(alt.Chart, drawn)


def bands(
    troubles: Sequence[Trouble], edges: Sequence[datetime], now: datetime, told: Callable[[Trouble], str]
) -> alt.Chart:
    """The trouble of services over the same time, a row a service, to stand under the bars."""
    first, last = edges[0], edges[-1]
    rows = [
        {"service": one.service.label, "state": one.worst, "what": told(one),
         "from": max(one.since, first), "to": min(one.until or now, last)}
        for one in troubles
    ]  # fmt: skip
    drawn = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(height=_BAND - 4, minBandSize=3, cornerRadius=2)
        .encode(
            x=alt.X("from:T", axis=None, scale=alt.Scale(domain=[_moment(first), _moment(last)])),
            x2="to:T",
            y=alt.Y(
                "service:N", title=None, axis=alt.Axis(ticks=False, domain=False, minExtent=_AXIS, maxExtent=_AXIS)
            ),
            color=alt.Color(
                "state:N", scale=alt.Scale(domain=["degraded", "unhealthy"], range=["#d98a1f", "#dd4b4b"]), legend=None
            ),
            tooltip=[alt.Tooltip("what:N", title="Service")],
        )
        .properties(height=_BAND * len({row["service"] for row in rows}) + 8)
    )
    return cast(alt.Chart, drawn)


def described(counts: Counts, labels: Mapping[str, str], what: str) -> str:
    """The chart in words, for those who hear the page."""
    sums = ", ".join(f"{labels[key]} {sum(bars):,}" for key, bars in counts.series.items())
    return f"{what}: {plural(counts.total, 'ended job')} in {len(counts.edges) - 1} parts{': ' if sums else ''}{sums}"


def _moment(at: datetime) -> alt.DateTime | str:
    return at.isoformat()
