-- name: tables
-- Our tables with the columns that are written, those that others refer to before those that refer.
with recursive ours as (
    select c.oid, c.relname::text as name from pg_class c
    where c.relkind = 'r' and c.relnamespace = (select relnamespace from pg_class where oid = 'schema_migrations'::regclass)
), depth (oid, d) as (
    select oid, 0 from ours
    union all
    select k.conrelid, depth.d + 1 from depth
    join pg_constraint k on k.contype = 'f' and k.confrelid = depth.oid and k.conrelid <> k.confrelid where depth.d < 20
)
select o.name, (select max(d) from depth where depth.oid = o.oid) as d,
    (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
from ours o order by d, o.name

-- name: schema
-- The last migration that was applied.
select coalesce(max(version), 0) as version from schema_migrations

-- name: others
-- Processes of the monitor that use this database beside the one that asks.
select count(*) as n from pg_stat_activity
where datname = current_database() and application_name like 'salina-monitor%%' and application_name <> %(own)s

-- name: leases
-- Whether somebody collects or reads from Inngest now.
select coalesce((select lease_until > now() from collector_state), false)
    or coalesce((select lease_until > now() from mirror_state), false) as held

-- name: routines
-- Our functions and types, with what is needed to drop them.
select 'function' as kind, p.oid::regprocedure::text as name from pg_proc p
where p.pronamespace = (select relnamespace from pg_class where oid = 'schema_migrations'::regclass)
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
select 'type', c.oid::regclass::text from pg_class c
where c.relkind = 'c' and c.relnamespace = (select relnamespace from pg_class where oid = 'schema_migrations'::regclass)
    and not exists (select from pg_depend d where d.objid = c.reltype and d.deptype = 'e')

-- name: identities
-- Columns that number themselves.
select c.relname::text as table_name, a.attname::text as column_name,
    pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
from pg_attribute a join pg_class c on c.oid = a.attrelid
where a.attidentity <> '' and c.relkind = 'r'
    and c.relnamespace = (select relnamespace from pg_class where oid = 'schema_migrations'::regclass)

-- name: settle_mirror
-- Nobody holds what was held when the backup was made.
update mirror_state set lease_owner = null, lease_until = null, lease_wanted_at = null

-- name: settle_collector
-- The same of collecting; whoever comes next gets a new number.
update collector_state set owner = null, lease_until = null, fence = fence + 1

-- name: settle_bulk
-- Work that was under way waits for somebody to resume it.
update bulk_actions set state = 'paused', owner = null, lease_until = null,
    said = 'The store was restored from a backup while this was under way.'
where state = 'running'
