-- A store belongs to one source: runs of two environments in one table would make every number a lie.
create table source (
    only_row    boolean primary key default true check (only_row),
    api_url     text not null,
    app_id      text not null,
    environment text not null,
    bound_at    timestamptz not null default now()
);
