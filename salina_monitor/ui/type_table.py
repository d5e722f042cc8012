"""How long jobs of each function usually wait and take, beside what of it waits, runs and fails now."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from salina_monitor.evidence import TypeEvidence
from salina_monitor.queries import JobSource, UsualTimes, get_evidence, get_usual_times
from salina_monitor.ui.format import NONE, percent, span
from salina_monitor.ui.live import Live
from salina_monitor.ui.text import one_line

WHOLE_NUMBERS = ("n", "Queued", "Running", "Longer than usual")


def render(live: Live, source: JobSource) -> None:
    """One row a type, and one a function where several were measured; types without any job are left out."""
    evidence = get_evidence(as_of=live.as_of, source=source)
    if evidence is None:
        st.text("No job has been read from Inngest yet.")
        return
    times = get_usual_times(as_of=live.as_of, source=source)
    rows = [row for one in evidence.types for row in rows_of(one, times, source)]
    if not rows:
        st.text("No job is known yet.")
        return
    st.caption(
        "Half of the jobs stay below p50, 95 of 100 below p95: completed jobs of 7 days whose trace was read,"
        " n of them. Usually failed: of what ended in the 7 days before the last 24 h."
    )
    st.dataframe(
        # Whole numbers that may be missing: pandas would make 7 a 7.0 beside an empty place.
        pd.DataFrame(rows).astype(dict.fromkeys(WHOLE_NUMBERS, "Int64")),
        hide_index=True, height="content", key="types", placeholder="",
        alt=f"Usual wait and duration, {len(rows)} rows",
        column_config={"n": st.column_config.NumberColumn("n", help="Jobs measured", width=60)},
    )  # fmt: skip


def rows_of(one: TypeEvidence, times: dict[str, UsualTimes], source: JobSource) -> list[dict[str, Any]]:
    """The rows of one type. Of several measured functions each has a row for its times, below that of the type, which
    alone holds what is counted by type."""
    known = [times[function] for function in source.types.functions_of(one.id) if function in times]
    name = one_line(one.label, 60)
    counted = {
        "Queued": one.queued,
        "Running": one.running,
        "Longer than usual": one.waiting_long + one.running_long,
        "Failed, 24 h": f"{one.failed_day:,} of {max(one.ended_day, one.failed_day):,}",
        "Usually failed": "not known" if one.usual_share is None else percent(one.usual_failed, one.usual_ended),
    }
    if len(known) < 2:
        return [{"Type": name, **_times(known[0] if known else None), **counted}]
    blank = {**dict.fromkeys(WHOLE_NUMBERS[1:]), "Failed, 24 h": "", "Usually failed": ""}
    of_all = {**_times(None), "n": sum(usual.n for usual in known)}
    return [{"Type": name, **of_all, **counted}] + [
        {"Type": f"{name} ({one_line(usual.function_id, 40)})", **_times(usual), **blank} for usual in known
    ]


def _times(usual: UsualTimes | None) -> dict[str, Any]:
    return {
        "n": usual.n if usual else 0,
        "Wait p50": span(usual.wait_p50_ms) if usual else NONE,
        "Wait p95": span(usual.wait_p95_ms) if usual else NONE,
        "Duration p50": span(usual.duration_p50_ms) if usual else NONE,
        "Duration p95": span(usual.duration_p95_ms) if usual else NONE,
    }
