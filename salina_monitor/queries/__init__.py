"""What pages and the command line ask about jobs.

    get_job_summary()                          -> JobSummary
    get_recent_jobs(filters, page, page_size)  -> JobPage
    get_job_detail(job_id)                     -> JobEntry | None

Everything but the detail is indexed SQL on the mirror, pinned to one `AsOf` (the latest unless given).
`source` says which store and client are asked; without it, the process's own (`use_source`), else one
made from the environment.
"""

from salina_monitor.queries.causes import TroubleJobs, get_coincidences, get_trouble_jobs, get_troubles
from salina_monitor.queries.counts import (
    Counts,
    UsualTimes,
    get_counts_by_status,
    get_counts_by_tenant,
    get_first_count,
    get_usual_times,
)
from salina_monitor.queries.detail import get_job_detail
from salina_monitor.queries.evidence import get_evidence
from salina_monitor.queries.failures import get_failure_groups
from salina_monitor.queries.jobs import (
    PAGE_CAP,
    FilterChoices,
    count_new_jobs,
    get_filter_choices,
    get_job_ids,
    get_recent_jobs,
    iter_jobs,
)
from salina_monitor.queries.predicates import COUNT_CAP
from salina_monitor.queries.related import RelatedJobs, get_related_jobs
from salina_monitor.queries.source import JobSource, current_source, use_source
from salina_monitor.queries.summary import get_job_summary

__all__ = [
    "COUNT_CAP",
    "PAGE_CAP",
    "Counts",
    "FilterChoices",
    "JobSource",
    "RelatedJobs",
    "TroubleJobs",
    "UsualTimes",
    "count_new_jobs",
    "current_source",
    "get_coincidences",
    "get_counts_by_status",
    "get_counts_by_tenant",
    "get_evidence",
    "get_failure_groups",
    "get_filter_choices",
    "get_first_count",
    "get_job_detail",
    "get_job_ids",
    "get_job_summary",
    "get_recent_jobs",
    "get_related_jobs",
    "get_trouble_jobs",
    "get_troubles",
    "get_usual_times",
    "iter_jobs",
    "use_source",
]
