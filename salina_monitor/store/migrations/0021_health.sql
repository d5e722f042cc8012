-- What the checks found, kept: each result, then quarters of an hour and days. And who is the one that collects.

create table collector_state (
    singleton     boolean primary key default true check (singleton),
    owner         text,
    place         text not null default '',
    fence         bigint not null default 0,
    lease_until   timestamptz,
    since         timestamptz,
    cycle_at      timestamptz,
    cycle_ms      integer,
    cycles        bigint not null default 0,
    errors        bigint not null default 0,
    error_at      timestamptz,
    error_code    text,
    error_message text
);
insert into collector_state default values;
comment on column collector_state.fence is 'rises with every new owner: who holds an older number may write nothing any more';

create table health_checks (
    service    text not null,
    at         timestamptz not null,
    status     text not null check (status in ('healthy', 'degraded', 'unhealthy')),
    code       text not null,
    latency_ms integer,
    message    text not null default '',
    primary key (service, at)
);
create index health_checks_by_time on health_checks (at);

-- Seconds of a part in which a service was known to be up, degraded or down. What is missing was not watched.
create table health_parts (
    size       text not null check (size in ('quarter', 'day')),
    service    text not null,
    bucket     timestamptz not null,
    up_s       real not null,
    degraded_s real not null,
    down_s     real not null,
    n          integer not null,
    p50_ms     integer,
    p95_ms     integer,
    primary key (size, service, bucket)
);

create table incidents (
    id              bigint generated always as identity primary key,
    scope           text not null,
    opened_at       timestamptz not null,
    closed_at       timestamptz,
    worst           text not null check (worst in ('degraded', 'unhealthy')),
    code            text not null,
    message         text not null default '',
    part_of         bigint references incidents (id) on delete cascade,
    acknowledged_at timestamptz,
    acknowledged_by text
);
comment on column incidents.scope is 'a service, or network: all services at once';
create index incidents_by_time on incidents (opened_at desc);
create unique index incidents_open on incidents (scope) where closed_at is null;

create table incident_notes (
    id          bigint generated always as identity primary key,
    incident_id bigint not null references incidents (id) on delete cascade,
    at          timestamptz not null,
    who         text not null,
    text        text not null
);
create index incident_notes_by_incident on incident_notes (incident_id, at);

-- How far the judge of incidents has read each service's results, and what it is counting.
create table incident_watch (
    service   text primary key,
    last_at   timestamptz not null,
    bad       integer not null default 0,
    good      integer not null default 0,
    bad_since timestamptz,
    is_bad    boolean not null default false
);
