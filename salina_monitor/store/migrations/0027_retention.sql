-- What the collector forgets by age is found by an index, and texts are cleared once: everything that ended before
-- `texts_until` has none any more.
create table retention_state (
    singleton   boolean primary key default true check (singleton),
    texts_until timestamptz not null default '2000-01-01 00:00:00+00'
);
insert into retention_state default values;
create index run_counts_by_tenant_by_time on run_counts_by_tenant (bucket);
create index failure_marks_by_time on failure_marks (at);
create index job_actions_by_time on job_actions (at);
create index bulk_actions_by_end on bulk_actions (ended_at) where ended_at is not null;
create index incidents_by_end on incidents (closed_at) where closed_at is not null;
