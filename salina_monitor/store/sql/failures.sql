-- name: failed
-- Part of what follows: failures of a range. Counting stops at a cap, newest first, the same for each of them.
failed as materialized (
    select fingerprint, function_id, tenant_id, tenant_seq, ended_at, retry_count, superseded_seq from runs
    where status = 'failed' and fingerprint is not null and ended_at >= %(since)s
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}{narrowed}
    order by ended_at desc limit %(cap)s
)

-- name: until
-- Predicate: before the end of a window.
ended_at < %(until)s

-- name: only
-- Predicate: of some causes.
fingerprint = any(%(only)s)

-- name: groups
-- Failures of a range by cause, most of them first.
with {failed}, of_functions as (
    select fingerprint, function_id, count(*) as n, count(*) filter (where superseded_seq <= %(seq)s) as superseded,
        sum(retry_count) as retries, max(ended_at) as last_seen
    from failed group by 1, 2
), of_tenants as (
    select fingerprint, count(*) as tenants from (
        select distinct fingerprint, tenant_id from failed where tenant_seq <= %(seq)s and tenant_id is not null
    ) as pairs group by 1
), largest as (
    select fingerprint, sum(n)::bigint as n, sum(superseded)::bigint as superseded,
        coalesce(sum(retries), 0)::bigint as retries, max(last_seen) as last_seen,
        array_agg(function_id order by function_id) as functions
    from of_functions group by 1 order by n desc, fingerprint limit %(limit)s
)
select largest.*, coalesce(of_tenants.tenants, 0) as tenants,
    (select id from runs where fingerprint = largest.fingerprint and status = 'failed'
        and ended_at = largest.last_seen and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} limit 1) as sample_id
from largest left join of_tenants using (fingerprint)
order by n desc, fingerprint

-- name: parts_of_groups
-- Who was hit by each group, most hit first (rows without a part), and how many failed in each part of the range.
with {failed}
select fingerprint, tenant_id, null::int as part, n from (
    select fingerprint, tenant_id, count(*) as n,
        row_number() over (partition by fingerprint order by count(*) desc, tenant_id) as place
    from failed where fingerprint = any(%(groups)s) group by fingerprint, tenant_id
) as ranked where place <= %(most)s
union all
select fingerprint, null, floor(extract(epoch from ended_at - %(since)s::timestamptz) / %(seconds)s)::int as part, count(*)
from failed where fingerprint = any(%(groups)s) group by 1, 3
order by fingerprint, part nulls first, n desc, tenant_id

-- name: marks_of_groups
-- The latest decision about each group.
select distinct on (fingerprint) fingerprint, kind, at, who, why, until_at, until_count, until_per_hour
from failure_marks where fingerprint = any(%(groups)s) order by fingerprint, id desc

-- name: around_groups
-- When each group was seen first, and how many came after a decision, whatever else narrows the failures.
select g.fingerprint,
    (select ended_at from runs where fingerprint = g.fingerprint and status = 'failed' and ended_seq <= %(seq)s
        and first_seq <= %(seq)s and {where} order by ended_at limit 1) as first_seen,
    case when g.marked_at is null then 0 else (
        select count(*) from runs where fingerprint = g.fingerprint and status = 'failed' and ended_at > g.marked_at
            and ended_seq <= %(seq)s and first_seq <= %(seq)s and {reach}) end as since_mark
from unnest(%(groups)s::text[], %(marked)s::timestamptz[]) as g (fingerprint, marked_at)

-- name: peaks_of_groups
-- The most that came in one hour after a decision, for decisions that end with such a rate. Hours count from the decision.
select fingerprint, max(n) as peak from (
    select g.fingerprint, count(*) as n
    from unnest(%(groups)s::text[], %(marked)s::timestamptz[], %(rated)s::bool[]) as g (fingerprint, marked_at, rated)
    join runs r on r.fingerprint = g.fingerprint and r.ended_at > g.marked_at
    where g.rated and r.status = 'failed' and r.ended_seq <= %(seq)s and r.first_seq <= %(seq)s and {reach}
    group by g.fingerprint, date_bin('1 hour', r.ended_at, g.marked_at)
) as hours group by fingerprint

-- name: add_mark
-- Write down a decision.
insert into failure_marks (fingerprint, kind, at, who, why, until_at, until_count, until_per_hour)
select %(fingerprint)s, %(kind)s, %(at)s, %(who)s, %(why)s, %(until_at)s, %(until_count)s, %(until_per_hour)s
where exists (select 1 from runs where fingerprint = %(fingerprint)s)
returning id
