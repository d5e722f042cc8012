-- name: troubles
-- Incidents of services within a range, newest first. Those of the monitor's own network tell nothing about services.
-- What is open reaches as far as the last result speaks: while nobody watches, nothing falls into it.
select i.id, i.scope, i.worst, i.opened_at, i.closed_at from incidents i left join incident_watch w on w.service = i.scope
where i.scope <> 'network' and i.part_of is null and i.opened_at < %(until)s
    and coalesce(i.closed_at, w.holds_until, 'infinity') >= %(since)s
order by i.opened_at desc limit %(most)s

-- name: holds_until
-- Until when the last result of each service speaks.
select service, holds_until from incident_watch where holds_until is not null

-- name: failed_in_troubles
-- Failures of some causes within each time of trouble. Here and below each time is looked up by itself (`offset 0`), or
-- the planner would read all jobs of a cause or tenant and compare each with every time.
select t.place, r.fingerprint, count(*) as n
from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as t (since, until, place)
cross join lateral (
    select fingerprint from runs
    where fingerprint = any(%(groups)s) and status = 'failed' and ended_at >= t.since and ended_at < t.until
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} offset 0
) as r
group by 1, 2

-- name: ended_in_troubles
-- Jobs that ended within each time of trouble, good or bad, by function: short times from the jobs themselves.
select t.place, found.function_id, sum(found.n)::bigint as n
from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as t (since, until, place)
cross join lateral (
    (select function_id, 1 as n from runs
    where t.until - t.since <= interval '2 hours' and status in ('completed', 'failed')
        and ended_at >= t.since and ended_at < t.until
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} offset 0)
    union all
    (select function_id, n from {counts}
    where t.until - t.since > interval '2 hours' and (status in ('completed', 'failed')) is true
        and bucket >= t.since and bucket < t.until and {of_counts} offset 0)
) as found
group by 1, 2

-- name: ended_in_all
-- Jobs that ended in the whole range, good or bad, by function.
select function_id, coalesce(sum(n), 0)::bigint as n, coalesce(sum(n) filter (where status = 'failed'), 0)::bigint as failed
from {counts}
where bucket >= quarter_of(%(since)s) and bucket < %(until)s
    and (status in ('completed', 'failed')) is true and {of_counts}
group by 1

-- name: failures_of_troubles
-- What failed within each time of trouble, by cause, and how many tenants were hit in all.
select t.place, r.fingerprint, grouping(r.fingerprint) = 1 as whole, count(*) as n, max(r.id) as sample_id,
    count(distinct r.tenant_id) filter (where r.tenant_seq <= %(seq)s) as tenants
from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as t (since, until, place)
cross join lateral (
    select id, fingerprint, tenant_id, tenant_seq from runs
    where status = 'failed' and ended_at >= t.since and ended_at < t.until
        and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} offset 0
) as r
group by grouping sets ((t.place, r.fingerprint), (t.place))

-- name: tenants_of_troubles
-- Whom it hit, most hit first.
select place, tenant_id, n from (
    select t.place, r.tenant_id, count(*) as n,
        row_number() over (partition by t.place order by count(*) desc, r.tenant_id) as rank
    from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as t (since, until, place)
    cross join lateral (
        select tenant_id from runs
        where status = 'failed' and ended_at >= t.since and ended_at < t.until and tenant_id is not null
            and tenant_seq <= %(seq)s and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where} offset 0
    ) as r
    group by 1, 2
) as ranked where rank <= %(shown)s order by place, rank

-- name: of_all_counts
-- Predicate: numbers of everybody.
true

-- name: of_tenant_counts
-- Predicate: numbers of the one tenant that the user may see.
tenant_id = %(scope)s
