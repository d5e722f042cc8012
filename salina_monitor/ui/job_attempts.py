"""What every attempt said, side by side, and whether it was the same each time."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from salina_monitor.fingerprint import normalised
from salina_monitor.models import Attempt, JobEntry, JobError, JobStatus
from salina_monitor.ui.format import plural, span
from salina_monitor.ui.text import block, plain

SIDE_BY_SIDE = 4


def same_each_time(errors: list[JobError]) -> bool:
    """Whether errors differ in nothing but what varies anyway: a port, a time, the id of a request."""
    return len({(error.name, normalised(error.message)) for error in errors}) == 1


def render(job: JobEntry, now: datetime) -> None:
    """The section; paints nothing where no attempt failed."""
    attempts = job.attempts or ()
    failed = [attempt for attempt in attempts if attempt.error is not None]
    errors = [attempt.error for attempt in failed if attempt.error is not None]
    if not errors:
        return
    with st.container(border=True, key="job_attempts"):
        st.markdown("##### Attempts")
        if len(errors) > 1:
            same = same_each_time(errors)
            said = "The same error each time." if same else "The error changed from attempt to attempt."
            plain(f"{plural(len(attempts), 'attempt')}, {len(errors)} failed. {said}")
        else:
            plain(f"{plural(len(attempts), 'attempt')}, 1 failed.")
            same = True
        if same and job.error is not None and same_each_time([job.error, errors[-1]]):
            return  # it stands above already
        shown = failed[-1:] if same else failed[-SIDE_BY_SIDE:]
        for column, attempt in zip(st.columns(len(shown)), shown, strict=True):
            with column:
                _attempt(attempt, now, same=same and len(errors) > 1, first=failed[0].number)
        if not same and len(failed) > SIDE_BY_SIDE:
            st.caption(f"The last {SIDE_BY_SIDE} of {len(failed)} are shown.")


def _attempt(attempt: Attempt, now: datetime, *, same: bool, first: int) -> None:
    ended = attempt.ended_at or now
    took = span(round((ended - attempt.started_at).total_seconds() * 1000)) if attempt.started_at else ""
    which = f"Attempts {first} to {attempt.number}" if same else f"Attempt {attempt.number}"
    st.caption(f"{which}{f', the last after {took}' if same and took else f' · {took}' if took else ''}")
    error = attempt.error
    if error is not None:
        block(f"{error.name}: {error.message}" if error.name else error.message)


def is_between_attempts(job: JobEntry) -> bool:
    """Whether a running job has failed and waits for its next attempt, as far as its trace tells."""
    attempts = job.attempts or ()
    return job.status is JobStatus.RUNNING and bool(attempts) and attempts[-1].status is JobStatus.FAILED
