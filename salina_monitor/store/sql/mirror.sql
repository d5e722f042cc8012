-- name: read_state
-- The one row of the mirror's state, and how much history is still to be read.
select *, now() as store_now,
    (select count(*) from backlog where done_at is null and purpose = 'fill') as fill_open,
    (select count(*) from backlog where purpose = 'fill') as fill_all,
    (select coalesce(sum(extract(epoch from until_at - from_at)), 0) from backlog where purpose = 'fill') as fill_seconds,
    (select coalesce(sum(extract(epoch from position - from_at)), 0) from backlog
        where purpose = 'fill' and done_at is null) as fill_left_seconds
from mirror_state;

-- name: take_lease
-- One sync per store: take the lease if it is free, ours, or its holder died. The store's clock decides.
update mirror_state set lease_owner = %(owner)s, lease_until = now() + %(seconds)s * interval '1 second',
    lease_wanted_at = null
where lease_owner is null or lease_owner = %(owner)s or lease_until < now()
returning lease_owner;

-- name: want_lease
-- Ask the holder, who may be reading history, to let another process go first.
update mirror_state set lease_wanted_at = now();

-- name: lease_wanted
-- Whether another process asked for the lease just now.
select lease_wanted_at > now() - interval '2 seconds' as wanted from mirror_state;

-- name: hold_lease
-- Renew the lease inside a writing transaction; no row means that another process took over.
update mirror_state set lease_until = now() + %(seconds)s * interval '1 second'
where lease_owner = %(owner)s
returning lease_owner;

-- name: drop_lease
-- Give the lease back.
update mirror_state set lease_owner = null, lease_until = null where lease_owner = %(owner)s;

-- name: next_seq
-- Number of a new sync.
update mirror_state set last_seq = last_seq + 1, attempted_at = %(now)s returning last_seq;

-- name: publish
-- The sync is complete: views opened from now on see it.
update mirror_state set visible_seq = greatest(visible_seq, %(seq)s), synced_at = %(at)s, server_at = %(server_at)s,
    error_code = null, error_message = null, error_setting = null;

-- name: publish_history
-- History was added; what is live stays as old as it was.
update mirror_state set visible_seq = greatest(visible_seq, %(seq)s);

-- name: record_error
-- Why the last attempt failed; the last truth stays.
update mirror_state set error_code = %(code)s, error_message = %(message)s, error_setting = %(setting)s,
    attempted_at = %(now)s;

-- name: record_rejected
-- Rows the parser refused: counted, one kept as a sample.
update mirror_state set rejected_rows = rejected_rows + %(count)s, rejected_sample = %(sample)s;

-- name: move_watermark_failed
-- Highest server endedAt committed for failed runs.
update mirror_state set failed_watermark = greatest(failed_watermark, %(at)s);

-- name: move_watermark_other
-- Highest server endedAt committed for completed and cancelled runs.
update mirror_state set other_watermark = greatest(other_watermark, %(at)s);

-- name: move_watermark_events
-- Newest event read, once the walk back to the watermark before it is complete.
update mirror_state set events_watermark = greatest(events_watermark, %(at)s);

-- name: mark_swept
-- When the last re-sweep was queued.
update mirror_state set swept_at = %(at)s;

-- name: upsert_runs
-- One page of the run list. Ended runs only change when the source corrects them; an active row never reopens one.
insert into runs as r (
    id, function_id, function_name, status, queued_at, ended_at, is_long, first_seq, running_seq, ended_seq,
    event_id, cron_schedule, tenant_id, tenant_seq, error_name, error_message, error_stack, documents, fingerprint, search)
select n.id, n.function_id, n.function_name, n.status, n.queued_at, coalesce(n.ended_at, 'infinity'),
    coalesce(n.ended_at, 'infinity') > n.queued_at + interval '1 hour',
    %(seq)s,
    case when n.status = 'queued' then 9223372036854775807 else %(seq)s end,
    case when n.ended_at is null then 9223372036854775807 else %(seq)s end,
    n.event_id, n.cron_schedule, e.tenant_id,
    case when e.id is not null or n.event_id is null or n.cron_schedule is not null then %(seq)s else 9223372036854775807 end,
    n.error_name, n.error_message, n.error_stack, coalesce(e.documents, '{}'), n.fingerprint,
    array_to_tsvector(n.tokens || coalesce(e.tokens, '{}'))
from jsonb_to_recordset(%(rows)s) as n (
    id text, function_id text, function_name text, status text, queued_at timestamptz, ended_at timestamptz,
    event_id text, cron_schedule text, error_name text, error_message text, error_stack text, fingerprint text,
    tokens text[])
left join events e on e.id = n.event_id
order by n.id
on conflict (id) do update set
    status = excluded.status,
    function_name = excluded.function_name,
    ended_at = excluded.ended_at,
    is_long = excluded.is_long,
    is_gone = false,
    running_seq = case when excluded.status = 'queued' then 9223372036854775807 else least(r.running_seq, %(seq)s) end,
    ended_seq = case when r.is_gone or excluded.ended_at = 'infinity' then excluded.ended_seq
        else least(r.ended_seq, excluded.ended_seq) end,
    error_name = coalesce(excluded.error_name, r.error_name),
    error_message = coalesce(excluded.error_message, r.error_message),
    error_stack = coalesce(excluded.error_stack, r.error_stack),
    fingerprint = coalesce(excluded.fingerprint, r.fingerprint),
    traced_at = case when r.ended_at = 'infinity' and excluded.ended_at <> 'infinity' then null else r.traced_at end,
    trace_tries = 0,
    search = r.search || excluded.search
where (excluded.ended_at <> 'infinity' or r.ended_at = 'infinity' or r.is_gone)
    and (r.status, r.ended_at, r.function_name, r.error_message) is distinct from
        (excluded.status, excluded.ended_at, excluded.function_name, coalesce(excluded.error_message, r.error_message));

-- name: missing_active
-- Runs active here that the source did not list among its active ones in this sync; longest unchecked first.
select r.id, count(*) over () as missing from runs r
where r.ended_seq = 9223372036854775807
    and not exists (select from unnest(%(listed)s::text[]) as l (id) where l.id = r.id)
order by r.checked_seq, r.id
limit %(limit)s;

-- name: mark_checked
-- An active run was asked for alone and still is active.
update runs set checked_seq = %(seq)s where id = %(id)s;

-- name: mark_gone
-- The source no longer knows a run that was active here, or skipped it.
update runs set status = 'unknown', is_gone = true, ended_at = %(at)s, ended_seq = %(seq)s,
    running_seq = least(running_seq, %(seq)s), is_long = %(at)s > queued_at + interval '1 hour',
    traced_at = coalesce(traced_at, now())
where id = %(id)s and ended_seq = 9223372036854775807;

-- name: upsert_events
-- Tenants, documents and words of one page of events.
insert into events (id, name, received_at, tenant_id, tokens, documents)
select n.id, n.name, n.received_at, n.tenant_id, n.tokens, n.documents
from jsonb_to_recordset(%(rows)s) as n (
    id text, name text, received_at timestamptz, tenant_id text, tokens text[], documents text[])
order by n.id
on conflict (id) do nothing;

-- name: apply_events
-- Give runs the tenant, documents and words of their event.
update runs r set tenant_id = e.tenant_id, tenant_seq = %(seq)s, documents = e.documents,
    search = r.search || array_to_tsvector(e.tokens)
from events e
where e.id = any(%(ids)s) and r.event_id = e.id and r.tenant_seq = 9223372036854775807;

-- name: supersede
-- Failures that the same function made good later: all documents of the failure, or its event once more, of the same
-- tenant. Looked for from both sides: these runs may be either. All documents of these are looked up at once. (`is true`
-- keeps the second test of the documents out of the index, which is good at the first one only.)
with these as materialized (
    select id, function_id, tenant_id, event_id, status, ended_at, documents from runs where id = any(%(ids)s)
), good as (
    select f.id from runs f
    where f.status = 'failed' and f.superseded_seq = 9223372036854775807 and f.documents <> '{}'
        and f.documents && (select array_agg(d) from these, unnest(documents) as d where status = 'completed')
        and exists (select from these made where made.status = 'completed' and made.documents @> f.documents
            and made.function_id = f.function_id and made.ended_at > f.ended_at
            and made.tenant_id is not distinct from f.tenant_id)
    union all
    select f.id from these f
    where f.status = 'failed' and f.documents <> '{}' and exists (select from runs made
        where made.documents && f.documents and (made.documents @> f.documents) is true
            and made.status = 'completed' and made.function_id = f.function_id and made.ended_at > f.ended_at
            and made.tenant_id is not distinct from f.tenant_id)
    union all
    select f.id from these made join runs f on f.event_id = made.event_id
    where made.status = 'completed' and f.status = 'failed' and f.superseded_seq = 9223372036854775807
        and f.function_id = made.function_id and f.ended_at < made.ended_at
    union all
    select f.id from these f where f.status = 'failed' and exists (select from runs made
        where made.event_id = f.event_id and made.status = 'completed' and made.function_id = f.function_id
            and made.ended_at > f.ended_at)
)
update runs set superseded_seq = %(seq)s
where status = 'failed' and superseded_seq = 9223372036854775807 and id = any(array(select id from good));

-- name: rows_known
-- How many runs the planner knows of.
select greatest(reltuples, 0)::bigint as rows from pg_class where oid = 'runs'::regclass;

-- name: count_anew
-- Statistics for the planner.
analyze runs, events;

-- name: runs_of_events
-- Runs of some events.
select id from runs where event_id = any(%(events)s);

-- name: without_fingerprint
-- Failures stored by a version that knew no fingerprints.
select id, function_id, error_name, error_message, error_stack from runs
where status = 'failed' and fingerprint is null order by ended_at desc limit %(limit)s;

-- name: set_fingerprint
-- Give one failure its fingerprint.
update runs set fingerprint = %(fingerprint)s where id = %(id)s;

-- name: oldest_without_tenant
-- Oldest run since a time whose event was not read yet.
select min(queued_at) as at from runs
where tenant_seq = 9223372036854775807 and event_id is not null and queued_at >= %(since)s;

-- name: forget_events
-- Events are only kept to meet their runs.
delete from events where received_at < %(before)s;

-- name: upsert_functions
-- The functions of the app as last seen.
insert into functions (id, name, triggers, retries, seen_at)
select n.id, n.name, n.triggers, n.retries, %(now)s
from jsonb_to_recordset(%(rows)s) as n (id text, name text, triggers text[], retries integer)
on conflict (id) do update set name = excluded.name, triggers = excluded.triggers, retries = excluded.retries,
    seen_at = excluded.seen_at;

-- name: mark_functions
-- When the functions were read last.
update mirror_state set functions_at = %(now)s;

-- name: add_backlog
-- A stretch of history to read.
insert into backlog (kind, purpose, from_at, until_at, position)
values (%(kind)s, %(purpose)s, %(from_at)s, %(until_at)s, %(until_at)s);

-- name: next_backlog
-- The stretch to read next: newest first, runs before their events.
select * from backlog where done_at is null
order by case purpose when 'sweep' then 1 else 0 end, until_at desc, case kind when 'failed' then 0 when 'other' then 1 else 2 end, id
limit 1;

-- name: move_backlog
-- Progress inside a stretch, committed with the page it stands for.
update backlog set position = greatest(from_at, least(position, %(position)s)), cursor = %(cursor)s,
    done_at = case when %(done)s then now() end
where id = %(id)s;

-- name: trim_backlog
-- Finished sweeps are not worth remembering.
delete from backlog where done_at is not null and purpose <> 'fill';

-- name: untraced_failures
-- Failed runs without a trace, newest first.
select id from runs where traced_at is null and status = 'failed' and trace_tries < 5
order by ended_at desc limit %(limit)s;

-- name: untraced_newest
-- Other runs that ended lately without a trace, newest first.
select id from runs where traced_at is null and ended_at between %(since)s and %(now)s and trace_tries < 5
order by ended_at desc limit %(limit)s;

-- name: want_trace
-- Of these runs, those whose trace is missing or of a run that has not ended.
select id from runs where id = any(%(ids)s) and (traced_at is null or ended_at = 'infinity') and trace_tries < 20;

-- name: save_trace
-- True start, wait, duration and retries of a run; the tenant from its input where no event gave it.
update runs set started_at = %(started_at)s, wait_ms = %(wait_ms)s,
    duration_ms = case
        when %(duration_ms)s::bigint is not null then %(duration_ms)s
        when ended_at < 'infinity' and not is_gone and %(started_at)s::timestamptz is not null
            then greatest(0, round(extract(epoch from ended_at - %(started_at)s::timestamptz) * 1000)) end,
    retry_count = %(retry_count)s, traced_at = %(now)s, trace_tries = 0,
    tenant_id = case when tenant_seq = 9223372036854775807 then %(tenant_id)s else tenant_id end,
    documents = case when documents = '{}' then %(documents)s::text[] else documents end,
    search = case when tenant_seq = 9223372036854775807 or documents = '{}'
        then search || array_to_tsvector(%(tokens)s::text[]) else search end,
    tenant_seq = case when tenant_seq = 9223372036854775807 then %(seq)s else tenant_seq end
where id = %(id)s;

-- name: trace_failed
-- A trace that cannot be had is tried a few times only.
update runs set trace_tries = trace_tries + 1 where id = %(id)s;

-- name: baselines_age
-- When the baselines were computed last.
select max(computed_at) as at from baselines;

-- name: compute_baselines
-- Usual wait and duration of each function, from runs whose trace was read.
insert into baselines (function_id, n, wait_p50_ms, wait_p95_ms, duration_p50_ms, duration_p95_ms, computed_at)
select function_id, count(duration_ms),
    percentile_disc(0.5) within group (order by wait_ms), percentile_disc(0.95) within group (order by wait_ms),
    percentile_disc(0.5) within group (order by duration_ms), percentile_disc(0.95) within group (order by duration_ms),
    %(now)s
from (
    select function_id, wait_ms, duration_ms from runs
    where status = 'completed' and traced_at is not null and ended_at >= %(since)s order by ended_at desc limit %(limit)s
) as traced
group by function_id
on conflict (function_id) do update set n = excluded.n, wait_p50_ms = excluded.wait_p50_ms,
    wait_p95_ms = excluded.wait_p95_ms, duration_p50_ms = excluded.duration_p50_ms,
    duration_p95_ms = excluded.duration_p95_ms, computed_at = excluded.computed_at;

-- name: all_rows
-- Everything that `sync --verify` compares, of runs that ended since a time or have not ended.
select id, function_id, status, queued_at, nullif(ended_at, 'infinity') as ended_at, error_name, error_message, is_gone
from runs where ended_at >= %(since)s;

-- name: rows_by_id
-- The same for some runs.
select id, function_id, status, queued_at, nullif(ended_at, 'infinity') as ended_at, error_name, error_message, is_gone
from runs where id = any(%(ids)s);
