-- One decision about many jobs: what was asked of each and what became of it, so that the rest can go on after a fault.
create table bulk_actions (
    id          bigint generated always as identity primary key,
    key         text not null unique,
    what        text not null check (what in ('rerun', 'cancel')),
    who         text not null,
    why         text not null,
    scope       text not null,
    at          timestamptz not null,
    acting      text not null,
    address     text not null default '',
    state       text not null default 'running' check (state in ('running', 'paused', 'stopped', 'done')),
    said        text not null default '',
    owner       text,
    lease_until timestamptz,
    ended_at    timestamptz
);
comment on column bulk_actions.key is 'of the preview it was begun from: a second click begins nothing';
comment on column bulk_actions.acting is 'whose rights count: who began it, or who resumed it';

create table bulk_items (
    bulk_id bigint not null references bulk_actions (id) on delete cascade,
    place   integer not null,
    job_id  text collate "C" not null,
    state   text not null default 'waiting'
        check (state in ('waiting', 'asking', 'done', 'skipped', 'failed', 'unconfirmed')),
    said    text not null default '',
    new_id  text collate "C",
    at      timestamptz,
    primary key (bulk_id, place),
    unique (bulk_id, job_id)
);
create index bulk_items_open on bulk_items (bulk_id, place) where state = 'waiting';
