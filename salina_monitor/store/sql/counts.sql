-- name: by_part
-- Ended runs of each status in each part of a range: what was counted, less what ended only after the view's sync.
select {of} as tenant_id, width_bucket(at, %(edges)s::timestamptz[]) as part, sum(n)::bigint as n,
    sum(completed)::bigint as completed, sum(failed)::bigint as failed, sum(cancelled)::bigint as cancelled
from (
    {counted}
    union all
    select {of}, quarter_of(ended_at), -1, -(status = 'completed')::int, -(status = 'failed')::int,
        -(status = 'cancelled')::int
    from runs where ended_seq > %(seq)s and ended_seq < 9223372036854775807
        and ended_at >= %(first)s and ended_at < %(last)s and {narrowed}
) as counted group by 1, 2

-- name: halves
-- Part of it: half hours as they were counted, and by the quarter those that an edge cuts.
select {of} as tenant_id, half as at, n, completed, failed, cancelled from {halves}
where half >= %(first)s and half < %(last)s and half <> all(%(cut)s) and {narrowed}
union all
select {of}, bucket, n, n * (status = 'completed')::int, n * (status = 'failed')::int, n * (status = 'cancelled')::int
from unnest(%(cut)s::timestamptz[]) as c (at) join {quarters} on bucket >= c.at and bucket < c.at + interval '30 minutes'
where bucket >= %(first)s and bucket < %(last)s and {narrowed}

-- name: quarters_of_tenants
-- Part of it, where it is of one job type, as half hours of a tenant are counted for all types together. Each tenant is
-- looked up by itself (`offset 0`), or the planner may read a week of all of them.
select t.id as tenant_id, c.bucket as at, c.n, c.n * (c.status = 'completed')::int as completed,
    c.n * (c.status = 'failed')::int as failed, c.n * (c.status = 'cancelled')::int as cancelled
from unnest(%(tenants)s::text[]) as t (id) cross join lateral (
    select bucket, status, n from run_counts_by_tenant
    where tenant_id = t.id and bucket >= %(first)s and bucket < %(last)s and {narrowed} offset 0
) as c

-- name: each_tenant
-- What the numbers are told apart by.
tenant_id

-- name: all_together
-- Nothing they are told apart by.
''::text

-- name: first_count
-- Where the counts begin.
select min(bucket) as at from {counts} where {narrowed}

-- name: top_tenants
-- Who has most of them: whole weeks as they were counted, and the days before and after these.
select tenant_id from (
    select tenant_id, {n} as n from run_counts_by_tenant_week where week >= %(first_week)s and week < %(last_week)s
    union all
    select tenant_id, {n} from run_counts_by_tenant_day where day >= day_of(%(first)s) and day < %(first_week)s
    union all
    select tenant_id, {n} from run_counts_by_tenant_day where day >= %(last_week)s and day < %(last)s
) as counted
group by tenant_id having sum(n) > 0 order by sum(n) desc, tenant_id limit %(most)s

-- name: of_functions
-- Predicate: one job type.
function_id = any(%(functions)s)

-- name: of_tenant
-- Predicate: one tenant.
tenant_id = %(tenant)s

-- name: of_tenants
-- Predicate: some tenants.
tenant_id = any(%(tenants)s)

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
