-- name: until
-- Predicate: before the end of a window.
ended_at < %(until)s

-- name: only
-- Predicate: of some causes.
fingerprint = any(%(only)s)

-- name: first_failed
-- Part of `groups`: when a group was seen first, whatever the range.
(select ended_at from runs where fingerprint = largest.fingerprint and status = 'failed'
    and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} order by ended_at limit 1)

-- name: first_failed_of_search
-- The same of a search: words that most failures of a group hold are found among its first ones, and only where they are
-- not the index is asked for them, which has to find them all.
coalesce((
    select ended_at from (
        select * from runs where fingerprint = largest.fingerprint and status = 'failed' order by ended_at limit %(early)s
    ) as runs
    where ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} order by ended_at limit 1
), {first_failed})

-- name: groups
-- Failures of a range by cause, most of them first. Counting stops at a cap, newest first. All is counted in one go, by
-- part of the range and by tenant; who was hit most is not sorted out of all that were hit once, which matter only where
-- few were hit more often. (`is true` has the planner look causes up by hash, however few of them it expects.)
with failed as (
    select fingerprint, function_id, tenant_id, tenant_seq, ended_at, retry_count, superseded_seq from runs
    where status = 'failed' and fingerprint is not null and ended_at >= %(since)s
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}{narrowed}
    order by ended_at desc limit %(cap)s
), counted as materialized (
    select fingerprint, function_id, part, known_tenant, grouping(known_tenant) = 0 as by_tenant, count(*) as n,
        count(*) filter (where superseded_seq <= %(seq)s) as superseded, sum(retry_count) as retries,
        max(ended_at) as last_seen
    from failed, lateral (
        select case when tenant_seq <= %(seq)s then tenant_id end as known_tenant,
            floor(date_part('epoch', ended_at - %(since)s::timestamptz) / %(seconds)s)::int as part
    ) as told
    group by grouping sets ((fingerprint, function_id, part), (fingerprint, known_tenant))
), largest as materialized (
    select fingerprint, sum(n)::bigint as n, sum(superseded)::bigint as superseded,
        coalesce(sum(retries), 0)::bigint as retries, max(last_seen) as last_seen,
        array_agg(distinct function_id order by function_id) as functions, array_agg(array[part, n]) as trend
    from counted where not by_tenant group by 1 order by n desc, fingerprint limit %(limit)s
), hit as materialized (
    select fingerprint, count(known_tenant) as tenant_count, count(*) filter (where n > 1) as often
    from counted where by_tenant group by 1
), ranked as (
    select fingerprint, known_tenant, n,
        row_number() over (partition by fingerprint order by n desc, known_tenant) as place
    from counted
    where by_tenant and (fingerprint in (select fingerprint from largest)) is true
        and (n > 1 or fingerprint in (select fingerprint from hit where often < %(most)s))
), most_hit as (
    select fingerprint, array_agg(known_tenant order by place) as tenants, array_agg(n order by place) as tenants_n
    from ranked where place <= %(most)s group by 1
)
select largest.*, tenant_count, tenants, tenants_n, {first_failed} as first_seen,
    (select id from runs where fingerprint = largest.fingerprint and status = 'failed' and ended_at = largest.last_seen
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} limit 1) as sample_id
from largest join hit using (fingerprint) join most_hit using (fingerprint)
order by n desc, fingerprint

-- name: marks_of_groups
-- The latest decision about each group.
select distinct on (fingerprint) fingerprint, kind, at, who, why, until_at, until_count, until_per_hour
from failure_marks where fingerprint = any(%(groups)s) order by fingerprint, id desc

-- name: since_marks
-- How many came after a decision, whatever else narrows the failures.
select g.fingerprint, (
    select count(*) from runs where fingerprint = g.fingerprint and status = 'failed' and ended_at > g.marked_at
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {reach}) as n
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
