-- What the mirror remembers of Inngest.
--
-- Every write carries the number of the sync that made it (seq). A view pins one number and sees each
-- run as it was then: first_seq <= seq makes it visible, running_seq and ended_seq give its state. So
-- cards, list, pages and CSV of one view agree however many syncs commit meanwhile.
-- 9223372036854775807 stands for "not yet", ended_at = infinity for "has not ended": a range needs one comparison.

create table mirror_state (
    singleton boolean primary key default true check (singleton),
    last_seq bigint not null default 0,
    visible_seq bigint not null default 0,
    synced_at timestamptz,
    server_at timestamptz,
    attempted_at timestamptz,
    error_code text,
    error_message text,
    error_setting text,
    failed_watermark timestamptz,
    other_watermark timestamptz,
    events_watermark timestamptz,
    swept_at timestamptz,
    functions_at timestamptz,
    rejected_rows bigint not null default 0,
    rejected_sample text,
    lease_owner text,
    lease_until timestamptz,
    lease_wanted_at timestamptz
);
insert into mirror_state default values;

create table runs (
    id text collate "C" primary key,
    function_id text not null,
    function_name text not null default '',
    status text not null,
    queued_at timestamptz not null,
    ended_at timestamptz not null default 'infinity',
    is_long boolean not null,
    is_gone boolean not null default false,
    first_seq bigint not null,
    running_seq bigint not null default 9223372036854775807,
    ended_seq bigint not null default 9223372036854775807,
    event_id text collate "C",
    cron_schedule text,
    tenant_id text collate "C",
    tenant_seq bigint not null default 9223372036854775807,
    error_name text,
    error_message text,
    error_stack text,
    started_at timestamptz,
    wait_ms bigint,
    duration_ms bigint,
    retry_count integer,
    traced_at timestamptz,
    trace_tries integer not null default 0,
    checked_seq bigint not null default 0,
    search tsvector not null default ''
);
comment on column runs.is_long is 'has not ended, or took more than an hour in all: a range starting at T finds such runs apart';
comment on column runs.started_at is 'true start, from the trace; the list has none';
comment on column runs.is_gone is 'was active here but Inngest no longer knows it; ended_at is when we learned that';

create index runs_newest on runs (queued_at desc, id desc) include (first_seq, ended_at, ended_seq);
create index runs_by_status on runs (status, queued_at desc, id desc) include (first_seq, ended_at, ended_seq);
create index runs_by_function on runs (function_id, queued_at desc, id desc) include (first_seq, ended_at, ended_seq);
create index runs_by_tenant on runs (tenant_id, queued_at desc, id desc)
    include (first_seq, ended_at, ended_seq, tenant_seq);
create index runs_ended on runs (ended_at) include (first_seq, ended_seq);
create index runs_ended_by_status on runs (status, ended_at) include (first_seq, ended_seq);
create index runs_active on runs (ended_seq);
create index runs_long on runs (queued_at desc, id desc) where is_long;
create index runs_by_event on runs (event_id) where event_id is not null;
create index runs_without_tenant on runs (queued_at desc) where tenant_seq = 9223372036854775807;
create index runs_untraced on runs (ended_at desc) where traced_at is null;
create index runs_search on runs using gin (search);

create table events (
    id text collate "C" primary key,
    name text not null,
    received_at timestamptz not null,
    tenant_id text,
    tenant_tokens text[] not null default '{}'
);
create index events_by_time on events (received_at);

create table functions (
    id text collate "C" primary key,
    name text not null,
    triggers text[] not null default '{}',
    retries integer,
    seen_at timestamptz not null
);

-- Stretches of history still to be read, newest first. position moves down from until_at with every page.
create table backlog (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('failed', 'other', 'events')),
    purpose text not null check (purpose in ('fill', 'sweep', 'catch_up')),
    from_at timestamptz not null,
    until_at timestamptz not null,
    position timestamptz not null,
    cursor text,
    created_at timestamptz not null default now(),
    done_at timestamptz
);
create index backlog_open on backlog (until_at desc) where done_at is null;
