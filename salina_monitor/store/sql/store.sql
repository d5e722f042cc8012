-- name: prepare_transaction
-- First statements of every transaction. `local`, because a transaction pooler hands the session to others afterwards.
select set_config('TimeZone', 'UTC', true), set_config('statement_timeout', %(statement_timeout)s, true),
    set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true);

-- name: one_moment
-- All that follows sees the same.
set transaction isolation level repeatable read, read only;

-- name: lock_schema
-- One process migrates at a time. Held to the end of the transaction, so it works through a transaction pooler.
select pg_advisory_xact_lock(7290114820251123);

-- name: limit_lock_wait
-- How long to wait for another process that is migrating.
select set_config('lock_timeout', %(lock_timeout)s, true);

-- name: schema_migrations_exists
-- Whether this database has a schema of ours already.
select to_regclass('schema_migrations') is not null as found;

-- name: create_schema_migrations
-- The list of migrations that were applied.
create table if not exists schema_migrations (
    version    integer primary key,
    name       text not null,
    applied_at timestamptz not null default now()
);

-- name: applied_migrations
-- Which migrations were applied.
select version, name from schema_migrations order by version;

-- name: record_migration
-- Note that a migration was applied.
insert into schema_migrations (version, name) values (%(version)s, %(name)s);

-- name: claim_source
-- Make the source ours if the store has none yet.
insert into source (api_url, app_id, environment)
values (%(api_url)s, %(app_id)s, %(environment)s)
on conflict (only_row) do nothing;

-- name: read_source
-- The source this store belongs to.
select api_url, app_id, environment from source;
