-- name: everything
-- Predicate: nothing is out of reach.
true

-- name: within_reach
-- Predicate: of the one tenant that the user may see, known to be so at the view's sync.
tenant_id = %(scope)s and tenant_seq <= %(seq)s

-- name: visible
-- Predicate: the run was known at the view's sync.
first_seq <= %(seq)s

-- name: appeared
-- Predicate: not there yet at an earlier view's sync.
first_seq > %(seen)s

-- name: in_range
-- Predicate: it ended in the range or has not ended (infinity). What ended after the view's sync ended in the range.
ended_at >= %(since)s

-- name: status_ended
-- Predicate: completed, failed, cancelled (or gone) at the view's sync.
status = %(status)s and ended_seq <= %(seq)s

-- name: status_running
-- Predicate: running at the view's sync.
ended_seq > %(seq)s and running_seq <= %(seq)s

-- name: status_queued
-- Predicate: queued at the view's sync.
ended_seq > %(seq)s and running_seq > %(seq)s

-- name: of_functions
-- Predicate: of one job type.
function_id = any(%(functions)s)

-- name: of_tenant
-- Predicate: of one tenant, as far as known at the view's sync.
tenant_id = %(tenant)s and tenant_seq <= %(seq)s

-- name: of_no_tenant
-- Predicate: known to belong to no tenant.
tenant_id is null and tenant_seq <= %(seq)s

-- name: stuck
-- Predicate: active at the view's sync for longer than three times what 95 of 100 runs of its function take, a floor
-- at least. Where too few runs were traced to know what is usual, an hour counts.
(ended_seq > %(seq)s and case
    when running_seq <= %(seq)s then %(now)s - coalesce(started_at, queued_at) > make_interval(secs => greatest(
        %(run_floor_s)s, coalesce((select 3 * duration_p95_ms / 1000.0 from baselines b
            where b.function_id = runs.function_id and b.n >= %(least_runs)s), %(unknown_s)s)))
    else %(now)s - queued_at > make_interval(secs => greatest(
        %(wait_floor_s)s, coalesce((select 3 * wait_p95_ms / 1000.0 from baselines b
            where b.function_id = runs.function_id and b.n >= %(least_runs)s), %(unknown_s)s)))
    end)

-- name: stuck_count
-- How many of the active runs are stuck, by whether they run.
select running_seq <= %(seq)s as running, count(*) as n from runs
where ended_seq > %(seq)s and first_seq <= %(seq)s and {where} group by 1

-- name: stuck_of
-- Which of these runs are stuck.
select id from runs where id = any(%(ids)s) and {where}

-- name: of_group
-- Predicate: failures of one fingerprint.
fingerprint = %(group)s

-- name: text_words
-- Predicate: holds every word.
search @@ %(words)s::tsquery

-- name: text_words_or_id
-- Predicate: holds every word, or its run or event id begins like that.
(search @@ %(words)s::tsquery or id like %(prefix)s or event_id like %(prefix)s)

-- name: page
-- One page of ids, newest first. What was queued shortly before the range or in it sorts before the few
-- long ones that were queued earlier, so each half stops at its own index.
select id from (
    (select id, queued_at from runs where {where} and queued_at >= %(edge)s
        order by queued_at desc, id desc limit %(reach)s)
    union all
    (select id, queued_at from runs where {where} and queued_at < %(edge)s and is_long
        order by queued_at desc, id desc limit %(reach)s)
) as found
order by queued_at desc, id desc limit %(limit)s offset %(offset)s

-- name: page_of_all
-- One page of ids without a range, newest first.
select id from runs where {where} order by queued_at desc, id desc limit %(limit)s offset %(offset)s

-- name: count
-- How many runs, up to a cap.
select count(*) as n from (select from runs where {where} limit %(cap)s) as found

-- name: jobs_by_id
-- Everything a list shows of some runs, in the order given.
select r.id, r.function_id, r.function_name, r.status, r.queued_at, nullif(r.ended_at, 'infinity') as ended, r.is_gone,
    r.running_seq, r.ended_seq, r.event_id, r.cron_schedule, r.tenant_id, r.tenant_seq, r.error_name, r.error_message,
    r.error_stack, r.started_at, r.wait_ms, r.duration_ms, r.retry_count, r.traced_at, r.documents
from unnest(%(ids)s::text[]) with ordinality as wanted (id, place)
join runs r on r.id = wanted.id
order by place

-- name: runs_of_event
-- Other runs of the same event, newest first.
select id from runs where event_id = %(event)s and id <> %(id)s and {where} order by queued_at desc, id desc limit %(limit)s

-- name: runs_of_documents
-- Other runs about one of these documents, newest first.
select id from runs where documents && %(documents)s::text[] and id <> %(id)s and {where}
order by queued_at desc, id desc limit %(limit)s

-- name: by_hour_ended
-- Completed and failed runs since a time, by hours that end at the view's moment.
select status, date_bin('1 hour', ended_at, %(now)s) as hour, count(*) as n
from runs
where status in ('completed', 'failed') and ended_at >= %(since)s and ended_seq <= %(seq)s and first_seq <= %(seq)s
    and {where}
group by 1, 2

-- name: by_hour_active
-- Runs active at the view's sync by the hour in which they were queued; older ones count as the oldest hour.
select date_bin('1 hour', greatest(queued_at, %(oldest)s), %(now)s) as hour,
    running_seq <= %(seq)s as running, count(*) as n, min(queued_at) as oldest
from (
    select queued_at, running_seq from runs
    where ended_seq > %(seq)s and first_seq <= %(seq)s and {where} limit %(cap)s
) as active
group by 1, 2

-- name: tenants
-- Tenants that have runs: a walk from one to the next over the index, so their number of runs does not matter.
with recursive walk (tenant_id) as (
    (select tenant_id from runs where tenant_id is not null order by tenant_id limit 1)
    union all
    select (select tenant_id from runs where tenant_id > walk.tenant_id order by tenant_id limit 1)
    from walk where walk.tenant_id is not null
)
select tenant_id from walk where tenant_id is not null limit %(limit)s

-- name: functions_of_tenant
-- Functions that have runs of one tenant: what others run is not told.
select function_id as id, coalesce(max(f.name), nullif(max(r.function_name), ''), function_id) as name
from (
    select function_id, function_name from runs where tenant_id = %(scope)s order by queued_at desc limit 5000
) as r left join functions f on f.id = r.function_id
group by function_id order by 1

-- name: functions
-- Functions known by name or by their runs.
with recursive walk (function_id) as (
    (select function_id from runs order by function_id limit 1)
    union all
    select (select function_id from runs where function_id > walk.function_id order by function_id limit 1)
    from walk where walk.function_id is not null
)
select coalesce(f.id, w.function_id) as id,
    coalesce(f.name, nullif((select function_name from runs r where r.function_id = w.function_id limit 1), ''),
        w.function_id) as name
from functions f full join (select function_id from walk where function_id is not null) w on w.function_id = f.id
order by 1

-- name: nothing
-- Predicate: a search without any word finds nothing.
false
