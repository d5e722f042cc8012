-- name: active_by_function
-- What waits and runs of each function, how much of it for longer than usual, and how much of what runs is known to have
-- started in the last while: a run without a trace is, if it was not even queued before.
select function_id, running_seq <= %(seq)s as running, count(*) as n, min(queued_at) as oldest,
    count(*) filter (where {stuck}) as long,
    count(*) filter (where running_seq <= %(seq)s and coalesce(started_at, queued_at) >= %(while)s) as started
from (select * from runs where ended_seq > %(seq)s and first_seq <= %(seq)s offset 0) as runs
where {where} group by 1, 2

-- name: ended_by_function
-- How many ended and failed of each function: lately, today, and usually, and in the hour of the week before in which most
-- failed. Whole quarters of an hour are counted already; of the quarter in which the last hour begins, the runs are; and
-- what ended after the view's sync is taken off. (`is true`: see `by_hour_ended` of the jobs.)
select function_id, sum(hour)::bigint as hour, sum(day)::bigint as day, sum(usual)::bigint as usual,
    sum(usual_failed)::bigint as usual_failed, max(usual_failed)::bigint as busiest
from (
    select function_id, date_bin('1 hour', at, timestamptz '2000-01-01 00:00+00'),
        coalesce(sum(n) filter (where exact or at >= quarter_of(%(hour)s) + interval '15 minutes'), 0) as hour,
        coalesce(sum(n) filter (where not exact and at >= %(day)s), 0) as day,
        coalesce(sum(n) filter (where not exact and at < %(day)s), 0) as usual,
        coalesce(sum(failed) filter (where not exact and at < %(day)s), 0) as usual_failed
    from (
        {counted}
        union all
        select function_id, quarter_of(ended_at), -1, -(status = 'failed')::int, false from runs
        where ended_seq > %(seq)s and ended_seq < 9223372036854775807 and status in ('completed', 'failed')
            and ended_at >= %(since)s and quarter_of(ended_at) <= %(now)s and {where}
        union all
        select function_id, ended_at, 1, 0, true from runs
        where ended_at >= %(hour)s and ended_at < quarter_of(%(hour)s) + interval '15 minutes'
            and status in ('completed', 'failed') and ended_seq <= %(seq)s and {where}
    ) as counted group by 1, 2
) as hours group by 1

-- name: counted_of_all
-- Part of it: half hours as they were counted, and by the quarter those in which a time begins or ends.
select function_id, half as at, completed + failed as n, failed, false as exact from run_counts_by_half
where half >= %(since)s and half <= %(now)s
    and half not in (half_of(%(since)s), half_of(%(day)s), half_of(%(hour)s), half_of(%(now)s))
union all
select function_id, bucket, n, case status when 'failed' then n else 0 end, false
from (values (half_of(%(since)s)), (half_of(%(day)s)), (half_of(%(hour)s)), (half_of(%(now)s))) as cut (at)
join run_counts on bucket >= cut.at and bucket < cut.at + interval '30 minutes'
where bucket >= %(since)s and bucket <= %(now)s and status in ('completed', 'failed')

-- name: counted_of_tenant
-- Part of it, for the one tenant that the user may see, whose half hours are not told apart by function.
select function_id, bucket as at, n, case status when 'failed' then n else 0 end as failed, false as exact
from run_counts_by_tenant
where bucket >= %(since)s and bucket <= %(now)s and (status in ('completed', 'failed')) is true and tenant_id = %(scope)s

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
    (select count(*) from runs where {ended} and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where})
    {long} as ended

-- name: ended_of_all
-- Predicate: ended in the while.
ended_at >= %(while)s

-- name: ended_of_tenant
-- Predicate: the same, from what was queued since an hour before, as an index on a tenant is in that order.
ended_at >= %(while)s and queued_at >= %(while)s - interval '1 hour'

-- name: long_of_tenant
-- Part of it: and of what took longer.
+ (select count(*) from runs where is_long and queued_at < %(while)s - interval '1 hour' and ended_at >= %(while)s
    and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where})
