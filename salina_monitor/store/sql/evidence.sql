-- name: active_by_function
-- What waits and runs of each function, how much of it for longer than usual, and how much of what runs is known to have
-- started in the last while: a run without a trace is, if it was not even queued before.
select function_id, running_seq <= %(seq)s as running, count(*) as n, min(queued_at) as oldest,
    count(*) filter (where {stuck}) as long,
    count(*) filter (where running_seq <= %(seq)s and coalesce(started_at, queued_at) >= %(while)s) as started
from (select * from runs where ended_seq > %(seq)s and first_seq <= %(seq)s offset 0) as runs
where {where} group by 1, 2

-- name: ended_by_function
-- How many ended and failed of each function: lately, today, and usually. Whole quarters of an hour are counted already;
-- of the quarter in which the last hour begins, the runs are; and what ended after the view's sync is taken off. (`is true`:
-- see `by_hour_ended` of the jobs.)
select function_id,
    coalesce(sum(n) filter (where ended_at >= quarter_of(%(hour)s) + interval '15 minutes' or exact), 0)::bigint as hour,
    coalesce(sum(n) filter (where ended_at >= %(day)s and not exact), 0)::bigint as day,
    coalesce(sum(n) filter (where ended_at < %(day)s and not exact), 0)::bigint as usual,
    coalesce(sum(n) filter (where ended_at < %(day)s and not exact and status = 'failed'), 0)::bigint as usual_failed
from (
    select function_id, status, bucket as ended_at, n, false as exact from {counts}
    where bucket >= %(since)s and bucket <= %(now)s and (status in ('completed', 'failed')) is true and {of_counts}
    union all
    select function_id, status, quarter_of(ended_at), -1, false from runs
    where ended_seq > %(seq)s and ended_seq < 9223372036854775807 and status in ('completed', 'failed')
        and ended_at >= %(since)s and quarter_of(ended_at) <= %(now)s and {where}
    union all
    select function_id, status, ended_at, 1, true from runs
    where ended_at >= %(hour)s and ended_at < quarter_of(%(hour)s) + interval '15 minutes'
        and status in ('completed', 'failed') and ended_seq <= %(seq)s and {where}
) as counted
group by 1

-- name: busiest_failed
-- How many failed in the hour of the week before in which most of a function did.
select function_id, max(n)::bigint as n from (
    select function_id, sum(n) as n from {counts}
    where bucket >= %(since)s and bucket < %(day)s and status = 'failed' and {of_counts}
    group by function_id, date_bin('1 hour', bucket, timestamptz '2000-01-01 00:00+00')
) as hours
group by 1

-- name: failed_by_cause
-- Failures of 24 h by function and cause, and how many tenants those hit that nobody made good.
select function_id, fingerprint, grouping(fingerprint) = 1 as whole,
    count(*) as n, count(*) filter (where ended_at >= %(hour)s) as n_hour,
    count(*) filter (where superseded_seq > %(seq)s) as open,
    count(*) filter (where superseded_seq > %(seq)s and ended_at >= %(hour)s) as open_hour,
    count(distinct tenant_id) filter (where tenant_seq <= %(seq)s and superseded_seq > %(seq)s) as tenants,
    min(ended_at) filter (where superseded_seq > %(seq)s) as first,
    max(ended_at) filter (where superseded_seq > %(seq)s) as last,
    max(id) as sample_id
from runs
where status = 'failed' and ended_at >= %(day)s and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}
group by grouping sets ((function_id, fingerprint), (function_id))

-- name: decided
-- Causes about which somebody decided something.
select distinct on (fingerprint) fingerprint, kind from failure_marks
where fingerprint = any(%(groups)s) order by fingerprint, id desc

-- name: pace
-- How many jobs came and how many ended in a while.
select
    (select count(*) from runs where queued_at >= %(while)s and first_seq <= %(seq)s and {where}) as arrived,
    (select count(*) from runs where ended_at >= %(while)s and ended_seq <= %(seq)s and first_seq <= %(seq)s
        and {where}) as ended

-- name: of_all_counts
-- Predicate: numbers of everybody.
true

-- name: of_tenant_counts
-- Predicate: numbers of the one tenant that the user may see.
tenant_id = %(scope)s
