"""What else belongs to a job: runs of the same event, and earlier and later runs of the same document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from salina_monitor.models import JobEntry, JobStatus
from salina_monitor.queries.jobs import SQL, filled, reach_of
from salina_monitor.queries.rows import entry_of
from salina_monitor.queries.source import JobSource, current_source

MOST_RELATED = 20


@dataclass(frozen=True, slots=True)
class RelatedJobs:
    """Newest first, at most `MOST_RELATED` each; a run of the same event is not repeated among the document's."""

    same_event: tuple[JobEntry, ...]
    same_document: tuple[JobEntry, ...]

    def made_after(self, moment: datetime, function_id: str) -> JobEntry | None:
        """The first success of the same function for the same document after `moment`: what failed was made then."""
        made = [
            job
            for job in (*self.same_event, *self.same_document)
            if job.status is JobStatus.COMPLETED
            and job.function_id == function_id
            and job.completed_at is not None
            and job.completed_at > moment
        ]
        return min(made, key=lambda job: job.completed_at or moment, default=None)


def get_related_jobs(job: JobEntry, *, source: JobSource | None = None) -> RelatedJobs:
    """Other jobs of the job's event and documents, as the mirror knows them. Raises StoreError."""
    source = source or current_source()
    as_of = source.state().as_of
    reach, values = reach_of(source, as_of)
    predicate = f"{reach} and {SQL['visible']}"
    values |= {"id": job.id, "event": job.event_id, "documents": list(job.documents), "limit": MOST_RELATED}
    with source.store.connection() as conn:

        def found(query: str) -> tuple[JobEntry, ...]:
            ids = [row["id"] for row in conn.execute(filled(query, predicate), values)]
            rows: list[dict[str, Any]] = conn.execute(SQL["jobs_by_id"], {"ids": ids}).fetchall()
            return tuple(entry_of(row, source, as_of) for row in rows)

        same_event = found("runs_of_event") if job.event_id else ()
        same_document = found("runs_of_documents") if job.documents else ()
    known = {other.id for other in same_event}
    return RelatedJobs(same_event, tuple(other for other in same_document if other.id not in known))
