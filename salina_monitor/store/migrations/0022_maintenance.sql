-- Times in which trouble is expected: alerts keep quiet, history does not.

create table maintenance_windows (
    id         bigint generated always as identity primary key,
    starts_at  timestamptz not null,
    ends_at    timestamptz not null check (ends_at > starts_at),
    scopes     text[] not null check (cardinality(scopes) > 0),
    why        text not null,
    who        text not null,
    created_at timestamptz not null
);
comment on column maintenance_windows.scopes is 'services, and jobs for everything that is judged of jobs';
create index maintenance_windows_by_end on maintenance_windows (ends_at);
