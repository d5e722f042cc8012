"""What else belongs to a job: runs of the same event, and earlier and later runs of the same document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from salina_monitor.models import JobEntry, JobStatus
from salina_monitor.queries.predicates import SQL, filled, reach_of
from salina_monitor.queries.rows import entry_of
from salina_monitor.queries.source import JobSource, current_source

MOST_RELATED = 20
# More runs than this about one document are not sorted, but met on a walk from the newest.
FEW = 10_000


@dataclass(frozen=True, slots=True)
class RelatedJobs:
    """Newest first, at most `MOST_RELATED` each; a run of the same event is not repeated among the document's.

    `made_good_by` is the first later success, where the job failed and one is known.
    """

    same_event: tuple[JobEntry, ...]
    same_document: tuple[JobEntry, ...]
    made_good_by: JobEntry | None = None


def get_related_jobs(job: JobEntry, *, source: JobSource | None = None) -> RelatedJobs:
    """Other jobs of the job's event and documents, as the mirror knows them. Raises StoreError."""
    source = source or current_source()
    as_of = source.state().as_of
    reach, values = reach_of(source, as_of)
    predicate = f"{reach} and {SQL['visible']}"
    values |= {"id": job.id, "event": job.event_id, "documents": list(job.documents), "limit": MOST_RELATED, "few": FEW}
    with source.store.connection() as conn:

        def found(query: str) -> tuple[JobEntry, ...]:
            ids = [row["id"] for row in conn.execute(filled(query, predicate), values)]
            rows: list[dict[str, Any]] = conn.execute(SQL["jobs_by_id"], {"ids": ids}).fetchall()
            return tuple(entry_of(row, source, as_of) for row in rows)

        same_event = found("runs_of_event") if job.event_id else ()
        same_document = found("runs_of_documents") if job.documents else ()
        made: tuple[JobEntry, ...] = ()
        if job.status is JobStatus.FAILED and job.completed_at is not None:
            values |= {"function": job.function_id, "ended": job.completed_at, "tenant": job.tenant_id}
            made = found("made_good")
    known = {other.id for other in same_event}
    others = tuple(other for other in same_document if other.id not in known)
    return RelatedJobs(same_event, others, made[0] if made else None)
