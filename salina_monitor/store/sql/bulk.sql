-- name: numbers
-- What some jobs have in common, and which of them will be skipped.
select count(distinct tenant_id) filter (where tenant_seq <= %(seq)s) as tenants,
    count(*) filter (where superseded_seq <= %(seq)s) as made_good,
    count(*) filter (where exists (select from job_actions a where a.job_id = runs.id and a.what = %(what)s)) as asked,
    array_agg(distinct function_id) as functions
from runs where id = any(%(ids)s)

-- name: tenants
-- Whose they are, most first.
select case when tenant_seq <= %(seq)s then tenant_id end as tenant_id, count(*) as n
from runs where id = any(%(ids)s) group by 1 order by n desc, 1 limit %(most)s

-- name: within_reach
-- Of these jobs, those that may be seen, in order.
select runs.id from unnest(%(ids)s::text[]) with ordinality as n (id, place) join runs on runs.id = n.id
where {where} order by place

-- name: begin
-- One bulk action a key.
insert into bulk_actions (key, what, who, why, scope, at, acting, address)
values (%(key)s, %(what)s, %(who)s, %(why)s, %(scope)s, %(at)s, %(who)s, %(address)s)
on conflict (key) do nothing returning id

-- name: begun
-- The bulk action of a key.
select id from bulk_actions where key = %(key)s

-- name: add_items
-- Its jobs, in order.
insert into bulk_items (bulk_id, place, job_id)
select %(id)s, place, job_id from unnest(%(ids)s::text[]) with ordinality as n (job_id, place)

-- name: read
-- One bulk action with the numbers of its jobs; whether anybody works on it is decided by the store's clock.
select b.*, coalesce(b.lease_until > now(), false) as worked_on, n.* from bulk_actions b, lateral (
    select count(*) as jobs, count(*) filter (where i.state = 'waiting') as waiting,
        count(*) filter (where i.state = 'asking') as asking, count(*) filter (where i.state = 'done') as done,
        count(*) filter (where i.state = 'skipped') as skipped, count(*) filter (where i.state = 'failed') as failed,
        count(*) filter (where i.state = 'unconfirmed') as unconfirmed
    from bulk_items i where i.bulk_id = b.id
) as n
where b.id = %(id)s

-- name: new_runs
-- How the runs stand that were started.
select case when r.id is null then 'not_seen' when r.ended_at = 'infinity' then 'active' else r.status end as state,
    count(*) as n
from bulk_items i left join runs r on r.id = i.new_id
where i.bulk_id = %(id)s and i.new_id is not null group by 1

-- name: items
-- Its jobs and what became of each; what went wrong first.
select i.place, i.job_id, i.state, i.said, i.new_id, i.at,
    case when i.new_id is null then null when r.id is null then 'not_seen' when r.ended_at = 'infinity' then 'active'
        else r.status end as new_state
from bulk_items i left join runs r on r.id = i.new_id
where i.bulk_id = %(id)s
order by array_position(array['unconfirmed', 'failed', 'asking', 'skipped', 'done', 'waiting'], i.state), i.place
limit %(limit)s

-- name: recent
-- The latest bulk actions.
select id from bulk_actions where %(who)s::text is null or who = %(who)s order by id desc limit %(limit)s

-- name: resume
-- It goes on, with the rights of whoever resumed it; no row when it runs or is done.
update bulk_actions set state = 'running', said = '', acting = %(who)s, address = %(address)s, ended_at = null
where id = %(id)s and (state in ('paused', 'stopped') or (state = 'running' and coalesce(lease_until < now(), true)))
returning id

-- name: stop
-- It does not go on after the job under way.
update bulk_actions set state = 'stopped', said = %(said)s where id = %(id)s and state = 'running' returning id

-- name: take
-- Become the one who works on it.
update bulk_actions set owner = %(owner)s, lease_until = now() + %(lease_s)s * interval '1 second'
where id = %(id)s and state = 'running' and (owner is null or owner = %(owner)s or lease_until < now())
returning what, why, acting, address

-- name: lost
-- Jobs that somebody asked for who never came back with the answer.
update bulk_items set state = 'unconfirmed', said = %(said)s, at = %(at)s where bulk_id = %(id)s and state = 'asking'

-- name: next
-- The next job is asked for from now on.
update bulk_items set state = 'asking', at = %(at)s where (bulk_id, place) = (
    select bulk_id, place from bulk_items where bulk_id = %(id)s and state = 'waiting'
    order by place limit 1 for update skip locked
) returning place, job_id

-- name: settle
-- What became of it.
update bulk_items set state = %(state)s, said = %(said)s, new_id = %(new_id)s, at = %(at)s
where bulk_id = %(id)s and place = %(place)s

-- name: skip_reason
-- Why a job is not asked for again in bulk.
select (select who || ' at ' || to_char(at at time zone 'UTC', 'DD Mon HH24:MI') || ' UTC' from job_actions
        where job_id = %(job_id)s and what = %(what)s) as asked,
    coalesce((select superseded_seq < 9223372036854775807 from runs where id = %(job_id)s), false) as made_good

-- name: end
-- It is over, or waits for somebody; whoever worked on it no longer does.
update bulk_actions set state = %(state)s, said = %(said)s, ended_at = %(at)s, owner = null, lease_until = null
where id = %(id)s and owner = %(owner)s and state = 'running' returning id

-- name: leave
-- Nobody works on it any more.
update bulk_actions set owner = null, lease_until = null where id = %(id)s and owner = %(owner)s
