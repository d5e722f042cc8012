-- name: by_status
-- Ended runs by status in each part of a range.
select status, width_bucket(bucket, %(edges)s::timestamptz[]) as part, sum(n)::bigint as n
from {counts} where bucket >= %(first)s and bucket < %(last)s and {narrowed}
group by 1, 2

-- name: by_status_later
-- Of them, those that ended only after the view's sync.
select status, width_bucket(quarter_of(ended_at), %(edges)s::timestamptz[]) as part, count(*) as n
from runs where ended_seq > %(seq)s and ended_seq < 9223372036854775807
    and ended_at >= %(first)s and ended_at < %(last)s and {narrowed}
group by 1, 2

-- name: first_count
-- Where the counts begin.
select min(bucket) as at from {counts} where {narrowed}

-- name: top_tenants
-- Who has most of them.
select tenant_id from run_counts_by_tenant_day
where day >= day_of(%(first)s) and day < %(last)s and {narrowed}
group by tenant_id having sum(n) > 0 order by sum(n) desc, tenant_id limit %(most)s

-- name: by_tenant
-- Ended runs of some tenants in each part of a range.
select tenant_id, width_bucket(bucket, %(edges)s::timestamptz[]) as part, sum(n)::bigint as n
from run_counts_by_tenant
where tenant_id = any(%(tenants)s) and bucket >= %(first)s and bucket < %(last)s and {narrowed}
group by 1, 2

-- name: by_tenant_hour
-- The same of all functions: whole hours as they were counted, and by the quarter those hours that an edge cuts.
select tenant_id, width_bucket(at, %(edges)s::timestamptz[]) as part, sum(n)::bigint as n from (
    select tenant_id, hour as at, n from run_counts_by_tenant_hour
    where tenant_id = any(%(tenants)s) and hour >= %(first)s and hour < %(last)s and hour <> all(%(cut)s) and {narrowed}
    union all
    select tenant_id, bucket, n from unnest(%(cut)s::timestamptz[]) as c (at)
    join run_counts_by_tenant on bucket >= c.at and bucket < c.at + interval '1 hour'
    where tenant_id = any(%(tenants)s) and bucket >= %(first)s and bucket < %(last)s and {narrowed}
) as counted group by 1, 2

-- name: by_tenant_later
-- Of them, those that ended only after the view's sync.
select tenant_id, width_bucket(quarter_of(ended_at), %(edges)s::timestamptz[]) as part, count(*) as n
from runs where ended_seq > %(seq)s and ended_seq < 9223372036854775807
    and tenant_id = any(%(tenants)s) and ended_at >= %(first)s and ended_at < %(last)s and {narrowed}
group by 1, 2

-- name: of_status
-- Predicate: one status.
status = %(status)s

-- name: of_functions
-- Predicate: one job type.
function_id = any(%(functions)s)

-- name: of_tenant
-- Predicate: one tenant.
tenant_id = %(tenant)s

-- name: anything
-- Predicate: everything.
true

-- name: usual_times
-- What is usual for each function: wait and duration of completed, traced runs of the last seven days.
select function_id, n, wait_p50_ms, wait_p95_ms, duration_p50_ms, duration_p95_ms, computed_at from baselines

-- name: usual_times_of_tenant
-- The same of one tenant's newest ones, because numbers of others are not told.
select function_id, count(duration_ms) as n,
    percentile_disc(0.5) within group (order by wait_ms) as wait_p50_ms,
    percentile_disc(0.95) within group (order by wait_ms) as wait_p95_ms,
    percentile_disc(0.5) within group (order by duration_ms) as duration_p50_ms,
    percentile_disc(0.95) within group (order by duration_ms) as duration_p95_ms,
    max(ended_at) as computed_at
from (
    select function_id, wait_ms, duration_ms, ended_at from runs
    where tenant_id = %(scope)s and status = 'completed' and traced_at is not null and queued_at >= %(since)s
    order by queued_at desc, id desc limit 2000
) as traced
group by function_id
