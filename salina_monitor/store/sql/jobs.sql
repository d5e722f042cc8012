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
-- Predicate: not known yet at an earlier view's sync.
first_seq > %(seen)s

-- name: ended_since
-- Predicate: had not ended yet at an earlier view's sync.
ended_seq > %(seen)s

-- name: running_since
-- Predicate: did not run yet at an earlier view's sync.
running_seq > %(seen)s

-- name: tenant_since
-- Predicate: whose it is was not known yet at an earlier view's sync.
tenant_seq > %(seen)s

-- name: in_range
-- Predicate: it ended in the range or has not ended (infinity). What ended after the view's sync ended in the range.
ended_at >= %(since)s

-- name: in_window
-- Predicate: it ended in this window; so it was queued before the window's end, from where an index can begin.
ended_at >= %(since)s and ended_at < %(until)s and queued_at < %(until)s and ended_seq <= %(seq)s

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

-- name: of_function
-- Predicate: of one function, so that an index on it is in the list's order.
function_id = %(function)s

-- name: functions_with_runs
-- Which of these functions have any run.
select f.id from unnest(%(functions)s::text[]) as f (id) where exists (select from runs where function_id = f.id)

-- name: of_tenant
-- Predicate: of one tenant, as far as known at the view's sync.
tenant_id = %(tenant)s and tenant_seq <= %(seq)s

-- name: of_no_tenant
-- Predicate: known to belong to no tenant.
tenant_id is null and tenant_seq <= %(seq)s

-- name: stuck
-- Predicate: active at the view's sync for longer than three times what 95 of 100 runs of its function take, a floor
-- at least. Where too few runs were traced to know what is usual, an hour counts. What is usual of all functions is read
-- once, and not again for each run.
(ended_seq > %(seq)s and case
    when running_seq <= %(seq)s then %(now)s - coalesce(started_at, queued_at) > make_interval(secs => greatest(
        %(run_floor_s)s, coalesce(((select jsonb_object_agg(b.function_id, 3 * b.duration_p95_ms / 1000.0) from baselines b
            where b.n >= %(least_runs)s) ->> function_id)::float8, %(unknown_s)s)))
    else %(now)s - queued_at > make_interval(secs => greatest(
        %(wait_floor_s)s, coalesce(((select jsonb_object_agg(b.function_id, 3 * b.wait_p95_ms / 1000.0) from baselines b
            where b.n >= %(least_runs)s) ->> function_id)::float8, %(unknown_s)s)))
    end)

-- name: stuck_count
-- How many of the active runs are stuck, by whether they run, where those above were cut. Few are active as a rule, which
-- the planner cannot know: `offset 0`.
select running_seq <= %(seq)s as running, count(*) as n
from (select * from runs where ended_seq > %(seq)s and first_seq <= %(seq)s offset 0) as runs
where {where} group by 1

-- name: stuck_of
-- Which of these runs are stuck.
select id from runs where id = any(%(ids)s) and {where}

-- name: of_group
-- Predicate: failures of one fingerprint.
fingerprint = %(group)s and status = 'failed'

-- name: text_words
-- Predicate: holds every word.
search @@ %(words)s::tsquery

-- name: text_words_or_id
-- Predicate: holds a word, or its run or event id begins like that. Once for each such word of a search.
(search @@ %(words_{place})s::tsquery or id like %(prefix_{place})s or event_id like %(prefix_{place})s)

-- name: text_rest
-- Predicate: holds these words too. Nearly everything does, so they are looked up in what the rarer words found, and not
-- in the index: the empty vector keeps it from being asked.
(search || ''::tsvector) @@ %(rest)s::tsquery

-- name: expected
-- How many runs the planner expects to hold a word; nothing is read.
explain (format json) select from runs where {where} and search @@ %(word)s::tsquery

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

-- name: page_of_newest
-- One page of ids, newest first, as far as the newest runs hold it: of what is frequent they mostly do, while the planner,
-- who takes words that always come together for a rare chance, would look all of it up and sort it.
select id from (
    select * from runs order by queued_at desc, id desc limit %(newest)s
) as runs where {where} order by queued_at desc, id desc limit %(limit)s offset %(offset)s

-- name: count
-- How many runs of a range, up to a cap; in two halves for the same reason as the page.
select count(*) as n from (
    select from (
        (select from runs where {where} and queued_at >= %(edge)s limit %(cap)s)
        union all
        (select from runs where {where} and queued_at < %(edge)s and is_long limit %(cap)s)
    ) as halves limit %(cap)s
) as found

-- name: count_of_all
-- How many runs without a range, up to a cap.
select count(*) as n from (select from runs where {where} limit %(cap)s) as found

-- name: search
-- How many runs a search finds, up to a cap, and one page of them: what was found is sorted, where it is less than the cap.
with found as materialized (select id, queued_at from runs where {where} limit %(cap)s)
select (select count(*) from found) as n, array(
    select id from found order by queued_at desc, id desc limit %(limit)s offset %(offset)s
) as ids

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
-- Other runs about one of these documents, newest first. Few are found by document and then sorted: a walk from the
-- newest back to an old document would read all that came since. Of what nearly every run is about, the walk is short.
with few as materialized (
    select id, queued_at from runs where documents && %(documents)s::text[] and id <> %(id)s and {where} limit %(few)s + 1
)
select id from (
    select id, queued_at from few where (select count(*) from few) <= %(few)s
    union all
    (select id, queued_at from runs
        where (select count(*) from few) > %(few)s and documents && %(documents)s::text[] and id <> %(id)s and {where}
        order by queued_at desc, id desc limit %(limit)s)
) as found
order by queued_at desc, id desc limit %(limit)s

-- name: made_good
-- The first success of the same function for a failure's event, or for all its documents and tenant, after it.
-- The same rule as `supersede` of the mirror, which counts; this one names the job.
with later as materialized (
    select id, ended_at from runs
    where event_id = %(event)s and function_id = %(function)s and status = 'completed' and ended_at > %(ended)s
        and ended_seq <= %(seq)s and {where}
    union all
    (select id, ended_at from runs
        where documents && %(documents)s::text[] and (documents @> %(documents)s::text[]) is true
            and function_id = %(function)s and status = 'completed' and ended_at > %(ended)s
            and tenant_id is not distinct from %(tenant)s and ended_seq <= %(seq)s and {where}
        limit %(few)s)
)
select id from later order by ended_at, id limit 1

-- name: by_hour_ended
-- Completed and failed runs since a time, by hours that are counted back from the view's moment. Whole quarters of an
-- hour as they were counted, less what the view cannot know yet; quarters that an edge cuts (where numbers must be exact)
-- run by run.
-- `is true` keeps the status out of the index's condition: PostgreSQL 18 takes it for costly there, and would read the
-- quarters of all tenants for those of one.
select status, hour, sum(n)::bigint as n from (
    select status, date_bin('1 hour', bucket + interval '450 seconds', %(now)s) as hour, n
    from {counts}
    where bucket >= %(since)s and bucket < %(quarter)s and bucket <> all(%(cut)s)
        and (status in ('completed', 'failed')) is true and {counted}
    union all
    select status, date_bin('1 hour', quarter_of(ended_at) + interval '450 seconds', %(now)s), -1
    from runs
    where ended_seq > %(seq)s and ended_seq < 9223372036854775807 and ended_at >= %(since)s and ended_at < %(quarter)s
        and quarter_of(ended_at) <> all(%(cut)s) and status in ('completed', 'failed') and {counted}
    {known_later}
    {run_by_run}
) as counted group by 1, 2

-- name: run_by_run
-- Part of it, once for each quarter that an edge cuts.
union all
select status, date_bin('1 hour', ended_at, %(now)s), 1 from runs
where ended_at >= %(begin_{piece})s and ended_at < %(end_{piece})s and status in ('completed', 'failed')
    and ended_seq <= %(seq)s and first_seq <= %(seq)s and {where}

-- name: known_later
-- Part of it: runs of which it became known only after the view whose they are.
union all
select status, date_bin('1 hour', quarter_of(ended_at) + interval '450 seconds', %(now)s), -1
from runs
where tenant_seq > %(seq)s and tenant_seq < 9223372036854775807 and tenant_id = %(scope)s and ended_seq <= %(seq)s
    and ended_at >= %(since)s and ended_at < %(quarter)s and quarter_of(ended_at) <> all(%(cut)s)
    and status in ('completed', 'failed')

-- name: of_scope
-- Predicate: of the one tenant that the user may see, whenever that became known.
tenant_id = %(scope)s

-- name: by_hour_active
-- Runs active at the view's sync, up to a cap, by the hour in which they were queued, and how many of them are stuck; older
-- ones count as the oldest hour.
select date_bin('1 hour', greatest(queued_at, %(oldest)s), %(now)s) as hour,
    running_seq <= %(seq)s as running, count(*) as n, min(queued_at) as oldest, count(*) filter (where {stuck}) as stuck
from (
    select function_id, queued_at, started_at, running_seq, ended_seq from runs
    where ended_seq > %(seq)s and first_seq <= %(seq)s and {where} limit %(cap)s
) as runs
group by 1, 2

-- name: oldest_queued
-- Since when the oldest run waits that was queued at the view's sync, where the runs above were cut.
select min(queued_at) as at from runs
where ended_seq > %(seq)s and running_seq > %(seq)s and first_seq <= %(seq)s and {where}

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

-- name: function_names
-- Names of the functions the source has told.
select id, name from functions

-- name: nothing
-- Predicate: a search without any word finds nothing.
false
