-- name: take_lease
-- Be the one that collects, if nobody is, or whoever was has not been heard of; a new owner gets a new number.
update collector_state set
    fence = fence + case when owner is distinct from %(owner)s then 1 else 0 end,
    since = case when owner is distinct from %(owner)s then now() else since end,
    owner = %(owner)s, place = %(place)s, lease_until = now() + %(lease_s)s * interval '1 second'
where owner is null or owner = %(owner)s or lease_until < now()
returning fence

-- name: hold_lease
-- Inside a writing transaction: is the number still the valid one? Nobody can take over until the transaction ends.
select fence from collector_state where owner = %(owner)s and fence = %(fence)s for update

-- name: drop_lease
-- Let somebody else collect at once.
update collector_state set owner = null, lease_until = null where owner = %(owner)s

-- name: save_cycle
-- How the last round went.
update collector_state set cycle_at = now(), cycle_ms = %(cycle_ms)s, cycles = cycles + %(cycles)s
where owner = %(owner)s and fence = %(fence)s

-- name: save_error
-- What went wrong last.
update collector_state set errors = errors + 1, error_at = now(), error_code = %(code)s, error_message = %(message)s

-- name: read_collector
-- Who collects, and how it goes.
select *, now() as store_now, coalesce(lease_until > now(), false) as held from collector_state

-- name: add_results
-- Keep results; the same one twice is one.
insert into health_checks (service, at, status, code, latency_ms, message)
select n.service, n.at, n.status, n.code, n.latency_ms, n.message
from jsonb_to_recordset(%(rows)s) as n (
    service text, at timestamptz, status text, code text, latency_ms integer, message text)
order by n.service, n.at
on conflict (service, at) do nothing

-- name: roll_up
-- Quarters or days from the results themselves: the same question gives the same rows. A result holds until the next
-- one, but no longer than its service's reach; what no result reaches was not watched.
with points as (
    select c.service, c.at, c.status, c.latency_ms,
        least(lead(c.at) over (partition by c.service order by c.at), c.at + g.reach_s * interval '1 second', %(now)s) as until
    from health_checks c join unnest(%(services)s::text[], %(reach_s)s::float8[]) as g (service, reach_s) using (service)
    where c.at >= %(since)s - %(farthest_s)s * interval '1 second' and c.at < %(until)s
), pieces as (
    select p.service, p.status, p.latency_ms, b.bucket, p.at >= b.bucket as begins,
        extract(epoch from least(p.until, b.bucket + {size}) - greatest(p.at, b.bucket)) as s
    from points p, lateral generate_series({bucket_of}(p.at), {bucket_of}(p.until), {size}) as b (bucket)
    where p.until > p.at and b.bucket < p.until and b.bucket >= %(since)s and b.bucket < %(until)s
)
insert into health_parts as h (size, service, bucket, up_s, degraded_s, down_s, n, p50_ms, p95_ms)
select %(size)s, service, bucket,
    coalesce(sum(s) filter (where status = 'healthy'), 0), coalesce(sum(s) filter (where status = 'degraded'), 0),
    coalesce(sum(s) filter (where status = 'unhealthy'), 0), count(latency_ms) filter (where begins and status <> 'unhealthy'),
    percentile_disc(0.5) within group (order by latency_ms) filter (where begins and status <> 'unhealthy'),
    percentile_disc(0.95) within group (order by latency_ms) filter (where begins and status <> 'unhealthy')
from pieces group by service, bucket
on conflict (size, service, bucket) do update set up_s = excluded.up_s, degraded_s = excluded.degraded_s,
    down_s = excluded.down_s, n = excluded.n, p50_ms = excluded.p50_ms, p95_ms = excluded.p95_ms

-- name: quarter
-- The size of a quarter of an hour.
interval '15 minutes'

-- name: day
-- The size of a day.
interval '1 day'

-- name: parts_of
-- How long each service was up, degraded and down in each part of a range.
select service, width_bucket(bucket, %(edges)s::timestamptz[]) as part, sum(up_s)::float8 as up_s,
    sum(degraded_s)::float8 as degraded_s, sum(down_s)::float8 as down_s
from health_parts where size = 'quarter' and bucket >= %(first)s and bucket < %(last)s
group by 1, 2

-- name: latency_of
-- Usual latency of each service from the results themselves, of answers only.
select service, count(*) as n, percentile_disc(0.5) within group (order by latency_ms) as p50_ms,
    percentile_disc(0.95) within group (order by latency_ms) as p95_ms
from health_checks where at >= %(first)s and at < %(last)s and status <> 'unhealthy' and latency_ms is not null
group by service

-- name: latency_of_days
-- The same over longer ranges: of the days, the one in the middle.
select service, sum(n) as n, percentile_disc(0.5) within group (order by p50_ms) as p50_ms,
    percentile_disc(0.5) within group (order by p95_ms) as p95_ms
from health_parts where size = 'day' and bucket >= %(first)s and bucket < %(last)s and p50_ms is not null
group by service

-- name: watch_read
-- How far each service's results were judged.
select service, last_at, bad, good, bad_since, is_bad from incident_watch order by service for update

-- name: results_after
-- What was found since then, oldest first. What a clock that was set back dated into the future waits for its time.
select service, at, status, code, message from health_checks
where service = %(service)s and at > %(at)s and at <= %(until)s order by at limit %(limit)s

-- name: watch_save
-- Judged up to here.
insert into incident_watch (service, last_at, bad, good, bad_since, is_bad, holds_until)
values (%(service)s, %(last_at)s, %(bad)s, %(good)s, %(bad_since)s, %(is_bad)s, %(holds_until)s)
on conflict (service) do update set last_at = excluded.last_at, bad = excluded.bad, good = excluded.good,
    bad_since = excluded.bad_since, is_bad = excluded.is_bad, holds_until = excluded.holds_until

-- name: open_incident
-- One open incident a scope.
insert into incidents (scope, opened_at, worst, code, message) values (%(scope)s, %(at)s, %(worst)s, %(code)s, %(message)s)
on conflict (scope) where closed_at is null do update set
    worst = case when excluded.worst = 'unhealthy' then 'unhealthy' else incidents.worst end,
    code = case when excluded.worst = 'unhealthy' and incidents.worst = 'degraded' then excluded.code else incidents.code end,
    message = case when excluded.worst = 'unhealthy' and incidents.worst = 'degraded' then excluded.message
        else incidents.message end
returning id

-- name: close_incident
-- It is over since then.
update incidents set closed_at = greatest(opened_at, %(at)s), unwatched = %(unwatched)s where scope = %(scope)s and closed_at is null returning id

-- name: join_network
-- Incidents of services that began together are one: the monitor's own network.
update incidents set part_of = %(id)s where closed_at is null and scope <> 'network' and part_of is null
    and opened_at >= %(since)s

-- name: leave_network
-- What is still open after the network came back is the service's own trouble.
update incidents set part_of = null where closed_at is null and part_of is not null

-- name: incidents_of
-- Incidents of a range, newest first; those that are part of another are told with it.
select i.id, i.scope, i.opened_at, i.closed_at, i.worst, i.code, i.message, i.acknowledged_at, i.acknowledged_by,
    i.unwatched, (select count(*) from incidents p where p.part_of = i.id) as parts, count(*) over () as of_all
from incidents i
where i.part_of is null and (i.closed_at is null or i.closed_at >= %(since)s)
order by (i.closed_at is null) desc, i.opened_at desc limit %(limit)s

-- name: newest_results
-- The newest result of each service, whichever process found it.
select s.service, c.at, c.status
from unnest(%(services)s::text[]) as s (service)
cross join lateral (select at, status from health_checks where service = s.service order by at desc limit 1) as c

-- name: notes_of
-- What people wrote to incidents.
select incident_id, at, who, text from incident_notes where incident_id = any(%(ids)s) order by at

-- name: acknowledge
-- Somebody looks after it.
update incidents set acknowledged_at = %(at)s, acknowledged_by = %(who)s
where id = %(id)s and acknowledged_at is null returning id

-- name: add_note
-- What somebody has to say about it.
insert into incident_notes (incident_id, at, who, text)
select id, %(at)s, %(who)s, %(text)s from incidents where id = %(id)s returning id

-- name: add_window
-- Trouble is expected then.
insert into maintenance_windows (starts_at, ends_at, scopes, why, who, created_at)
values (%(starts_at)s, %(ends_at)s, %(scopes)s, %(why)s, %(who)s, %(now)s) returning id

-- name: end_window
-- It is over, or it will not be.
update maintenance_windows set ends_at = greatest(%(now)s, starts_at + interval '1 microsecond')
where id = %(id)s and ends_at > %(now)s and starts_at <= %(now)s returning id

-- name: drop_window
-- What has not begun was never there.
delete from maintenance_windows where id = %(id)s and starts_at > %(now)s returning id

-- name: windows_under_way
-- What is expected to be in trouble at a moment.
select scopes from maintenance_windows where starts_at <= %(now)s and ends_at > %(now)s

-- name: windows_of
-- Windows that end after a moment, the earliest first.
select id, starts_at, ends_at, scopes, why, who from maintenance_windows
where ends_at > %(since)s order by starts_at limit %(limit)s
