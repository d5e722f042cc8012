-- name: active
-- What runs and waits now, by function; from the index of active runs alone.
select function_id, running_seq <= %(seq)s as running, count(*) as n, min(queued_at) as oldest
from runs where ended_seq > %(seq)s and first_seq <= %(seq)s group by 1, 2

-- name: ended
-- What ended in the last day, by function: at most 97 quarters of each.
select function_id, status, sum(n)::bigint as n from run_counts
where bucket >= quarter_of(%(since)s) group by 1, 2

-- name: health
-- The newest result of each service.
select s.service, c.at, c.status, c.latency_ms, extract(epoch from now() - c.at)::float8 as age_s
from unnest(%(services)s::text[]) as s (service)
cross join lateral (
    select at, status, latency_ms from health_checks where service = s.service order by at desc limit 1
) as c

-- name: incidents
-- Incidents that are open; those that are part of another are told with it.
select count(*) as n from incidents where closed_at is null and part_of is null

-- name: sessions
-- Sessions that have not ended.
select count(*) as n from sessions where expires_at > %(now)s and last_seen_at > %(idle_since)s
