-- name: rows_runs
-- Ended runs older than they are kept. What has not ended has no age.
select count(*) as n from runs where ended_at < %(before)s

-- name: prune_runs
-- Some of them, oldest first; the triggers take them out of the counts.
delete from runs where id = any(array(
    select id from runs where ended_at < %(before)s order by ended_at limit %(most)s for update skip locked))

-- name: rows_texts
-- Ended runs whose texts go before the run does.
select count(*) as n from runs
where ended_at > (select texts_until from retention_state) and ended_at <= %(before)s

-- name: texts_step
-- Where the next step over them ends: the runs that ended in it are some, not all.
select s.texts_until, greatest(s.texts_until, least(%(before)s, m.failed_watermark, m.other_watermark)) as last,
    (select max(ended_at) from (
        select ended_at from runs where ended_at > s.texts_until
            and ended_at <= least(%(before)s, m.failed_watermark, m.other_watermark)
        order by ended_at limit %(most)s) as step) as until
from retention_state s, mirror_state m for update of s

-- name: prune_texts
-- Error texts, words for search and documents go; name and fingerprint of the error stay, so causes keep their numbers.
update runs set error_message = case when error_message is not null then %(gone)s end, error_stack = null, search = '',
    documents = '{}'
where ended_at > %(since)s and ended_at <= %(until)s

-- name: texts_done
-- So far they are gone.
update retention_state set texts_until = %(until)s

-- name: rows_run_counts
-- Quarters that hold no run any more.
select (select count(*) from run_counts where bucket < %(bucket)s)
    + (select count(*) from run_counts_by_tenant where bucket < %(bucket)s)
    + (select count(*) from run_counts_by_tenant_day where day < %(day)s)
    + (select count(*) from run_counts_by_tenant_week where week < %(day)s - interval '6 days') as n

-- name: prune_run_counts
-- Some of them. What still counts a run stays with it.
with quarters as (
    delete from run_counts where (bucket, function_id, status) in (
        select bucket, function_id, status from run_counts where bucket < %(bucket)s and n <= 0
        order by bucket limit %(most)s for update skip locked) returning bucket, function_id
), halves as (
    delete from run_counts_by_half h
    using (select distinct half_of(bucket) as half, function_id from quarters) as q
    where (h.half, h.function_id) = (q.half, q.function_id) and h.n <= 0
), of_tenants as (
    delete from run_counts_by_tenant where (tenant_id, bucket, function_id, status) in (
        select tenant_id, bucket, function_id, status from run_counts_by_tenant where bucket < %(bucket)s and n <= 0
        order by bucket limit %(most)s for update skip locked) returning tenant_id, bucket
), halves_of_tenants as (
    delete from run_counts_by_tenant_half h
    using (select distinct tenant_id, half_of(bucket) as half from of_tenants) as q
    where (h.tenant_id, h.half) = (q.tenant_id, q.half) and h.n <= 0
), days as (
    delete from run_counts_by_tenant_day where (day, tenant_id) in (
        select day, tenant_id from run_counts_by_tenant_day where day < %(day)s and n <= 0
        order by day limit %(most)s for update skip locked) returning 1
), weeks as (
    delete from run_counts_by_tenant_week where (week, tenant_id) in (
        select week, tenant_id from run_counts_by_tenant_week where week < %(day)s - interval '6 days' and n <= 0
        order by week limit %(most)s for update skip locked) returning 1
)
select (select count(*) from quarters) + (select count(*) from of_tenants) + (select count(*) from days)
    + (select count(*) from weeks) as n

-- name: rows_health_checks
-- Results of checks older than they are kept.
select count(*) as n from health_checks where at < %(before)s

-- name: prune_health_checks
-- Some of them.
delete from health_checks where (service, at) in (
    select service, at from health_checks where at < %(before)s order by at limit %(most)s for update skip locked)

-- name: rows_health_quarters
-- Quarters of health older than they are kept.
select count(*) as n from health_parts where size = 'quarter' and bucket < %(before)s

-- name: prune_health_quarters
-- Some of them.
delete from health_parts where (size, service, bucket) in (
    select size, service, bucket from health_parts where size = 'quarter' and bucket < %(before)s
    limit %(most)s for update skip locked)

-- name: rows_health_days
-- Days of health older than they are kept.
select count(*) as n from health_parts where size = 'day' and bucket < %(before)s

-- name: prune_health_days
-- Some of them.
delete from health_parts where (size, service, bucket) in (
    select size, service, bucket from health_parts where size = 'day' and bucket < %(before)s
    limit %(most)s for update skip locked)

-- name: rows_activity
-- Rows of the activity log older than they are kept.
select count(*) as n from activity where at < %(before)s

-- name: prune_activity
-- Some of them.
delete from activity where id in (
    select id from activity where at < %(before)s order by at limit %(most)s for update skip locked)

-- name: rows_incidents
-- Incidents that closed long ago, with their notes.
select count(*) as n from incidents where closed_at < %(before)s

-- name: prune_incidents
-- Some of them.
delete from incidents where id in (
    select id from incidents where closed_at < %(before)s order by closed_at limit %(most)s for update skip locked)

-- name: rows_alerts
-- Alerts that were over long ago.
select count(*) as n from alerts where closed_at < %(before)s

-- name: prune_alerts
-- Some of them.
delete from alerts where id in (
    select id from alerts where closed_at < %(before)s order by closed_at limit %(most)s for update skip locked)

-- name: rows_letters
-- Letters that were sent or given up long ago. What waits has no age: it is given up after days, and shown till then.
select count(*) as n from alert_outbox where state <> 'waiting' and settled_at < %(before)s

-- name: prune_letters
-- Some of them.
delete from alert_outbox where id in (
    select id from alert_outbox where state <> 'waiting' and settled_at < %(before)s
    order by settled_at limit %(most)s for update skip locked)

-- name: rows_maintenance_windows
-- Maintenance that ended long ago.
select count(*) as n from maintenance_windows where ends_at < %(before)s

-- name: prune_maintenance_windows
-- Some of it.
delete from maintenance_windows where id in (
    select id from maintenance_windows where ends_at < %(before)s order by ends_at limit %(most)s for update skip locked)

-- name: rows_bulk_actions
-- Decisions about many jobs that ended long ago, with their jobs.
select count(*) as n from bulk_actions where ended_at < %(before)s

-- name: prune_bulk_actions
-- Some of them.
delete from bulk_actions where id in (
    select id from bulk_actions where ended_at < %(before)s order by ended_at limit %(most)s for update skip locked)

-- name: rows_job_actions
-- What was asked for jobs that are themselves forgotten.
select count(*) as n from job_actions a
where a.at < %(before)s and not exists (select from runs r where r.id = a.job_id)

-- name: prune_job_actions
-- Some of it.
delete from job_actions where (job_id, what) in (
    select a.job_id, a.what from job_actions a
    where a.at < %(before)s and not exists (select from runs r where r.id = a.job_id)
    order by a.at limit %(most)s for update of a skip locked)

-- name: rows_failure_marks
-- Decisions about causes that a later one replaced, or that no failure is left of.
select count(*) as n from failure_marks m where m.at < %(before)s and (
    exists (select from failure_marks l where l.fingerprint = m.fingerprint and l.id > m.id)
    or not exists (select from runs r where r.fingerprint = m.fingerprint and r.status = 'failed'))

-- name: prune_failure_marks
-- Some of them.
delete from failure_marks where id in (
    select m.id from failure_marks m where m.at < %(before)s and (
        exists (select from failure_marks l where l.fingerprint = m.fingerprint and l.id > m.id)
        or not exists (select from runs r where r.fingerprint = m.fingerprint and r.status = 'failed'))
    order by m.at limit %(most)s for update skip locked)
