-- name: groups
-- Failures of a range by cause, most of them first. Counting stops at a cap, newest first.
with failed as (
    select fingerprint, function_id, tenant_id, tenant_seq, ended_at, retry_count, superseded_seq, id from runs
    where status = 'failed' and fingerprint is not null and ended_at >= %(since)s
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}
    order by ended_at desc limit %(cap)s
)
select fingerprint, count(*) as n, count(*) filter (where superseded_seq <= %(seq)s) as superseded,
    coalesce(sum(retry_count), 0) as retries, max(ended_at) as last_seen,
    count(distinct tenant_id) filter (where tenant_seq <= %(seq)s) as tenants,
    array_agg(distinct function_id) as functions, (array_agg(id order by ended_at desc))[1] as sample_id
from failed group by fingerprint
order by n desc, fingerprint limit %(limit)s

-- name: tenants_of_groups
-- Who was hit by each group, most hit first.
select fingerprint, tenant_id, n from (
    select fingerprint, tenant_id, count(*) as n,
        row_number() over (partition by fingerprint order by count(*) desc, tenant_id) as place
    from runs
    where fingerprint = any(%(groups)s) and status = 'failed' and ended_at >= %(since)s
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}
    group by fingerprint, tenant_id
) as ranked where place <= %(most)s order by fingerprint, place

-- name: trend_of_groups
-- How many failed in each part of the range.
select fingerprint, floor(extract(epoch from ended_at - %(since)s::timestamptz) / %(seconds)s)::int as part, count(*) as n
from runs
where fingerprint = any(%(groups)s) and status = 'failed' and ended_at >= %(since)s
    and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}
group by 1, 2

-- name: marks_of_groups
-- The latest decision about each group.
select distinct on (fingerprint) fingerprint, kind, at, who, why, until_at, until_count, count_then
from failure_marks where fingerprint = any(%(groups)s) order by fingerprint, id desc

-- name: totals_of_groups
-- All that is remembered of each group, and what came after a decision.
select g.fingerprint, min(r.ended_at) as first_seen, count(*) as total,
    count(*) filter (where r.ended_at > coalesce(g.marked_at, 'infinity')) as since_mark
from unnest(%(groups)s::text[], %(marked)s::timestamptz[]) as g (fingerprint, marked_at)
join runs r on r.fingerprint = g.fingerprint
where r.status = 'failed' and r.ended_seq <= %(seq)s and r.first_seq <= %(seq)s and {where}
group by g.fingerprint

-- name: add_mark
-- Write down a decision.
insert into failure_marks (fingerprint, kind, at, who, why, until_at, until_count, count_then)
select %(fingerprint)s, %(kind)s, %(at)s, %(who)s, %(why)s, %(until_at)s, %(until_count)s,
    (select count(*) from runs where fingerprint = %(fingerprint)s and status = 'failed')
where exists (select 1 from runs where fingerprint = %(fingerprint)s)
returning id
